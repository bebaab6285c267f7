// What clients read of where they stand: the stamp and the refusal, in every form, and beside an origin that limits too.
// What is a list by RFC 9651 is read by another implementation than ours.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseList } from "structured-headers";
import { LATE_MS, answering, startScriptedOrigin } from "./support/scripted-origin.mjs";
import { policy, roomInWindow, stampOf, whole } from "./support/stack.mjs";
import { dial } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const X_RATELIMIT = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];
const DRAFT = ["RateLimit", "RateLimit-Policy"];
const PROBLEM = "application/problem+json";
const DAY_S = 86_400;

const rule = (name, limit, more = {}) => ({ name, match: [`GET /${name}`], key: "ip", limit, ...more });
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
before(async () => (origin = await startScriptedOrigin()));
after(() => origin?.stop());

let clients = 0;
const somewhere = () => `2001:db8:${(clients += 1).toString(16)}::1`;

/** The Worker under these rules, and requests of a client of its own where none is named. */
async function start(changes = {}) {
  const bouncer = await startWorkerd(policy(origin.url, { rules: RULES, default: { limit: "5/day", key: "ip" }, ...changes }));
  const ask = async (path, { address = somewhere(), headers = {}, ...init } = {}) =>
    whole(await fetch(new URL(path, bouncer.url), { ...init, headers: { "CF-Connecting-IP": address, ...headers } }));
  return { ...bouncer, ask };
}

/** What a client of its own gets that asks once more than it may. */
async function refused(bouncer, path, { times, ...init }) {
  const address = somewhere();
  for (let time = 0; time < times; time += 1) assert.equal((await bouncer.ask(path, { address })).status, 200);
  const answer = await bouncer.ask(path, { address, ...init });
  assert.equal(answer.status, 429);
  return answer;
}

const names = (headers) => [...X_RATELIMIT, ...DRAFT].filter((name) => headers.has(name));
/** The lists, with the seconds of our own item left out, since they pass. */
const draft = (headers) => Object.fromEntries(DRAFT.map((name) => [name, headers.get(name)?.replace(/^("many-1d";r=999;t=)\d+/, "$1…")]));

/** A list of Strings with parameters, as plain values. */
const items = (text) => parseList(text).map(([name, parameters]) => ({ name, ...Object.fromEntries(parameters) }));

describe("the stamp", () => {
  let bouncer;
  before(async () => (bouncer = await start()));
  after(() => bouncer?.stop());

  it("has, for one limit, an item in each list, and three integers", async () => {
    await roomInWindow(DAY_S * 1_000, 10_000);
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

describe("beside an origin that limits too", () => {
  let bouncer;
  before(async () => (bouncer = await start()));
  after(() => bouncer?.stop());

  const beside = async (headers, path = "/many") => (await bouncer.ask(answering(path, headers))).headers;
  const trio = (...values) => X_RATELIMIT.map((name, index) => [name, values[index]]);

  it("the stricter set of three stays, as a set", async () => {
    const ours = await beside([]);
    const [, , ourReset] = X_RATELIMIT.map((name) => ours.get(name));
    const read = async (...values) => {
      const headers = await beside(trio(...values));
      return X_RATELIMIT.map((name) => headers.get(name));
    };
    assert.deepEqual(await read("5", "998", "1"), ["5", "998", "1"]);
    assert.deepEqual(await read("9999", "0", "1"), ["9999", "0", "1"]);
    const later = String(Number(ourReset) + 1);
    assert.deepEqual(await read("5000", "999", later), ["5000", "999", later]);
    for (const laxer of [["5", "1000", later], ["5", "999", ourReset], ["5", "999", "0"], ["5", "plenty", later]]) {
      assert.deepEqual(await read(...laxer), ["1000", "999", ourReset], String(laxer));
    }
  });

  it("its items stay beside ours, and of two with one name the stricter", async () => {
    const ours = draft(await beside([]));
    const lists = async (policies, standings) => draft(await beside([["RateLimit-Policy", policies], ["RateLimit", standings]]));
    assert.deepEqual(await lists('"plan";q=100;w=60;pk=:YQ==:', '"plan"; r=7;t=5'), {
      "RateLimit-Policy": `${ours["RateLimit-Policy"]},"plan";q=100;w=60;pk=:YQ==:`,
      RateLimit: `${ours.RateLimit},"plan"; r=7;t=5`,
    });
    assert.deepEqual(await lists(`"many-1d";q=5;w=${DAY_S}`, '"many-1d";r=4;t=1'), {
      "RateLimit-Policy": `"many-1d";q=5;w=${DAY_S}`,
      RateLimit: '"many-1d";r=4;t=1',
    });
    assert.deepEqual(await lists('"many-1d";q=1000;w=60', '"many-1d";r=1000;t=1'), ours);
    const twice = await beside([["RateLimit", '"a";r=1'], ["RateLimit", '"b";r=2']]);
    assert.equal(draft(twice).RateLimit, `${ours.RateLimit},"a";r=1,"b";r=2`);
  });

  it("what another implementation does not read as a list of Strings is dropped, and all else is kept", async () => {
    const parameters = ["", ";r=1", ";r=-1;t=2", "; r=1", " ;r=1", ";r= 1", ";R=1", ";r=", ";r=1.5", ";r=1.2345", ";r=1.", ";r=.5"];
    parameters.push(";*", ";r=?1", ";r=?2", ";r=:YQ==:", ";r=:YQ==", ";r=tok/en:1", ";r=@1", ";r=@1.5", ';r="x,y"', ';r="', ";r=()");
    parameters.push(";r=1234567890123456", ";r=123456789012345", ";r=1234567890123.1", ';r=%"f%c3%bc"', ';r=%"%C3"', ';r=%"%ff"', ";;");
    const values = parameters.map((text) => `"a"${text}`);
    values.push("a", "1", "?1", "()", '("a")', '("a" "b");r=1', '"a", "b"', '"a","b";r=2', '"a",', ',"a"', '"a",,"b"', '"a" "b"', '"a', "'a'");
    values.push('"a\\"b"', '"a\\\\"', '"a\\n"', '""', "limit=100, remaining=50, reset=5", "100, 100;w=60", '"a";r=1, b', "*", ":YQ==:", "@1");
    const seen = { kept: 0, dropped: 0 };
    for (const value of values) {
      let isList = true;
      try {
        isList = parseList(value).every(([member]) => typeof member === "string");
      } catch {
        isList = false;
      }
      seen[isList ? "kept" : "dropped"] += 1;
      const headers = await beside(DRAFT.map((name) => [name, value]));
      for (const name of DRAFT) {
        const [ours, ...theirs] = parseList(headers.get(name));
        assert.equal(ours[0], "many-1d");
        assert.deepEqual(theirs, isList ? parseList(value) : [], `${name}: ${value}: ${headers.get(name)}`);
      }
    }
    assert.ok(seen.kept >= 15 && seen.dropped >= 30, JSON.stringify(seen));
  });

  it("an exempt or unlimited response keeps the origin's headers as they are, whatever they are", async () => {
    const theirs = [...trio("5", "plenty", "soon"), ["RateLimit", "limit=1"], ["RateLimit-Policy", "1;w=1"], ["Retry-After", "7"]];
    for (const path of ["/health", "/free"]) {
      const headers = await beside(theirs, path);
      for (const [name, value] of theirs) assert.equal(headers.get(name), value, `${path} ${name}`);
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
