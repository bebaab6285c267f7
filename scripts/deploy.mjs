// Uploads the Worker, once the policy is right and the wasm is built. Arguments go to `wrangler deploy`.

import { build, configArgs, configEnv } from "./build.mjs";
import { run, tell } from "./run.mjs";

await tell(() => {
  const args = process.argv.slice(2);
  build(...configArgs(args), "--deploy");
  process.exitCode = run("wrangler", ["deploy", ...args], { env: configEnv(args) }) ? 0 : 1;
});
