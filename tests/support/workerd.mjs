// The Worker on workerd alone, for tests of what it does to the bytes that pass through it.

import { rmSync } from "node:fs";
import { startWorkerd as start } from "../../scripts/workerd.mjs";
import { BUILT_WORKER, SECRET, temporary } from "./stack.mjs";

/** Starts it under a policy; `origin` as in scripts/workerd.mjs. */
export async function startWorkerd(policy, { origin } = {}) {
  const folder = temporary();
  const server = await start({ worker: BUILT_WORKER, folder, policy, secrets: { JWT_SECRET: SECRET }, origin });
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
