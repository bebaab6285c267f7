// Who has done nothing wrong is not locked out by what the object does to remember: it sleeps, it crashes, a write of it
// fails, an answer of it comes too late.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, beforeEach, describe, it } from "node:test";
import { rule, startStatusOrigin } from "./support/faulty.mjs";
import { policy, roomInWindow, sleep, startBouncer, whole } from "./support/stack.mjs";

const DOOR = fileURLToPath(new URL("support/failing-disk-entry.mjs", import.meta.url));
const YEAR_MS = 360 * 86_400_000;
const HOUR_MS = 3_600_000;

const RULES = [
  rule("logins", { count: "failures" }),
  rule("hourly", { limit: "5/hour", algorithm: "fixed-window" }),
  // What one request takes is back in nine million years.
  rule("huge", { limit: "1/year", burst: 10_000_000, cost: 9_000_000 }),
];

// version 2, an id, take one claim: "hourly", one limit: 5 per 1 hour, by fixed window; 1 permit, not reserved; not
// provisional, and no others are settled
const take = (id) => new Uint8Array([2, id, 0, 1, 6, ...Buffer.from("hourly"), 1, 5, 1, 2, 0, 1, 0, 0, 0]);
// version 2, an id, cancel, the id of the take
const cancel = (id, taken) => new Uint8Array([2, id, 3, taken]);

describe("lockout", () => {
  let origin;
  let bouncer;
  let clients = 0;
  before(async () => {
    origin = await startStatusOrigin();
    bouncer = await startBouncer(policy(origin.url, { rules: RULES }), { main: DOOR });
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });
  // Where a window is fixed, none ends while a test counts in it.
  beforeEach(() => roomInWindow(HOUR_MS, 60_000));

  const somewhere = () => `198.51.100.${(clients += 1)}`;
  const evict = (address) => bouncer.worker.evictDurableObject("LEDGERS", { name: `ip:${address}` });
  const door = (address) => `/-/${encodeURIComponent(`ip:${address}`)}`;
  const send = async (address, body) => (await whole(await bouncer.fetch(door(address), { method: "POST", body }))).status;
  const seen = async (address) => (await bouncer.fetch(door(address))).json();
  /** The status, and what remains. */
  async function get(path, address) {
    const { status, headers } = await whole(await bouncer.fetch(path, { address }));
    return [status, Number(headers.get("X-RateLimit-Remaining"))];
  }

  it("never refuses whom no failure was counted for, however often the object leaves memory", async () => {
    const address = somewhere();
    const seen = [];
    for (const status of [200, 200, 200, 401, 200, 401]) {
      seen.push(await get(`/logins/${status}`, address));
      await evict(address);
    }
    assert.deepEqual(seen, [[200, 2], [200, 2], [200, 2], [401, 1], [200, 1], [401, 0]]);
    assert.equal((await get("/logins/200", address))[0], 429);
  });

  it("finds the reservation of a slow request again after it has slept, and gives it back", async () => {
    const address = somewhere();
    const slow = bouncer.fetch("/logins/200?wait", { address }).then(whole);
    while (origin.waiting.length < 1) await sleep(20);
    // Longer than it takes to be idle.
    await sleep(9_000);
    assert.ok((await seen(address)).rows > 0, "it was saved before it may leave memory");
    await evict(address);
    origin.release();
    assert.equal((await slow).status, 200);
    await evict(address);
    assert.deepEqual(await get("/logins/200", address), [200, 2]);
  });

  it("takes nothing for a take that is cancelled, whichever of the two comes first", async () => {
    const address = somewhere();
    for (const message of [cancel(2, 1), take(1), take(3), cancel(4, 3), cancel(5, 3), take(6)]) {
      assert.equal(await send(address, message), 200);
    }
    assert.deepEqual(await get("/hourly/200", address), [200, 3], "one by message, one by request");
    await evict(address);
    assert.deepEqual(await get("/hourly/200", address), [200, 2]);
  });

  it("writes again what a write that failed held, at the next request or when idle", async () => {
    for (const wait_ms of [0, 9_500]) {
      const address = somewhere();
      await bouncer.fetch(`${door(address)}?fail=1`);
      assert.deepEqual(await get("/hourly/200", address), [200, 4]);
      assert.equal((await seen(address)).rows, 1, "the alarm alone");
      if (wait_ms === 0) assert.deepEqual(await get("/hourly/200", address), [200, 3]);
      else await sleep(wait_ms);
      await evict(address);
      assert.deepEqual(await get("/hourly/200", address), [200, wait_ms === 0 ? 2 : 3]);
    }
    const told = bouncer.logs().filter(({ message }) => message.includes("a ledger could not be saved"));
    assert.equal(told.length, 2);
  });

  it("sets an alarm that the runtime takes, whatever the limit", async () => {
    const address = somewhere();
    assert.deepEqual(await get("/huge/200", address), [200, 1_000_000]);
    const { rows, alarm_ms } = await seen(address);
    assert.equal(rows, 2, "the ledger and the alarm");
    assert.ok(alarm_ms > Date.now() + 200 * YEAR_MS, `the alarm is set for ${alarm_ms}`);
    const told = bouncer.logs().filter(({ message }) => message.includes("alarm"));
    assert.deepEqual(told, []);
  });
});
