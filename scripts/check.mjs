// Checks the policy in wrangler.toml and shows what it means.

import { checkPolicy } from "./build.mjs";

process.exitCode = checkPolicy() ? 0 : 1;
