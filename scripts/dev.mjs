// Runs the Worker alone on this machine, and builds it again when a source or the policy changes. Arguments go to
// `wrangler dev`.

import { WATCHED, build } from "./build.mjs";
import { run, tell } from "./run.mjs";

await tell(() => {
  build();
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {}); // wrangler gets it too, and ends in order.
  process.exitCode = run("wrangler", ["dev", ...process.argv.slice(2)], { env: WATCHED }) ? 0 : 1;
});
