// What clients read of where they stand: the stamp and the refusal, in every form.
// What is a list by RFC 9651 is read by another implementation than ours.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseList } from "structured-headers";
import { LATE_MS, answering, startScriptedOrigin } from "./support/scripted-origin.mjs";
import { roomInWindow, stampOf } from "./support/stack.mjs";
import { DRAFT, X_RATELIMIT, rule, somewhere, startStamped } from "./support/stamped.mjs";
import { dial } from "./support/wire.mjs";

const PROBLEM = "application/problem+json";
const DAY_S = 86_400;

const RULES = [
  { name: "health", match: ["GET /health"], exempt: true },
  rule("one", "2/day"),
  rule("two", "1/hour;3/day"),
  rule("bucket", "60/minute", { algorithm: "token-bucket", burst: 20 }),
  rule("shut", "0/minute"),
  rule("free", "unlimited"),
  rule("many", "1000/day"),
  { name: "all", match: ["GET /two"], also: true, key: "global", limit: "500/day" },
];

let origin;
before(async () => {
  await roomInWindow(3_600_000, 20_000);
  origin = await startScriptedOrigin();
});
after(() => origin?.stop());

const start = (changes) => startStamped(origin, RULES, changes);

/** What a client of its own gets that asks once more than it may. */
async function refused(bouncer, path, { times, ...init }) {
  const address = somewhere();
  for (let time = 0; time < times; time += 1) assert.equal((await bouncer.ask(path, { address })).status, 200);
  const answer = await bouncer.ask(path, { address, ...init });
  assert.equal(answer.status, 429);
  return answer;
}

const names = (headers) => [...X_RATELIMIT, ...DRAFT].filter((name) => headers.has(name));

/** A list of Strings with parameters, as plain values. */
const items = (text) => parseList(text).map(([name, parameters]) => ({ name, ...Object.fromEntries(parameters) }));

describe("the stamp", () => {
  let bouncer;
  before(async () => (bouncer = await start()));
  after(() => bouncer?.stop());

  it("has, for one limit, an item in each list, and three integers", async () => {
    const before_s = Math.floor(Date.now() / 1_000);
    const { status, headers } = await bouncer.ask("/one");
    const left_s = (Math.floor(before_s / DAY_S) + 1) * DAY_S - before_s;
    assert.equal(status, 200);
    assert.deepEqual(items(headers.get("RateLimit-Policy")), [{ name: "one-1d", q: 2, w: DAY_S }]);
    const [standing, ...others] = items(headers.get("RateLimit"));
    assert.deepEqual([standing.name, standing.r, others], ["one-1d", 1, []]);
    assert.ok(standing.t <= left_s && standing.t >= left_s - 2, `t=${standing.t}, and the day ends in ${left_s} s`);
    assert.deepEqual(X_RATELIMIT.map((name) => headers.get(name)), ["2", "1", String(before_s + left_s)]);
    assert.equal(headers.get("Retry-After"), null);
  });

  it("has, for several limits of several rules, every one by its name, the same each time", async () => {
    await roomInWindow(3_600_000, 5_000);
    const address = somewhere();
    const first = await bouncer.ask("/two", { address });
    const second = await bouncer.ask("/two", { address });
    assert.deepEqual([first.status, second.status], [200, 429]);
    const policies = [
      { name: "two-1h", q: 1, w: 3_600 },
      { name: "two-1d", q: 3, w: DAY_S },
      { name: "all-1d", q: 500, w: DAY_S },
    ];
    for (const { headers } of [first, second]) {
      assert.deepEqual(items(headers.get("RateLimit-Policy")), policies);
      const standings = items(headers.get("RateLimit"));
      assert.deepEqual(standings.map(({ name, r }) => [name, r]), [["two-1h", 0], ["two-1d", 2], ["all-1d", 499]]);
      assert.ok(standings.every(({ t }) => Number.isInteger(t) && t >= 0));
      assert.deepEqual(X_RATELIMIT.slice(0, 2).map((name) => headers.get(name)), ["1", "0"]);
    }
  });

  it("shows a token bucket as its burst and the time to refill it", async () => {
    const { headers } = await bouncer.ask("/bucket");
    assert.deepEqual(items(headers.get("RateLimit-Policy")), [{ name: "bucket-1m", q: 20, w: 20 }]);
    assert.deepEqual(items(headers.get("RateLimit")), [{ name: "bucket-1m", r: 19, t: 1 }]);
  });

  it("is not there, not even empty, where nothing is limited", async () => {
    for (const path of ["/free", "/health"]) assert.deepEqual(names((await bouncer.ask(path)).headers), [], path);
  });
});

describe("the families that the policy chooses", () => {
  for (const [chosen, expected] of [
    [["x-ratelimit"], X_RATELIMIT],
    [["draft"], DRAFT],
    [["draft", "x-ratelimit"], [...X_RATELIMIT, ...DRAFT]],
    [[], []],
  ]) {
    it(`are the only ones: ${JSON.stringify(chosen)}`, async () => {
      const bouncer = await start({ headers: chosen });
      try {
        assert.deepEqual(names((await bouncer.ask("/one")).headers), expected);
        const { headers, text } = await refused(bouncer, "/one", { times: 2 });
        assert.deepEqual(names(headers), expected);
        assert.equal(headers.get("Retry-After"), String(JSON.parse(text).retry_after));
        // Of a family that is not ours nothing is touched.
        const theirs = [["X-RateLimit-Remaining", "soon"], ["RateLimit", "also soon"]];
        const answer = await bouncer.ask(answering("/many", theirs));
        for (const [name, value] of theirs) assert.equal(answer.headers.get(name) === value, !expected.includes(name), name);
      } finally {
        await bouncer.stop();
      }
    });
  }
});

describe("the refusal", () => {
  let bouncer;
  before(async () => (bouncer = await start()));
  after(() => bouncer?.stop());

  it("says when to come back, as early as the limit that refused and no earlier", async () => {
    for (const [path, times, refusing, message] of [
      ["/one", 2, "one-1d", "2 per 1 day"],
      ["/two", 1, "two-1h", "1 per 1 hour"],
      ["/bucket", 20, "bucket-1m", "60 per 1 minute"],
      ["/shut", 0, "shut-1m", "0 per 1 minute"],
    ]) {
      const { headers, text } = await refused(bouncer, path, { times });
      const retry_after = Number(headers.get("Retry-After"));
      const standing = items(headers.get("RateLimit")).find(({ name }) => name === refusing);
      assert.match(headers.get("Retry-After"), /^[1-9]\d*$/);
      assert.ok(retry_after >= standing.t, `${path}: Retry-After ${retry_after}, t=${standing.t}`);
      assert.equal(standing.r, 0);
      assert.equal(text, JSON.stringify({ error: "rate_limit_exceeded", message: `Rate limit exceeded: ${message}`, retry_after }));
      assert.equal(headers.get("Content-Type"), "application/json");
      assert.equal(headers.get("Cache-Control"), "no-store");
    }
  });

  it("is a problem for whoever prefers one, and names the limits that refused as the stamp does", async () => {
    for (const accept of [PROBLEM, `${PROBLEM}, application/json;q=0.9`, `text/html, ${PROBLEM};q=0.5, */*;q=0.4`]) {
      const { headers, text } = await refused(bouncer, "/two", { times: 1, headers: { Accept: accept } });
      assert.equal(headers.get("Content-Type"), PROBLEM, accept);
      assert.equal(headers.get("Cache-Control"), "no-store");
      assert.deepEqual(JSON.parse(text), {
        type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
        title: "Request cannot be satisfied as assigned quota has been exceeded",
        status: 429,
        detail: "Rate limit exceeded: 1 per 1 hour",
        "violated-policies": ["two-1h"],
        retry_after: Number(headers.get("Retry-After")),
      });
    }
    for (const accept of ["*/*", "application/json", `${PROBLEM}, application/json`, `${PROBLEM};q=0, */*`, "text/html", "?,;=/"]) {
      const { headers, text } = await refused(bouncer, "/one", { times: 2, headers: { Accept: accept } });
      assert.equal(headers.get("Content-Type"), "application/json", accept);
      assert.equal(JSON.parse(text).error, "rate_limit_exceeded");
    }
  });

  it("is that of the path, whatever stands behind a # in it", async () => {
    const client = await dial(bouncer.url, "GET /shut#/one HTTP/1.1", "Host: a", `CF-Connecting-IP: ${somewhere()}`);
    assert.equal((await client.json()).status, 429);
  });

  it("has for a HEAD the same headers, the length of what a GET would get, and no body", async () => {
    const address = somewhere();
    const ask = async (method, ...lines) => {
      const client = await dial(bouncer.url, `${method} /one HTTP/1.1`, "Host: a", `CF-Connecting-IP: ${address}`, "Connection: close", ...lines);
      const head = await client.head();
      await client.closed;
      return { head, rest: client.unread() };
    };
    for (let time = 0; time < 2; time += 1) await ask("GET");
    for (const lines of [[], [`Accept: ${PROBLEM}`]]) {
      const [get, head] = [await ask("GET", ...lines), await ask("HEAD", ...lines)];
      assert.deepEqual([get.head.status, head.head.status], [429, 429]);
      assert.equal(head.rest, "");
      assert.equal(get.head.get("Content-Length"), String(get.rest.length));
      const but = ({ head: { lines } }) => lines.filter((line) => !/^(retry-after|ratelimit):/i.test(line)).sort();
      assert.deepEqual(but(head), but(get));
      assert.ok(head.head.get("Retry-After") && head.head.get("RateLimit"));
    }
  });
});

describe("the time a response took", () => {
  const THEIRS = [["Server-Timing", "db;dur=31.5"], ["Server-Timing", 'cache;desc="a, b"']];

  it("is told where the policy says so, after what the origin tells, and of the origin where it was asked", async () => {
    const bouncer = await start({ server_timing: true });
    try {
      const timing = async (...request) => (await bouncer.ask(...request)).headers.get("Server-Timing");
      const [, origin] = (await timing("/late")).match(/^bouncer;dur=\d+, origin;dur=(\d+)$/);
      // Two clocks, each in whole milliseconds.
      assert.ok(Number(origin) >= LATE_MS - 2, origin);
      assert.match(await timing(answering("/health", THEIRS)), /^db;dur=31\.5, cache;desc="a, b", bouncer;dur=\d+, origin;dur=\d+$/);
      assert.match(await timing("/shut"), /^bouncer;dur=\d+$/);
    } finally {
      await bouncer.stop();
    }
  });

  it("is nobody's business otherwise, and the origin's own stays", async () => {
    const bouncer = await start();
    try {
      assert.equal((await bouncer.ask("/one")).headers.get("Server-Timing"), null);
      assert.equal((await bouncer.ask("/shut")).headers.get("Server-Timing"), null);
      assert.equal((await bouncer.ask(answering("/one", THEIRS))).headers.get("Server-Timing"), 'db;dur=31.5, cache;desc="a, b"');
    } finally {
      await bouncer.stop();
    }
  });
});

describe("Bouncer's own answers", () => {
  it("are never cached", async () => {
    const down = await start({ origin: "http://127.0.0.1:1" });
    const wrong = await start({ default: { limit: "5/moment" } });
    try {
      const answers = [await down.ask("/one"), await down.ask("/health"), await down.ask("/shut"), await wrong.ask("/one")];
      assert.deepEqual(answers.map(({ status }) => status), [502, 502, 429, 500]);
      for (const { headers, text } of answers) {
        assert.equal(headers.get("Cache-Control"), "no-store");
        assert.equal(headers.get("Content-Type"), "application/json");
        assert.equal(typeof JSON.parse(text).message, "string");
      }
      assert.notEqual(stampOf(answers[0]).RateLimit, null);
    } finally {
      await Promise.all([down.stop(), wrong.stop()]);
    }
  });
});
