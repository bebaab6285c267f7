// Runs the Worker alone on this machine, and builds it again when a source or the policy changes. Arguments go to
// `wrangler dev`.

import { spawn } from "node:child_process";
import { WATCHED, build } from "./build.mjs";
import { ENV, ROOT, tell } from "./run.mjs";

await tell(() => {
  build();
  const args = ["dev", ...process.argv.slice(2)];
  const wrangler = spawn("wrangler", args, { cwd: ROOT, env: { ...ENV, ...WATCHED }, stdio: "inherit" });
  // A terminal's Ctrl-C reaches wrangler by itself; what is sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => wrangler.kill());
  wrangler.on("exit", (code) => (process.exitCode = code ?? 0));
});
