// Algorithms, keys and limits that the repository's own policy does not use, each under a policy of its own.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { policy, roomInWindow, sleep, startBouncer, startOrigin, token, whole } from "./support/stack.mjs";

describe("under policies of their own", () => {
  let origin;
  before(async () => (origin = await startOrigin()));
  after(() => origin?.stop());

  async function under(changes, scenario) {
    const bouncer = await startBouncer(policy(origin.url, changes));
    try {
      await scenario(bouncer);
    } finally {
      await bouncer.stop();
    }
  }
  const onlyDefault = (limit) => ({ rules: [], default: limit });
  const statuses = async (bouncer, count) => {
    const found = [];
    for (let index = 0; index < count; index += 1) found.push((await whole(await bouncer.fetch("/health"))).status);
    return found;
  };

  it("refuses on whichever of several limits comes first and names it", async () => {
    await under(onlyDefault({ limit: "3/2 seconds;5/hour", algorithm: "sliding-log" }), async (bouncer) => {
      assert.deepEqual(await statuses(bouncer, 3), [200, 200, 200]);
      const short = await (await bouncer.fetch("/health")).json();
      assert.equal(short.message, "Rate limit exceeded: 3 per 2 second");
      await sleep(2_100);
      assert.deepEqual(await statuses(bouncer, 2), [200, 200]);
      const long = await bouncer.fetch("/health");
      assert.equal((await long.json()).message, "Rate limit exceeded: 5 per 1 hour");
      assert.equal(long.headers.get("X-RateLimit-Limit"), "5");
    });
  });

  for (const algorithm of ["fixed-window", "sliding-log", "sliding-window", "token-bucket"]) {
    it(`lets a client in that has waited Retry-After, counted by ${algorithm}`, async () => {
      await under(onlyDefault({ limit: "2/4 seconds", algorithm }), async (bouncer) => {
        await roomInWindow(4_000, 2_500);
        assert.deepEqual(await statuses(bouncer, 2), [200, 200]);
        const refused = await whole(await bouncer.fetch("/health"));
        assert.equal(refused.status, 429);
        const retry_s = Number(refused.headers.get("Retry-After"));
        assert.ok(retry_s >= 1 && retry_s <= 8, `Retry-After ${retry_s}`);
        await sleep(retry_s * 1_000);
        assert.deepEqual(await statuses(bouncer, 1), [200]);
      });
    });
  }

  it("shows a token bucket as its burst and the time to refill it, and refills it evenly", async () => {
    const limit = { limit: "60/minute", algorithm: "token-bucket", burst: 3 };
    await under(onlyDefault(limit), async (bouncer) => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => bouncer.fetch("/health")));
      assert.equal(answers.filter(({ status }) => status === 200).length, 3);
      assert.equal(answers[0].headers.get("RateLimit-Policy"), '"default-1m";q=3;w=3');
      await sleep(2_050);
      assert.deepEqual(await statuses(bouncer, 3), [200, 200, 429]);
    });
  });

  it("counts by tenant, header, everybody, or several of these together", async () => {
    const rule = (name, key) => ({ name, match: [`GET /${name}`], limit: "100/day", algorithm: "token-bucket", key });
    const rules = [
      rule("tenant", "tenant"),
      rule("region", "header:X-Region"),
      rule("both", ["user-or-ip", "header:x-region"]),
      rule("everybody", "global"),
    ];
    const [here, there] = ["198.51.100.1", "198.51.100.2"];
    const [ada, bob] = ["acme", "acme"].map((org, index) => token(`user-${index}`, { org }));
    const eve = token("eve", { org: "other" });
    const [eu, us] = [{ "X-Region": "eu" }, { "X-Region": "us" }];
    await under({ rules }, async (bouncer) => {
      const counts = async (path, ...clients) => {
        const found = [];
        for (const client of clients) {
          found.push(100 - Number((await whole(await bouncer.fetch(path, client))).headers.get("X-RateLimit-Remaining")));
        }
        return found;
      };
      const forged = token("mallory", { org: "acme", secret: "another secret of 32 bytes or more.." });
      assert.deepEqual(await counts("/tenant", { token: ada }, { token: bob }, { token: eve }, { token: forged }), [1, 2, 1, 1]);
      assert.deepEqual(await counts("/region", { headers: eu }, { headers: eu, token: ada }, { headers: us }, {}), [1, 2, 1, 1]);
      assert.deepEqual(
        await counts("/both", { headers: eu, token: ada }, { headers: us, token: ada }, { headers: eu, token: bob }, { headers: eu, token: ada }),
        [1, 1, 1, 2],
      );
      assert.deepEqual(await counts("/everybody", { address: here }, { address: there }, { token: eve }), [1, 2, 3]);
    });
  });

  it("saves the ledger, and deletes everything when all of it has expired", async () => {
    await under(onlyDefault({ limit: "5/2 seconds", key: "ip" }), async (bouncer) => {
      await roomInWindow(2_000, 1_000);
      assert.deepEqual(await statuses(bouncer, 1), [200]);
      const disk = await bouncer.worker.getDurableObjectStorage("LEDGERS", { name: "ip:192.0.2.1" });
      const tables = async () => (await disk.exec("SELECT name FROM sqlite_master")).map(({ name }) => name);
      assert.ok((await tables()).includes("_cf_KV"), "the snapshot is on disk");
      await sleep(2_500);
      assert.deepEqual(await tables(), []);
    });
  });

  it("answers 500 and forwards nothing under a policy that is not valid, and logs the field", async () => {
    await under({ default: { limit: "100/min" } }, async (bouncer) => {
      const { status, text } = await whole(await bouncer.fetch("/health"));
      assert.equal(status, 500);
      assert.equal(JSON.parse(text).error, "policy_invalid");
      assert.ok(bouncer.logs().some(({ message }) => message.includes("BOUNCER.default.limit")));
    });
  });
});
