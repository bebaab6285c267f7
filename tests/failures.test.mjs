// What happens when a counter or the origin fails.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TIMEOUT_MS, bucket, rule, startFaulty, startStatusOrigin } from "./support/faulty.mjs";
import { policy, sleep, startBouncer, startDev, whole } from "./support/stack.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const RULES = [
  rule("open", { on_error: "open" }),
  rule("closed", { on_error: "closed" }),
  { name: "org", also: true, match: ["* /both/**"], key: "tenant", limit: "9/day", ...bucket, on_error: "closed" },
  rule("both", { key: "user-or-ip" }),
];

describe("failures", () => {
  let faulty;
  before(async () => (faulty = await startFaulty(RULES)));
  after(() => faulty?.stop());

  for (const how of ["throws", "hangs", "slow"]) {
    describe(`a counter that ${how === "slow" ? "is slow" : how}`, () => {
      const broken = async (path) => {
        const client = faulty.somewhere();
        await faulty.fail(`ip:${client.address}`, how);
        return { client, answers: await faulty.statuses(4, path, client) };
      };

      it("lets pass where the rule says open, without a stamp", async () => {
        const { client, answers } = await broken("/open/200");
        assert.deepEqual(answers, [200, 200, 200, 200]);
        assert.equal((await faulty.get("/open/200", client)).headers.get("RateLimit"), null);
      });

      it("refuses with 503 and Retry-After where the rule says closed", async () => {
        const { client, answers } = await broken("/closed/200");
        assert.deepEqual(answers, [503, 503, 503, 503]);
        const hits = faulty.origin.hits();
        const { headers, text } = await faulty.get("/closed/200", client);
        assert.equal(JSON.parse(text).error, "limiter_unavailable");
        assert.ok(Number(headers.get("Retry-After")) >= 1);
        assert.equal(headers.get("Cache-Control"), "no-store");
        assert.equal(faulty.origin.hits(), hits);
      });

      it("counts in the isolate under the same limits where the rule says local", async () => {
        const { client, answers } = await broken("/local/200");
        assert.deepEqual(answers, [200, 200, 429, 429]);
        assert.equal((await faulty.get("/local/200", client)).headers.get("RateLimit-Policy"), '"local-1d";q=2;w=86400');
      });

      it("is asked again at once when it is well", async () => {
        const { client } = await broken("/closed/200");
        await faulty.fail(`ip:${client.address}`, "");
        assert.equal((await faulty.get("/closed/200", client)).headers.get("RateLimit-Policy"), '"closed-1d";q=2;w=86400');
      });
    });
  }

  it("does not make one client wait for another's counter", async () => {
    const [stuck, well] = [faulty.somewhere(), faulty.somewhere()];
    await faulty.fail(`ip:${stuck.address}`, "hangs");
    const order = [];
    const slow = faulty.get("/local/200", stuck).then(() => order.push("stuck"));
    await faulty.get("/local/200", well).then(() => order.push("well"));
    await slow;
    assert.deepEqual(order, ["well", "stuck"]);
  });

  it("gives back what a rule has charged when the counter of another must be had and fails", async () => {
    const { org, client } = faulty.member();
    await faulty.fail(`tenant:${org}`, "throws");
    assert.deepEqual(await faulty.statuses(3, "/both/200", client), [503, 503, 503]);
    await faulty.fail(`tenant:${org}`, "");
    const { status, headers } = await faulty.get("/both/200", client);
    assert.equal(status, 200);
    assert.match(headers.get("RateLimit"), /"both-1d";r=1;.*"org-1d";r=8;/);
  });

  it("says where the client stands under the others when a counter must be had and fails", async () => {
    const { org, client } = faulty.member();
    await faulty.fail(`tenant:${org}`, "throws");
    const { status, headers } = await faulty.get("/both/200", client);
    assert.equal(status, 503);
    assert.match(headers.get("RateLimit"), /^"both-1d";r=2;t=0$/);
  });

  it("refuses for as long as a limit says, whatever other counter fails", async () => {
    const { org, client } = faulty.member();
    assert.deepEqual(await faulty.statuses(2, "/both/200", client), [200, 200]);
    await faulty.fail(`tenant:${org}`, "throws");
    const { status, headers } = await faulty.get("/both/200", client);
    assert.equal(status, 429);
    assert.ok(Number(headers.get("Retry-After")) > 3_600);
  });

  it("gives back what another key was charged also when the client does not wait for its refusal", async () => {
    const { client } = faulty.member();
    const [, claims] = client.token.split(".");
    const { sub } = JSON.parse(Buffer.from(claims, "base64url"));
    assert.deepEqual(await faulty.statuses(2, "/both/200", client), [200, 200]);
    await faulty.fail(`user:${sub}`, "late");
    await faulty.hangUp("/both/200", client, 50);
    await sleep(400);
    await faulty.fail(`user:${sub}`, "");
    assert.match((await faulty.get("/both/200", client)).headers.get("RateLimit"), /"org-1d";r=7;/);
  });

  it("reports a decision without a counter: what was done, and why", async () => {
    const client = faulty.somewhere();
    await faulty.fail(`ip:${client.address}`, "hangs");
    await faulty.get("/closed/200", client);
    const report = faulty.reports("degraded").findLast(({ rule }) => rule === "closed");
    assert.match(report.key, /^[0-9a-f]{12}$/);
    assert.equal(report.key_kind, "ip");
    assert.equal(report.on_error, "closed");
    assert.match(report.reason, new RegExp(`no answer within ${TIMEOUT_MS} ms`));
  });

});

describe("an origin that cannot be reached", () => {
  it("is told of in a few lines a second, and each says how many it stands for", async () => {
    const bouncer = await startWorkerd(policy("http://127.0.0.1:9", { rules: [], default: { limit: "unlimited" } }));
    try {
      const ask = async () => assert.equal((await whole(await fetch(bouncer.url))).status, 502);
      await Promise.all(Array.from({ length: 60 }, ask));
      await sleep(1_100);
      await ask();
      const told = bouncer.logs().split("\n").filter((line) => line.includes("could not be reached"));
      const leftOut = told.map((line) => Number(line.match(/left out before this: (\d+) lines/)?.[1] ?? 0));
      assert.equal(told.length + leftOut.reduce((sum, count) => sum + count), 61);
      assert.ok(told.length < 40, `${told.length} lines`);
    } finally {
      await bouncer.stop();
    }
  });

  it("is charged for, since nothing proves that the origin has done nothing, and the stamp says so", async () => {
    const bouncer = await startDev(policy("http://127.0.0.1:9", { rules: [], default: { limit: "2/day", ...bucket } }));
    try {
      for (const left of [1, 0]) {
        const { status, headers } = await whole(await bouncer.fetch("/"));
        assert.equal(status, 502);
        assert.match(headers.get("RateLimit"), new RegExp(`^"default-1d";r=${left};t=\\d+$`));
      }
      assert.equal((await whole(await bouncer.fetch("/"))).status, 429);
    } finally {
      await bouncer.stop();
    }
  });

  it("is told of in its own lines, whatever else floods the log", async () => {
    const rules = [{ name: "few", match: ["GET /few"], key: "global", limit: "1/day", ...bucket }];
    const bouncer = await startWorkerd(policy("http://127.0.0.1:9", { rules, default: { limit: "unlimited" } }));
    try {
      const ask = async (path) => (await whole(await fetch(new URL(path, bouncer.url)))).status;
      await ask("/few");
      let told = 0;
      for (let second = 0; second < 5; second += 1) {
        const flood = Array.from({ length: 300 }, () => ask("/few"));
        assert.equal(await ask("/else"), 502);
        assert.ok((await Promise.all(flood)).every((status) => status === 429));
        told += 1;
        await sleep(200);
      }
      await sleep(200);
      const lines = bouncer.logs().split("\n").filter((line) => line.includes("could not be reached"));
      assert.equal(lines.length, told + 1, "and the one for the first request");
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
