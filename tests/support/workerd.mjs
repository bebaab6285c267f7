// The Worker on workerd alone, for tests of what it does to the bytes that pass through it.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWorkerd as start } from "../../scripts/workerd.mjs";
import { BUILT_WORKER, SECRET, temporary } from "./stack.mjs";

/** Starts it under a policy; `origin` as in scripts/workerd.mjs. `prelude` is run before the Worker's own module. */
export async function startWorkerd(policy, { origin, prelude } = {}) {
  const folder = temporary();
  const worker = prelude === undefined ? BUILT_WORKER : withPrelude(prelude);
  const server = await start({ worker, folder, policy, secrets: { JWT_SECRET: SECRET }, origin });
  return {
    ...server,
    async stop() {
      await server.stop();
      for (const made of [folder, worker]) if (made !== BUILT_WORKER) rmSync(made, { recursive: true });
    },
  };
}

function withPrelude(prelude) {
  const folder = temporary();
  cpSync(BUILT_WORKER, folder, { recursive: true });
  const entry = join(folder, "entry.js");
  writeFileSync(entry, `${prelude}\n${readFileSync(entry, "utf8")}`);
  return folder;
}
