// The built stack, for measuring: the origin with accounts for everybody, and the Worker on workerd in front of it, with the
// policy of wrangler.toml. Both are release builds, and both end with what is measured.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { build } from "./build.mjs";
import { Advice, ROOT, run, runBeside, runQuietly, start } from "./run.mjs";
import { CONFIG, startWorkerd } from "./workerd.mjs";

/** Of each user: a list that has been kept for some years, so that searches and exports have something to do. */
const TASKS = 2_000;

const WORKER = join(ROOT, "target", "measured-worker");
const program = (name) => join(ROOT, "target", "release", name);

/** Builds it all, starts it, hands `measure` the two addresses, and ends it again. */
export async function withStack({ users }, measure) {
  build();
  if (!run("cargo", ["build", "--quiet", "--release", "-p", "origin-api", "-p", "loadtest"])) {
    throw new Advice("The origin API or the load tester did not build; the compiler says why above.");
  }
  rmSync(WORKER, { recursive: true, force: true });
  if (!runQuietly("wrangler", ["deploy", "--dry-run", "--outdir", WORKER])) {
    throw new Advice("The Worker could not be bundled; wrangler says why above.");
  }
  const folder = mkdtempSync(join(tmpdir(), "bouncer-measured-"));
  const database = join(folder, "tasks.sqlite");
  const JWT_SECRET = randomBytes(32).toString("hex");
  const running = [];
  try {
    if (!runQuietly(program("origin-api"), ["seed", "--database", database, "--users", String(users), "--tasks", String(TASKS)])) {
      throw new Advice("The demo database could not be made; the origin says why above.");
    }
    const origin = await startOrigin(database, JWT_SECRET);
    running.push(origin);
    const policy = { ...readConfig({ config: CONFIG }).vars.BOUNCER, origin: origin.url };
    const bouncer = await startWorkerd({ worker: WORKER, folder, policy, secrets: { JWT_SECRET } });
    running.push(bouncer);
    return await measure({ origin: origin.url, bouncer: bouncer.url });
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOrigin(database, JWT_SECRET) {
  let found;
  const address = new Promise((resolve) => (found = resolve));
  const onLine = (line) => found(line.match(/^listening on (\S+)/)?.[1]);
  const args = ["serve", "--listen", "127.0.0.1:0", "--database", database, "--debug-routes"];
  const server = start(program("origin-api"), args, { env: { JWT_SECRET }, onLine });
  const url = await Promise.race([address, server.ended]);
  if (!url?.startsWith("http")) throw new Advice(`The origin did not start: ${server.output()}`);
  return { ...server, url };
}

/** Runs the load tester with its output shown. Resolves to whether it succeeded. */
export const loadtest = (...args) => runBeside(program("loadtest"), args.map(String));
