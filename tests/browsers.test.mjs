// What a page's script can read, in a real browser, and what browsers ask beforehand.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { browser } from "../scripts/clients.mjs";
import { startPages } from "./support/browser.mjs";
import { answering, startScriptedOrigin } from "./support/scripted-origin.mjs";
import { policy, whole } from "./support/stack.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const STAMP = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"];
const READABLE = [...STAMP, "Retry-After", "X-Total"];
const APP = "https://app.example.com";

let origin;
before(async () => (origin = await startScriptedOrigin()));
after(() => origin?.stop());

const start = (changes) => {
  const rules = [
    { name: "health", match: ["GET /health"], exempt: true },
    { name: "shut", match: ["* /shut"], limit: "0/minute" },
    { name: "once", match: ["* /once"], limit: "1/day" },
  ];
  return startWorkerd(policy(origin.url, { rules, default: { limit: "100/day", key: "ip" }, ...changes }));
};

/** What an API answers that lets pages from there read it, with a header of its own to be read. */
const allowing = (from) => [
  ["Access-Control-Allow-Origin", from],
  ["Access-Control-Allow-Credentials", "true"],
  ["Access-Control-Allow-Methods", "PUT"],
  ["Access-Control-Allow-Headers", "X-Custom"],
  ["Access-Control-Expose-Headers", "X-Total"],
  ["X-Total", "42"],
];

const { skip = false } = browser();

describe("a page's script", { skip }, () => {
  let pages;
  let others;
  before(async () => ([pages, others] = [await startPages(), await startPages()]));
  after(() => [pages, others].forEach((server) => server?.stop()));

  /** Under this policy for pages, what a page from there reads of these requests. */
  async function reads(from, cors, requests) {
    const bouncer = await start({ cors });
    try {
      return await from.reads(requests.map(({ path, ...init }) => ({ ...init, url: bouncer.url + path })), READABLE);
    } finally {
      await bouncer.stop();
    }
  }

  const withCookies = { credentials: "include" };

  it("reads where it stands and, when it is refused, when to come back", async () => {
    const path = answering("/once", allowing(pages.origin));
    const get = { path, ...withCookies };
    const [served, refused] = await reads(pages, { origins: [pages.origin], credentials: true }, [get, get]);
    assert.deepEqual([served.status, served.text], [200, "the origin's /once"]);
    assert.equal(served.headers["X-Total"], "42");
    assert.match(served.headers.RateLimit, /^"once-1d";r=0;t=\d+$/);
    assert.equal(refused.status, 429);
    assert.ok(STAMP.every((name) => refused.headers[name] !== null), JSON.stringify(refused));
    assert.equal(JSON.parse(refused.text).retry_after, Number(refused.headers["Retry-After"]));
  });

  it("is not charged for what the browser asks beforehand", async () => {
    const path = answering("/once", allowing(pages.origin));
    const put = { path, method: "PUT", headers: { "X-Custom": "1" }, body: "x" };
    origin.seen.length = 0;
    const [served, refused] = await reads(pages, { origins: [pages.origin] }, [put, put]);
    assert.deepEqual([served.status, refused.status], [200, 429]);
    assert.match(refused.headers.RateLimit, /^"once-1d";r=0;t=\d+$/);
    const methods = origin.seen.map(({ method }) => method);
    assert.equal(methods[0], "OPTIONS");
    assert.deepEqual(methods.filter((method) => method !== "OPTIONS"), ["PUT"]);
  });

  it("reads nothing when its page is not allowed, or no page is", async () => {
    const get = { path: "/shut" };
    const unreadable = [{ error: "TypeError" }];
    assert.deepEqual(await reads(others, { origins: [pages.origin] }, [get]), unreadable);
    assert.deepEqual(await reads(pages, undefined, [get]), unreadable);
    assert.deepEqual(await reads(pages, { origins: [pages.origin] }, [{ ...get, ...withCookies }]), unreadable);
    const [refused] = await reads(pages, { origins: [pages.origin] }, [get]);
    assert.equal(refused.status, 429);
  });

  it("reads from anywhere where anywhere is allowed, without credentials", async () => {
    const found = await reads(others, { origins: "*" }, [{ path: "/shut" }, { path: "/shut", ...withCookies }]);
    assert.equal(found[0].headers["Retry-After"], "60");
    assert.deepEqual(found[1], { error: "TypeError" });
  });
});

describe("the headers that browsers look at", () => {
  const servers = [];
  after(() => Promise.all(servers.map((server) => server.stop())));

  async function under(changes) {
    const bouncer = await start(changes);
    servers.push(bouncer);
    return async (path, init) => whole(await fetch(new URL(path, bouncer.url), init));
  }
  const PREFLIGHT = { method: "OPTIONS", headers: { Origin: APP, "Access-Control-Request-Method": "PUT" } };

  it("let a preflight pass uncounted and unstamped only where pages are allowed", async () => {
    const withPages = await under({ cors: { origins: [APP] } });
    for (let time = 0; time < 3; time += 1) {
      const { status, headers } = await withPages("/once", PREFLIGHT);
      assert.equal(status, 200);
      for (const name of [...STAMP, "Access-Control-Expose-Headers"]) assert.equal(headers.get(name), null, name);
    }
    // Neither of these is one.
    const { Origin } = PREFLIGHT.headers;
    assert.equal((await withPages("/shut", { method: "OPTIONS", headers: { Origin } })).status, 429);
    assert.equal((await withPages("/shut", { ...PREFLIGHT, method: "PUT" })).status, 429);

    const without = await under({});
    assert.equal((await without("/once", PREFLIGHT)).headers.get("X-RateLimit-Remaining"), "0");
    assert.equal((await without("/once", PREFLIGHT)).status, 429);
  });

  it("are on every response and every answer of Bouncer's own, beside the origin's", async () => {
    const ask = await under({ cors: { origins: [APP], credentials: true }, headers: ["draft"] });
    const ours = "RateLimit, RateLimit-Policy, Retry-After";
    const exposed = async (path, headers = {}) => (await ask(path, { headers })).headers.get("Access-Control-Expose-Headers");
    assert.equal(await exposed("/anything"), ours);
    assert.equal(await exposed("/health"), ours);
    assert.equal(await exposed(answering("/anything", [["Access-Control-Expose-Headers", "ETag, ratelimit"]])), "ETag, ratelimit, RateLimit-Policy, Retry-After");
    assert.equal(await exposed("/shut", { Origin: APP }), ours);
    const refused = await ask("/shut", { headers: { Origin: APP } });
    const allowed = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Vary"].map((name) => refused.headers.get(name));
    assert.deepEqual(allowed, [APP, "true", "Origin"]);
    const other = await ask("/shut", { headers: { Origin: "https://evil.example" } });
    assert.deepEqual([other.headers.get("Access-Control-Allow-Origin"), other.headers.get("Vary")], [null, "Origin"]);
    // What the origin allows is its own affair.
    assert.equal((await ask("/anything", { headers: { Origin: APP } })).headers.get("Access-Control-Allow-Origin"), null);
  });

  it("are on the answer for an origin that is down", async () => {
    const ask = await under({ cors: { origins: [APP] }, origin: "http://127.0.0.1:1" });
    const { status, headers } = await ask("/anything", { headers: { Origin: APP } });
    assert.deepEqual([status, headers.get("Access-Control-Allow-Origin")], [502, APP]);
    assert.notEqual(headers.get("RateLimit"), null);
  });
});
