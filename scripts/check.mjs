// Checks the policy of a configuration and shows what it means, or what happens to one request under it.

import { spawnSync } from "node:child_process";
import { buildCheck, program } from "./programs.mjs";
import { ENV, ROOT, tell } from "./run.mjs";

await tell(() => {
  buildCheck();
  process.exitCode = spawnSync(program("bouncer-check"), process.argv.slice(2), { cwd: ROOT, env: ENV, stdio: "inherit" }).status ?? 1;
});
