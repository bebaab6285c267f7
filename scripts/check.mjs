// Checks the policy in wrangler.toml and shows what it means, or what happens to one request under it.

import { checkPolicy } from "./build.mjs";

process.exitCode = checkPolicy(...process.argv.slice(2)) ? 0 : 1;
