// Checks the policy in wrangler.toml and shows what it means, or what happens to one request under it.

import { CHECK } from "./build.mjs";
import { run } from "./run.mjs";

process.exitCode = run("cargo", ["run", ...CHECK, "--", ...process.argv.slice(2)]) ? 0 : 1;
