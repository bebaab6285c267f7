// What is forgotten when an object leaves memory, and what remembering costs. Prints its figures as tables.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, beforeEach, describe, it } from "node:test";
import { policy, roomInWindow, sleep, startBouncer, startDev, startOrigin, temporary, whole } from "./support/stack.mjs";

const WATCHED = fileURLToPath(new URL("support/watched-entry.mjs", import.meta.url));
const door = (address) => `/-/${encodeURIComponent(`ip:${address}`)}`;

// The windows are long, and none ends while a test counts in it: each test waits for one with room.
const LIMITS = [
  { path: "/five", limit: "5/hour", permits: 5 },
  { path: "/sixty", limit: "60/hour", permits: 60 },
  { path: "/thousand", limit: "1000/hour", permits: 1_000 },
  { path: "/hundred-thousand", limit: "100000/day", permits: 100_000 },
];
/** At most this much of a limit may be forgotten: 5 %, and never less than the last permit. */
const bound = (permits) => Math.max(1, permits / 20);

const rules = (limits) =>
  limits.map(({ path, limit }) => ({ name: path.slice(1), match: [`GET ${path}`], key: "ip", limit }));

function print(title, columns, rows) {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => String(row[index]).length)));
  const line = (cells) => cells.map((cell, index) => String(cell).padStart(widths[index])).join("  ");
  console.log(`\n${[title, line(columns), ...rows.map(line)].join("\n")}\n`);
}

describe("durability", () => {
  let origin;
  before(async () => (origin = await startOrigin()));
  after(() => origin?.stop());
  beforeEach(() => roomInWindow(3_600_000, 90_000));

  /** Takes a permit. What remains, or undefined for a refusal. */
  async function take(bouncer, path, address) {
    const { status, headers } = await whole(await bouncer.fetch(path, { address }));
    return status === 429 ? undefined : Number(headers.get("X-RateLimit-Remaining"));
  }

  it("writes a bounded number of rows in a window, and never one a request on a large limit", async () => {
    const limits = [
      { path: "/a", limit: "5/minute", most: 5 },
      { path: "/b", limit: "60/minute", most: 20 },
      { path: "/c", limit: "1000/hour", most: 20 },
      { path: "/d", limit: "100000/day", most: 20 },
    ];
    const bouncer = await startBouncer(policy(origin.url, { rules: rules(limits) }), { main: WATCHED });
    try {
      const rows = [];
      for (const [index, { path, limit, most }] of limits.entries()) {
        const address = `198.51.100.${index + 1}`;
        const windows = new Set();
        let admitted = 0;
        const note = () => windows.add(Math.floor(Date.now() / 60_000));
        for (let batch = 0; batch < 20; batch += 1) {
          note();
          const answers = await Promise.all(Array.from({ length: 50 }, () => take(bouncer, path, address)));
          admitted += answers.filter((remaining) => remaining !== undefined).length;
          note();
          // Refusals are remembered, and an object that is not asked leaves memory, and with it its count of rows.
          await whole(await bouncer.fetch(door(address)));
        }
        const { rows: written, spareBytes } = await (await bouncer.fetch(door(address))).json();
        assert.equal(spareBytes, 0, "nothing is sent with a message");
        rows.push([limit, 1_000, admitted, written]);
        // For each window the saves, and one alarm.
        assert.ok(written <= (most + 1) * windows.size, `${limit}: ${written} rows`);
        assert.ok(written > 0 || limit === "100000/day", `${limit}: nothing was saved`);
      }
      print("rows written for 1,000 takes", ["limit", "takes", "admitted", "rows written"], rows);
    } finally {
      await bouncer.stop();
    }
  });

  it("writes no row a request under a limit that stays used up, whatever its algorithm", async () => {
    const algorithms = ["fixed-window", "sliding-log", "sliding-window", "token-bucket"];
    const [permits, window_s, seconds] = [40, 4, 8];
    const saturated = algorithms.map((algorithm) => {
      const [rule] = rules([{ path: `/${algorithm}`, limit: `${permits}/${window_s} seconds` }]);
      return { ...rule, algorithm };
    });
    const bouncer = await startBouncer(policy(origin.url, { rules: saturated }), { main: WATCHED });
    try {
      const rows = await Promise.all(
        algorithms.map(async (algorithm, index) => {
          const address = `198.51.100.${index + 1}`;
          const end_ms = Date.now() + 1_000 * seconds;
          let [takes, admitted] = [0, 0];
          while (Date.now() < end_ms) {
            takes += 1;
            if ((await take(bouncer, `/${algorithm}`, address)) !== undefined) admitted += 1;
          }
          const { rows: written } = await (await bouncer.fetch(door(address))).json();
          assert.ok(admitted >= permits * 1.5 && admitted < takes, `${algorithm}: ${admitted} of ${takes} were admitted, so nothing was used up`);
          // One for each twentieth, which is two, and one each time that it is used up anew.
          assert.ok(written <= 0.75 * admitted, `${algorithm}: ${written} rows for ${admitted}`);
          return [algorithm, takes, admitted, written];
        }),
      );
      print("rows written while a limit is used up", ["algorithm", "takes", "admitted", "rows written"], rows);
    } finally {
      await bouncer.stop();
    }
  });

  it("forgets at most 5 % of a limit when an object is evicted, at whatever moment", async () => {
    const bouncer = await startBouncer(policy(origin.url, { rules: rules(LIMITS) }));
    /** Takes some, evicts, takes one more: what did that one know of the others? */
    async function evictTwice({ path, limit, permits }, index) {
      const address = `198.51.100.${index + 1}`;
      let [before, worst] = [permits, 0];
      for (let eviction = 0; eviction < 2; eviction += 1) {
        // Twice this many and one after each eviction are there, even of five.
        const most = Math.floor(Math.min(80, permits) / 2) - 1;
        const count = 1 + Math.floor(Math.random() * most);
        const seen = await Promise.all(Array.from({ length: count }, () => take(bouncer, path, address)));
        before = Math.min(...seen);
        await bouncer.worker.evictDurableObject("LEDGERS", { name: `ip:${address}` });
        const next = await take(bouncer, path, address);
        const forgotten = next - (before - 1);
        assert.ok(forgotten >= 0 && forgotten <= bound(permits), `${limit}: ${forgotten} forgotten`);
        worst = Math.max(worst, forgotten);
        before = next;
      }
      return [limit, permits - before, 2, worst, bound(permits)];
    }
    try {
      const rows = await Promise.all(LIMITS.map(evictTwice));
      print("evictions", ["limit", "takes", "evictions", "most forgotten", "allowed"], rows);
    } finally {
      await bouncer.stop();
    }
  });

  it("charges a message once that the runtime delivers twice, and refuses a version it does not know", async () => {
    const bouncer = await startBouncer(policy(origin.url, { rules: rules(LIMITS) }), { main: WATCHED });
    try {
      const address = "198.51.100.1";
      // version 2, an id, take one claim: "five", one limit: 5 per 1 hour, by fixed window; 1 permit, not reserved; not
      // provisional, and no others are settled
      const message = (id) => new Uint8Array([2, id, 0, 1, 4, ...Buffer.from("five"), 1, 5, 1, 2, 0, 1, 0, 0, 0]);
      const send = async (body) => whole(await bouncer.fetch(door(address), { method: "POST", body }));
      for (const id of [7, 7]) assert.equal((await send(message(id))).status, 200);
      assert.equal(await take(bouncer, "/five", address), 3, "one by message, one by request");
      await send(message(8));
      assert.equal(await take(bouncer, "/five", address), 1);
      const unknown = await send(message(9).with(0, 99));
      assert.equal(unknown.status, 400);
      assert.match(unknown.text, /^message version 99 is not known here/);
      assert.equal((await send(message(9).subarray(0, 9))).text, "message is damaged");
      assert.equal(await take(bouncer, "/five", address), 0);
    } finally {
      await bouncer.stop();
    }
  });

  it("forgets at most 5 % of a limit when workerd is killed under load", async () => {
    const disk = temporary();
    const rows = [];
    // Clients that count exactly what they were given: one request after the other.
    const clients = LIMITS.flatMap((limit) => [1, 2].map((number) => ({ ...limit, number, used: 0 })));
    try {
      for (let round = 1; round <= 3; round += 1) {
        for (const [index, client] of clients.entries()) {
          client.address = `198.51.${round}.${index + 1}`;
          client.used = 0;
        }
        const bouncer = await startDev(policy(origin.url, { rules: rules(LIMITS) }), { disk });
        const load = clients.map(async (client) => {
          try {
            for (let remaining = client.permits; remaining > 0; ) {
              remaining = await take(bouncer, client.path, client.address);
              client.used = client.permits - remaining;
            }
          } catch {
            // Killed in the middle of a request, which therefore was never answered.
          }
        });
        const busiest = () => Math.max(...clients.map(({ used }) => used));
        while (busiest() < 61 + 100 * Math.random()) await sleep(Math.random() * 100);
        await bouncer.kill();
        await Promise.all(load);

        const again = await startDev(policy(origin.url, { rules: rules(LIMITS) }), { disk });
        try {
          for (const { path, limit, permits, address, used } of clients) {
            const remaining = await take(again, path, address);
            const remembered = remaining === undefined ? permits : permits - remaining - 1;
            const forgotten = Math.max(0, used - remembered);
            assert.ok(forgotten <= bound(permits), `${limit}: ${forgotten} of ${used} forgotten`);
            rows.push([round, limit, used, forgotten, bound(permits)]);
          }
        } finally {
          await again.stop();
        }
      }
      print("workerd killed under load", ["round", "limit", "used", "forgotten", "allowed"], rows);
    } finally {
      rmSync(disk, { recursive: true });
    }
  });
});
