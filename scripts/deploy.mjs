// Uploads the Worker, once the policy is right and the wasm is built. Arguments go to `wrangler deploy`.

import { build } from "./build.mjs";
import { run, tell } from "./run.mjs";

await tell(() => {
  build();
  process.exitCode = run("wrangler", ["deploy", ...process.argv.slice(2)]) ? 0 : 1;
});
