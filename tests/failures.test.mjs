// What happens when a counter or the origin fails, what counts in the end, and what the operator is told of it.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { policy, sleep, startBouncer, startDev, token, whole } from "./support/stack.mjs";
import { startHttpServer } from "./support/http-server.mjs";
import { dial, startRawOrigin } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const FAULTY = fileURLToPath(new URL("support/faulty-entry.mjs", import.meta.url));
const TIMEOUT_MS = 300;

/** An origin that answers with the status in the path; under `/wait` and with `?wait`, when it is told to. */
async function startStatusOrigin() {
  let hits = 0;
  const waiting = [];
  const server = await startHttpServer((request, response) => {
    hits += 1;
    const [, action, status] = request.url.match(/^\/(\w+)\/(\d+)/) ?? [];
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

const bucket = { algorithm: "token-bucket" };
const rule = (name, more) => ({ name, match: [`* /${name}/**`], key: "ip", limit: "2/day", ...bucket, ...more });

describe("failures", () => {
  let origin;
  let bouncer;
  let clients = 0;

  before(async () => {
    origin = await startStatusOrigin();
    const rules = [
      rule("open", { on_error: "open" }),
      rule("closed", { on_error: "closed" }),
      rule("local", { on_error: "local" }),
      rule("logins", { count: "failures", limit: "3/day" }),
      rule("chosen", { count: [401, 403], limit: "3/day" }),
      rule("wait", { count: "failures", limit: "3/day" }),
      rule("dear", { cost: 4, limit: "10/day" }),
      rule("shadow", { mode: "shadow" }),
      { name: "org", also: true, match: ["* /both/**"], key: "tenant", limit: "9/day", ...bucket, on_error: "closed" },
      rule("both", { key: "user-or-ip" }),
      { name: "watched-org", also: true, match: ["* /watched/**"], key: "tenant", limit: "9/day", ...bucket, on_error: "closed", mode: "shadow" },
      rule("watched", { key: "user-or-ip", count: "failures", mode: "shadow" }),
    ];
    bouncer = await startBouncer(policy(origin.url, { rules, timeout_ms: TIMEOUT_MS }), { main: FAULTY });
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

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

  for (const how of ["throws", "hangs", "slow"]) {
    describe(`a counter that ${how === "slow" ? "is slow" : how}`, () => {
      const broken = async (path) => {
        const client = somewhere();
        await fail(`ip:${client.address}`, how);
        return { client, answers: await statuses(4, path, client) };
      };

      it("lets pass where the rule says open, without a stamp", async () => {
        const { client, answers } = await broken("/open/200");
        assert.deepEqual(answers, [200, 200, 200, 200]);
        assert.equal((await get("/open/200", client)).headers.get("RateLimit"), null);
      });

      it("refuses with 503 and Retry-After where the rule says closed", async () => {
        const { client, answers } = await broken("/closed/200");
        assert.deepEqual(answers, [503, 503, 503, 503]);
        const hits = origin.hits();
        const { headers, text } = await get("/closed/200", client);
        assert.equal(JSON.parse(text).error, "limiter_unavailable");
        assert.ok(Number(headers.get("Retry-After")) >= 1);
        assert.equal(headers.get("Cache-Control"), "no-store");
        assert.equal(origin.hits(), hits);
      });

      it("counts in the isolate under the same limits where the rule says local", async () => {
        const { client, answers } = await broken("/local/200");
        assert.deepEqual(answers, [200, 200, 429, 429]);
        assert.equal((await get("/local/200", client)).headers.get("RateLimit-Policy"), '"local-1d";q=2;w=86400');
      });

      it("is asked again at once when it is well", async () => {
        const { client } = await broken("/closed/200");
        await fail(`ip:${client.address}`, "");
        assert.equal((await get("/closed/200", client)).headers.get("RateLimit-Policy"), '"closed-1d";q=2;w=86400');
      });
    });
  }

  it("does not make one client wait for another's counter", async () => {
    const [stuck, well] = [somewhere(), somewhere()];
    await fail(`ip:${stuck.address}`, "hangs");
    const order = [];
    const slow = get("/local/200", stuck).then(() => order.push("stuck"));
    await get("/local/200", well).then(() => order.push("well"));
    await slow;
    assert.deepEqual(order, ["well", "stuck"]);
  });

  it("gives back what a rule has charged when the counter of another must be had and fails", async () => {
    const org = `org-${(clients += 1)}`;
    const client = { token: token(`user-${(clients += 1)}`, { org }) };
    await fail(`tenant:${org}`, "throws");
    assert.deepEqual(await statuses(3, "/both/200", client), [503, 503, 503]);
    await fail(`tenant:${org}`, "");
    const { status, headers } = await get("/both/200", client);
    assert.equal(status, 200);
    assert.match(headers.get("RateLimit"), /"both-1d";r=1;.*"org-1d";r=8;/);
  });

  const member = () => {
    const org = `org-${(clients += 1)}`;
    return { org, client: { token: token(`user-${(clients += 1)}`, { org }) } };
  };

  it("says where the client stands under the others when a counter must be had and fails", async () => {
    const { org, client } = member();
    await fail(`tenant:${org}`, "throws");
    const { status, headers } = await get("/both/200", client);
    assert.equal(status, 503);
    assert.match(headers.get("RateLimit"), /^"both-1d";r=2;t=0$/);
  });

  it("refuses for as long as a limit says, whatever other counter fails", async () => {
    const { org, client } = member();
    assert.deepEqual(await statuses(2, "/both/200", client), [200, 200]);
    await fail(`tenant:${org}`, "throws");
    const { status, headers } = await get("/both/200", client);
    assert.equal(status, 429);
    assert.ok(Number(headers.get("Retry-After")) > 3_600);
  });

  /** Hangs up a while after asking. */
  async function hangUp(path, client, after_ms) {
    const controller = new AbortController();
    const hung = bouncer.fetch(path, { ...client, signal: controller.signal });
    await sleep(after_ms);
    controller.abort();
    await assert.rejects(hung, { name: "AbortError" });
  }

  it("gives back what another key was charged also when the client does not wait for its refusal", async () => {
    const { client } = member();
    const [, claims] = client.token.split(".");
    const { sub } = JSON.parse(Buffer.from(claims, "base64url"));
    assert.deepEqual(await statuses(2, "/both/200", client), [200, 200]);
    await fail(`user:${sub}`, "late");
    await hangUp("/both/200", client, 50);
    await sleep(400);
    await fail(`user:${sub}`, "");
    assert.match((await get("/both/200", client)).headers.get("RateLimit"), /"org-1d";r=7;/);
  });

  it("gives back once, in shadow mode too, what was charged beside a counter that must be had", async () => {
    await calmLog();
    const { org, client } = member();
    assert.equal((await get("/watched/401", client)).status, 401);
    await fail(`tenant:${org}`, "throws");
    assert.deepEqual(await statuses(3, "/watched/200", client), [200, 200, 200]);
    await fail(`tenant:${org}`, "");
    await sleep(200);
    const told = () => reports("would_refuse").filter(({ rule }) => rule === "watched").length;
    const before = told();
    for (const count of [0, 1]) {
      await get("/watched/401", client);
      await sleep(200);
      assert.equal(told() - before, count);
    }
  });

  it("answers whatever becomes of a data point", async () => {
    const client = somewhere();
    await fail("ANALYTICS", "throws");
    assert.deepEqual(await statuses(3, "/local/200", client), [200, 200, 429]);
    await fail("ANALYTICS", "");
  });

  it("reports a decision without a counter: what was done, and why", async () => {
    const client = somewhere();
    await fail(`ip:${client.address}`, "hangs");
    await get("/closed/200", client);
    const report = reports("degraded").findLast(({ rule }) => rule === "closed");
    assert.match(report.key, /^[0-9a-f]{12}$/);
    assert.equal(report.key_kind, "ip");
    assert.equal(report.on_error, "closed");
    assert.match(report.reason, new RegExp(`no answer within ${TIMEOUT_MS} ms`));
  });

  it("charges a rule's cost for each request", async () => {
    const client = somewhere();
    assert.deepEqual(await statuses(3, "/dear/200", client), [200, 200, 429]);
    assert.match((await get("/dear/200", client)).headers.get("RateLimit"), /^"dear-1d";r=2;/);
  });

  it("counts only failures where the rule says so, and refuses once they are used up", async () => {
    const client = somewhere();
    assert.deepEqual(await statuses(6, "/logins/200", client), [200, 200, 200, 200, 200, 200]);
    assert.deepEqual(await statuses(2, "/logins/401", client), [401, 401]);
    assert.match((await get("/logins/204", client)).headers.get("RateLimit"), /^"logins-1d";r=1;/);
    assert.deepEqual(await statuses(3, "/logins/401", client), [401, 429, 429]);
    assert.equal((await get("/logins/200", client)).status, 429);
  });

  it("counts only the statuses that the rule lists", async () => {
    const client = somewhere();
    assert.deepEqual(await statuses(5, "/chosen/404", client), [404, 404, 404, 404, 404]);
    assert.deepEqual(await statuses(2, "/chosen/403", client), [403, 403]);
    assert.deepEqual(await statuses(2, "/chosen/401", client), [401, 429]);
  });

  it("lets no more failures through at once than there are permits", async () => {
    const client = somewhere();
    const crowd = Array.from({ length: 20 }, () => get("/wait/401", client));
    while (origin.waiting.length < 3) await sleep(20);
    await sleep(300);
    assert.equal(origin.waiting.length, 3, "the others have not been let through");
    origin.release();
    const answers = (await Promise.all(crowd)).map(({ status }) => status);
    assert.deepEqual(answers.sort(), [...Array(3).fill(401), ...Array(17).fill(429)]);
  });

  it("keeps charged whom it never heard the end of: hanging up saves no attempt", async () => {
    const client = somewhere();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await hangUp("/wait/401", client, 100);
      assert.equal(origin.waiting.length, 1, "it has reached the origin");
      origin.release();
    }
    assert.equal((await get("/wait/401", client)).status, 429);
  });

  it("refuses and stamps nothing in shadow mode, and reports what it would have refused", async () => {
    await calmLog();
    const client = somewhere();
    const before = reports("would_refuse").length;
    assert.deepEqual(await statuses(5, "/shadow/200", client), [200, 200, 200, 200, 200]);
    assert.equal((await get("/shadow/200", client)).headers.get("RateLimit-Policy"), null);
    await sleep(200);
    const found = reports("would_refuse").slice(before);
    assert.equal(found.length, 4);
    assert.deepEqual([found[0].rule, found[0].limit], ["shadow", "2 per 1 day"]);
    assert.equal(new Set(found.map(({ key }) => key)).size, 1, "the same client has the same hash");
  });

  it("reports a refusal in one line that names nobody, thinned out in a flood, and as a data point each", async () => {
    await calmLog();
    const client = somewhere();
    const before = (await (await bouncer.fetch("/-/points")).json()).length;
    const lines = reports("refused").length;
    const flood = await Promise.all(Array.from({ length: 60 }, () => get("/local/200", client)));
    const refused = flood.filter(({ status }) => status === 429).length;
    assert.equal(refused, 58);
    await sleep(1_100);
    await get("/local/200", client);
    const found = reports("refused").slice(lines);
    const told = found.length + found.reduce((sum, { left_out = 0 }) => sum + left_out, 0);
    assert.equal(told, refused + 1);
    assert.ok(found.length < 40, `${found.length} lines`);
    const { rule, limit, key_kind, key, retry_after } = found[0];
    assert.deepEqual([rule, limit, key_kind], ["local", "2 per 1 day", "ip"]);
    assert.match(key, /^[0-9a-f]{12}$/);
    assert.ok(retry_after > 3_600 && retry_after <= 43_200, `retry_after ${retry_after}`);
    assert.ok(!JSON.stringify(found).includes(client.address));
    const points = (await (await bouncer.fetch("/-/points")).json()).slice(before);
    assert.equal(points.length, refused + 1);
    const [{ indexes, blobs, doubles }] = points;
    assert.deepEqual([indexes, blobs], [["local"], ["refused", "local", "ip", "2 per 1 day"]]);
    assert.equal(doubles[0], 1);
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

describe("an origin that cannot be reached", () => {
  it("costs nothing: the permit is given back, and the stamp says so", async () => {
    const bouncer = await startDev(policy("http://127.0.0.1:9", { rules: [], default: { limit: "2/day", ...bucket } }));
    try {
      for (let tries = 0; tries < 5; tries += 1) {
        const { status, headers } = await whole(await bouncer.fetch("/"));
        assert.equal(status, 502);
        assert.match(headers.get("RateLimit"), /^"default-1d";r=2;t=0$/);
      }
    } finally {
      await bouncer.stop();
    }
  });
});

describe("counting in memory", () => {
  it("is under the same limits, and in each isolate by itself", async () => {
    const origin = await startStatusOrigin();
    const memory = policy(origin.url, { rules: [], default: { limit: "2/day", ...bucket }, store: "memory" });
    const isolates = await Promise.all([startBouncer(memory), startBouncer(memory)]);
    try {
      const answers = [];
      for (const isolate of isolates) {
        for (let tries = 0; tries < 3; tries += 1) answers.push((await whole(await isolate.fetch("/"))).status);
      }
      assert.deepEqual(answers, [200, 200, 429, 200, 200, 429], "twice the limit: that is why it is no shared one");
    } finally {
      await Promise.all(isolates.map((isolate) => isolate.stop()));
      origin.stop();
    }
  });
});
