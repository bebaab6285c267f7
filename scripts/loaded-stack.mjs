// The built stack, for measuring: the origin with accounts for everybody, and the Worker on workerd in front of it, with the
// demo's policy. Both are release builds, and both end with what is measured.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEMO, build } from "./build.mjs";
import { buildPrograms, program, seed } from "./programs.mjs";
import { ROOT, runBeside, startUntil } from "./run.mjs";
import { setup } from "./setup.mjs";

/** Of each user: a list that has been kept for some years, so that searches and exports have something to do. */
const TASKS = 2_000;

const WORKER = join(ROOT, "target", "measured-worker");

/** Builds it all, starts it, hands `measure` the two addresses, and ends it again. */
export async function withStack({ users }, measure) {
  setup();
  buildPrograms();
  build("--config", DEMO);
  // It needs what the build has installed.
  const { bundle, policyFor, startWorkerd } = await import("./workerd.mjs");
  bundle(WORKER);
  const folder = mkdtempSync(join(tmpdir(), "bouncer-measured-"));
  // What runs in the background is ended with this process; a signal alone would end only this.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]]) process.once(signal, () => process.exit(128 + number));
  const database = join(folder, "tasks.sqlite");
  const JWT_SECRET = randomBytes(32).toString("hex");
  const running = [];
  try {
    seed(database, "--users", users, "--tasks", TASKS);
    const serve = ["serve", "--listen", "127.0.0.1:0", "--database", database, "--debug-routes"];
    const origin = await startUntil(program("origin-api"), serve, /^listening on (\S+)/, { env: { JWT_SECRET } });
    running.push(origin);
    const policy = policyFor(origin.found);
    const bouncer = await startWorkerd({ worker: WORKER, folder, policy, secrets: { JWT_SECRET } });
    running.push(bouncer);
    return await measure({ origin: origin.found, bouncer: bouncer.url });
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the load tester with its output shown. Resolves to whether it succeeded. */
export const loadtest = (...args) => runBeside(program("loadtest"), args.map(String));
