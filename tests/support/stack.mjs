// The real parts, started for a test: the origin as a process with a SQLite file of its own, and the Worker with its
// objects on workerd, from the repository's wrangler.toml.

import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestHarness, unstable_readConfig as readConfig } from "wrangler";
import { ROOT, startUntil } from "../../scripts/run.mjs";
import { CONFIG, policyFor } from "../../scripts/workerd.mjs";

export { policyFor as policy };

export const SECRET = "an end-to-end secret of sixty-four bytes or more, as HS512 needs one";

const ORIGIN_API = join(ROOT, "target", "debug", "origin-api");
export const BUILT_WORKER = join(ROOT, "target", "e2e-worker");

export const temporary = () => mkdtempSync(join(tmpdir(), "bouncer-test-"));

/** Starts a server in the background and waits for the line in which it says its address. */
async function startServer(folder, program, args, env, ready, said) {
  const { found, kill, stop } = await startUntil(program, args, ready, { env, onLine: said });
  return {
    url: found,
    kill,
    async stop() {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return String(port);
}

/** Starts the origin on a free port, with so many of the demo's accounts. */
export function startOrigin({ users = 0 } = {}) {
  const folder = temporary();
  if (users > 0) execFileSync(ORIGIN_API, ["seed", "--database", join(folder, "tasks.sqlite"), "--users", String(users)]);
  const args = ["serve", "--listen", "127.0.0.1:0", "--database", join(folder, "tasks.sqlite"), "--debug-routes"];
  return startServer(folder, ORIGIN_API, args, { JWT_SECRET: SECRET }, /^listening on (\S+)/);
}

/**
 * Starts the Worker under a policy as `wrangler dev` does. Here requests to the origin leave from workerd itself; the
 * test harness sends them from Node, which answers for an origin that is down and rewrites some of the rest. What the
 * objects save is in `disk`, if that is given, and outlives the Worker. `said` is given every line of the log.
 */
export async function startDev(BOUNCER, { disk, said } = {}) {
  const { name, compatibility_date, compatibility_flags, durable_objects, migrations } = readConfig({ config: CONFIG });
  const folder = temporary();
  const main = join(BUILT_WORKER, "entry.js");
  const shared = { name, main, no_bundle: true, compatibility_date, compatibility_flags, durable_objects, migrations };
  writeFileSync(join(folder, "wrangler.json"), JSON.stringify({ ...shared, vars: { BOUNCER } }));
  writeFileSync(join(folder, ".dev.vars"), `JWT_SECRET="${SECRET}"\n`);
  const persisted = ["--persist-to", disk ?? join(folder, "disk")];
  // A port that was free a moment ago may be taken by then.
  for (let tries = 1; ; tries += 1) {
    const where = ["--ip", "127.0.0.1", "--port", await freePort(), "--inspector-port", await freePort()];
    const args = ["dev", "--config", join(folder, "wrangler.json"), ...where, ...persisted];
    try {
      const server = await startServer(folder, "wrangler", args, {}, /Ready on (\S+)/, said);
      return { ...server, fetch: client(server.url) };
    } catch (error) {
      if (tries === 3 || !error.message.includes("already in use")) throw error;
    }
  }
}

/** Sends requests as a client at `address`, with `token` if it has one. */
function client(url) {
  return (path, { address = "192.0.2.1", token, headers = {}, ...init } = {}) => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return fetch(new URL(path, url), {
      redirect: "manual",
      ...init,
      headers: { "CF-Connecting-IP": address, ...authorization, ...headers },
    });
  };
}

/**
 * Starts the Worker under a policy in wrangler's test harness, which can look into its objects. With `main`, another
 * module is the Worker: the product wired otherwise, to watch it or to break it.
 */
export async function startBouncer(BOUNCER, { main } = {}) {
  const { name, compatibility_date, compatibility_flags, durable_objects, migrations } = readConfig({ config: CONFIG });
  const wired = { name, main, compatibility_date, compatibility_flags, durable_objects, migrations };
  const worker = main
    ? { config: { ...wired, vars: { BOUNCER } }, secrets: { JWT_SECRET: SECRET } }
    : { configPath: CONFIG, prebuiltWorkerDir: BUILT_WORKER, vars: { BOUNCER }, secrets: { JWT_SECRET: SECRET } };
  const harness = createTestHarness({ workers: [worker] });
  const { url } = await harness.listen();
  return {
    url,
    worker: harness.getWorker(),
    logs: () => harness.getLogs(),
    stop: () => harness.close(),
    fetch: client(url),
  };
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as the origin signs them, or wrong in whatever way a test asks for. */
export function token(sub, { header = {}, secret = SECRET, hash = "sha256", ...claims } = {}) {
  const now_s = Math.floor(Date.now() / 1000);
  const body = { sub, name: sub, iat: now_s, exp: now_s + 3600, ...claims };
  const signed = `${base64url({ alg: "HS256", typ: "JWT", ...header })}.${base64url(body)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}

/** The stamp of a response, by name; a header that is not there is null. */
export function stampOf(response) {
  const names = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"];
  return Object.fromEntries(names.map((name) => [name, response.headers.get(name)]));
}

/** Reads a response to its end, so that its connection is free, and gives it back. */
export async function whole(response) {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a fixed window of this length has at least `needed_ms` left, so that a test sees one window only. */
export async function roomInWindow(window_ms, needed_ms) {
  const left_ms = window_ms - (Date.now() % window_ms);
  if (left_ms < needed_ms) await sleep(left_ms + 50);
}
