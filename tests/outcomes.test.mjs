// What counts in the end, what rules in shadow mode do, and what the operator is told of it all.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bucket, rule, startFaulty } from "./support/faulty.mjs";
import { policy, sleep } from "./support/stack.mjs";
import { dial, startRawOrigin } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const RULES = [
  rule("logins", { count: "failures", limit: "3/day" }),
  rule("chosen", { count: [401, 403], limit: "3/day" }),
  rule("wait", { count: "failures", limit: "3/day" }),
  rule("dear", { cost: 4, limit: "10/day" }),
  rule("shadow", { mode: "shadow" }),
  { name: "watched-org", also: true, match: ["* /watched/**"], key: "tenant", limit: "9/day", ...bucket, on_error: "closed", mode: "shadow" },
  rule("watched", { key: "user-or-ip", count: "failures", mode: "shadow" }),
];

describe("outcomes", () => {
  let faulty;
  before(async () => (faulty = await startFaulty(RULES)));
  after(() => faulty?.stop());

  it("charges a rule's cost for each request", async () => {
    const client = faulty.somewhere();
    assert.deepEqual(await faulty.statuses(3, "/dear/200", client), [200, 200, 429]);
    assert.match((await faulty.get("/dear/200", client)).headers.get("RateLimit"), /^"dear-1d";r=2;/);
  });

  it("counts only failures where the rule says so, and refuses once they are used up", async () => {
    const client = faulty.somewhere();
    assert.deepEqual(await faulty.statuses(6, "/logins/200", client), [200, 200, 200, 200, 200, 200]);
    assert.deepEqual(await faulty.statuses(2, "/logins/401", client), [401, 401]);
    assert.match((await faulty.get("/logins/204", client)).headers.get("RateLimit"), /^"logins-1d";r=1;/);
    assert.deepEqual(await faulty.statuses(3, "/logins/401", client), [401, 429, 429]);
    assert.equal((await faulty.get("/logins/200", client)).status, 429);
  });

  it("counts only the statuses that the rule lists", async () => {
    const client = faulty.somewhere();
    assert.deepEqual(await faulty.statuses(5, "/chosen/404", client), [404, 404, 404, 404, 404]);
    assert.deepEqual(await faulty.statuses(2, "/chosen/403", client), [403, 403]);
    assert.deepEqual(await faulty.statuses(2, "/chosen/401", client), [401, 429]);
  });

  it("lets no more failures through at once than there are permits", async () => {
    const client = faulty.somewhere();
    const crowd = Array.from({ length: 20 }, () => faulty.get("/wait/401", client));
    while (faulty.origin.waiting.length < 3) await sleep(20);
    await sleep(300);
    assert.equal(faulty.origin.waiting.length, 3, "the others have not been let through");
    faulty.origin.release();
    const answers = (await Promise.all(crowd)).map(({ status }) => status);
    assert.deepEqual(answers.sort(), [...Array(3).fill(401), ...Array(17).fill(429)]);
  });

  it("keeps charged whom it never heard the end of: hanging up saves no attempt", async () => {
    const client = faulty.somewhere();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await faulty.hangUp("/wait/401", client, 100);
      assert.equal(faulty.origin.waiting.length, 1, "it has reached the origin");
      faulty.origin.release();
    }
    assert.equal((await faulty.get("/wait/401", client)).status, 429);
  });

  it("refuses and stamps nothing in shadow mode, reports what it would have refused, and leaves in force what is behind it", async () => {
    await faulty.calmLog();
    const client = faulty.somewhere();
    const before = faulty.reports("would_refuse").length;
    assert.deepEqual(await faulty.statuses(5, "/shadow/200", client), [200, 200, 200, 200, 200]);
    const policies = (await faulty.get("/shadow/200", client)).headers.get("RateLimit-Policy");
    assert.match(policies, /^"default-[^,]*$/, "the default is enforced, as without the rule");
    await sleep(200);
    const found = faulty.reports("would_refuse").slice(before);
    assert.equal(found.length, 4);
    assert.deepEqual([found[0].rule, found[0].limit], ["shadow", "2 per 1 day"]);
    assert.equal(new Set(found.map(({ key }) => key)).size, 1, "the same client has the same hash");
  });

  it("reports a refusal in one line that names nobody, thinned out in a flood, and as a data point of the same weight", async () => {
    await faulty.calmLog();
    const client = faulty.somewhere();
    const before = (await (await faulty.bouncer.fetch("/-/points")).json()).length;
    const lines = faulty.reports("refused").length;
    const flood = await Promise.all(Array.from({ length: 60 }, () => faulty.get("/local/200", client)));
    const refused = flood.filter(({ status }) => status === 429).length;
    assert.equal(refused, 58);
    await sleep(1_100);
    await faulty.get("/local/200", client);
    const found = faulty.reports("refused").slice(lines);
    const told = found.length + found.reduce((sum, { left_out = 0 }) => sum + left_out, 0);
    assert.equal(told, refused + 1);
    assert.ok(found.length < 40, `${found.length} lines`);
    const { rule, limit, key_kind, key, retry_after } = found[0];
    assert.deepEqual([rule, limit, key_kind], ["local", "2 per 1 day", "ip"]);
    assert.match(key, /^[0-9a-f]{12}$/);
    assert.ok(retry_after > 3_600 && retry_after <= 43_200, `retry_after ${retry_after}`);
    assert.ok(!JSON.stringify(found).includes(client.address));
    const points = (await (await faulty.bouncer.fetch("/-/points")).json()).slice(before);
    assert.equal(points.length, found.length, "what is not logged makes no point");
    const weights = points.map(({ doubles }) => doubles[0]);
    assert.equal(weights.reduce((sum, weight) => sum + weight), refused + 1);
    const [{ indexes, blobs, doubles }] = points;
    assert.deepEqual([indexes, blobs], [["local"], ["refused", "local", "ip", "2 per 1 day"]]);
    assert.equal(doubles[0], 1);
  });

  it("gives back once, in shadow mode too, what was charged beside a counter that must be had", async () => {
    await faulty.calmLog();
    const { org, client } = faulty.member();
    assert.equal((await faulty.get("/watched/401", client)).status, 401);
    await faulty.fail(`tenant:${org}`, "throws");
    assert.deepEqual(await faulty.statuses(3, "/watched/200", client), [200, 200, 200]);
    await faulty.fail(`tenant:${org}`, "");
    await sleep(200);
    const told = () => faulty.reports("would_refuse").filter(({ rule }) => rule === "watched").length;
    const before = told();
    for (const count of [0, 1]) {
      await faulty.get("/watched/401", client);
      await sleep(200);
      assert.equal(told() - before, count);
    }
  });

  it("answers whatever becomes of a data point", async () => {
    const client = faulty.somewhere();
    await faulty.fail("ANALYTICS", "throws");
    assert.deepEqual(await faulty.statuses(3, "/local/200", client), [200, 200, 429]);
    await faulty.fail("ANALYTICS", "");
  });
});

describe("a client that goes before its answer", () => {
  it("has its request followed to the end all the same", async () => {
    const origin = await startRawOrigin();
    const limit = { limit: "1/day", ...bucket };
    const bouncer = await startWorkerd(policy(origin.url, { rules: [], mode: "shadow", default: { ...limit, key: "global" } }));
    try {
      for (let time = 0; time < 3; time += 1) {
        const client = await dial(bouncer.url, "GET / HTTP/1.1", "Host: a");
        const wire = await origin.connection();
        await wire.head();
        client.reset();
        await wire.closed;
      }
      await sleep(200);
      assert.equal(bouncer.logs().match(/"would_refuse"/g)?.length, 2);
    } finally {
      await bouncer.stop();
      origin.stop();
    }
  });
});
