// Lists of addresses that are exempt, or refused.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startHttpServer } from "./support/http-server.mjs";
import { policy, startBouncer, stampOf, whole } from "./support/stack.mjs";

describe("lists of addresses", () => {
  let origin, bouncer;
  let hits = 0;
  before(async () => {
    origin = await startHttpServer((request, response) => {
      hits += 1;
      response.end("here");
    });
    const lists = { allow: ["198.51.100.7", "2001:db8:7::/48", "203.0.113.9"], deny: ["203.0.113.0/24", "2001:db8:bad::/48"] };
    bouncer = await startBouncer(policy(origin.url, { ...lists, rules: [], default: { limit: "2/day", key: "ip" }, unverified: "refuse" }));
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  const get = async (address, init = {}) => whole(await bouncer.fetch("/", { address, ...init }));

  it("let pass who is allowed, uncounted, unstamped, and whatever credential comes along", async () => {
    for (const address of ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8:7:1::1"]) {
      for (let tries = 0; tries < 4; tries += 1) {
        const { status, text, headers } = await get(address, { token: "x.y.z" });
        assert.deepEqual([status, text], [200, "here"], address);
        assert.ok(Object.values(stampOf({ headers })).every((value) => value === null));
      }
    }
  });

  it("refuse who is denied, also if allowed, with 403 and without the origin", async () => {
    const before = hits;
    for (const address of ["203.0.113.1", "::ffff:203.0.113.1", "2001:db8:bad::1", "203.0.113.9"]) {
      const { status, text, headers } = await get(address);
      assert.equal(status, 403, address);
      assert.deepEqual(JSON.parse(text), { error: "denied", message: "Requests from this address are refused." });
      assert.equal(headers.get("Cache-Control"), "no-store");
      assert.equal(headers.get("RateLimit"), null);
    }
    assert.equal(hits, before);
  });

  it("believe no header that names another address", async () => {
    const claimed = { headers: { "X-Forwarded-For": "198.51.100.7", Forwarded: "for=198.51.100.7", "X-Real-IP": "198.51.100.7" } };
    const statuses = [];
    for (let tries = 0; tries < 3; tries += 1) statuses.push((await get("192.0.2.50", claimed)).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });

  it("leave everybody else as they are", async () => {
    const statuses = [];
    for (let tries = 0; tries < 3; tries += 1) statuses.push((await get("2001:db8:8::1")).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});
