// The Worker with objects that fail on request, before an origin that answers as it is asked to.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startHttpServer } from "./http-server.mjs";
import { policy, sleep, startBouncer, token, whole } from "./stack.mjs";

const FAULTY = fileURLToPath(new URL("faulty-entry.mjs", import.meta.url));
export const TIMEOUT_MS = 300;

/** An origin that answers with the status in the path; under `/wait` and with `?wait`, when it is told to. */
export async function startStatusOrigin() {
  let hits = 0;
  const waiting = [];
  const server = await startHttpServer((request, response) => {
    hits += 1;
    const [, action, status] = request.url.match(/^\/([\w-]+)\/(\d+)/) ?? [];
    response.statusCode = Number(status ?? 200);
    if (action === "wait" || request.url.endsWith("?wait")) waiting.push(() => response.end());
    else response.end();
  });
  return {
    ...server,
    hits: () => hits,
    waiting,
    release: () => waiting.splice(0).forEach((end) => end()),
  };
}

/** Nothing comes back in the time of a test. */
export const bucket = { algorithm: "token-bucket" };

/** A rule for all below `/NAME/`: two a day for an address, unless it says more. */
export const rule = (name, more) => ({ name, match: [`* /${name}/**`], key: "ip", limit: "2/day", ...bucket, ...more });

/** Starts it under these rules and the rule `local`, with what tests need to ask it and to break it. */
export async function startFaulty(rules, changes = {}) {
  const origin = await startStatusOrigin();
  const all = [rule("local", { on_error: "local" }), ...rules];
  const bouncer = await startBouncer(policy(origin.url, { rules: all, timeout_ms: TIMEOUT_MS, ...changes }), { main: FAULTY });
  let clients = 0;

  const somewhere = () => ({ address: `198.51.${Math.floor(clients / 200)}.${1 + (clients++ % 200)}` });
  const get = async (path, client) => whole(await bouncer.fetch(path, client));
  const fail = (object, how) => get(`/-/fault/${encodeURIComponent(object)}`, { method: "POST", body: how });
  const statuses = async (count, path, client) => {
    const found = [];
    for (let index = 0; index < count; index += 1) found.push((await get(path, client)).status);
    return found;
  };
  /** The reports in the log, as objects. */
  const reports = (event) =>
    bouncer.logs().map(({ message }) => message).filter((line) => line.startsWith(`{"event":"${event}"`)).map((line) => JSON.parse(line));

  /** Waits until the log has room for lines again and has told how many it left out before. */
  async function calmLog() {
    await sleep(1_100);
    await statuses(3, "/local/200", somewhere());
    await sleep(1_100);
  }

  const member = () => {
    const org = `org-${(clients += 1)}`;
    return { org, client: { token: token(`user-${(clients += 1)}`, { org }) } };
  };

  /** Hangs up a while after asking. */
  async function hangUp(path, client, after_ms) {
    const controller = new AbortController();
    const hung = bouncer.fetch(path, { ...client, signal: controller.signal });
    await sleep(after_ms);
    controller.abort();
    await assert.rejects(hung, { name: "AbortError" });
  }

  async function stop() {
    await bouncer.stop();
    origin.stop();
  }

  return { bouncer, origin, somewhere, member, get, fail, statuses, reports, calmLog, hangUp, stop };
}
