// What the network between Bouncer and the origin is told, and what it does by itself.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { EMPTY, startPassage } from "./support/passage.mjs";

describe("the network", () => {
  // Only Cloudflare's reads `cf`; here the origin is told.
  const PRELUDE = `
    const { fetch: send } = globalThis;
    globalThis.fetch = (request, init) => {
      request.headers.set("X-Told", JSON.stringify(init.cf));
      return send(request, init);
    };
  `;
  const api_keys = { header: "X-API-Key", keys: [{ sha256: "0".repeat(64) }] };
  const CREDENTIALS = ["Authorization: Basic Og==", "Cookie: a=1", "X-API-Key: k"];

  for (const [zone_cache, stored] of [[false, [false, false, false, false]], [true, [true, false, false, false]]]) {
    it(`stores ${zone_cache ? "only what nobody is named for" : "nothing"} with zone_cache = ${zone_cache}`, async () => {
      const passage = await startPassage({ api_keys, zone_cache, rules: [] }, { prelude: PRELUDE });
      try {
        const found = [];
        for (const lines of [[], ...CREDENTIALS.map((line) => [line])]) {
          const { seen } = await passage.reach("GET /a.jpg", ...lines);
          found.push(JSON.parse(seen.get("X-Told")).cacheTtl !== -1);
          assert.deepEqual([seen.get("Cache-Control"), seen.get("Pragma")], [undefined, undefined]);
          passage.forget();
        }
        assert.deepEqual(found, stored);
      } finally {
        await passage.stop();
      }
    });
  }

  it("is not Cloudflare's here, so clients do not choose where their requests go", async () => {
    const passage = await startPassage({ origin_host: "client" }, { prelude: PRELUDE });
    try {
      const { seen } = await passage.reach("GET /");
      assert.equal(seen.get("Host"), new URL(passage.origin.url).host);
      assert.equal(seen.get("X-Forwarded-Host"), "api.example.com");
      assert.deepEqual(JSON.parse(seen.get("X-Told")), { cacheTtl: -1 });
    } finally {
      await passage.stop();
    }
  });
});

describe("a kept connection that the origin closes before it answers", () => {
  let passage;
  before(async () => (passage = await startPassage({ default: { limit: "1000/day", key: "ip", algorithm: "token-bucket" } })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  /** How often the origin gets a request whose connection it closes each time, and what is left behind it. */
  async function sent(method, ...lines) {
    const { client, wire } = await passage.reach("GET /first");
    await wire.write(EMPTY);
    const before = Number((await client.head()).get("X-RateLimit-Remaining"));
    const next = (async () => {
      await client.write(`${method} /second HTTP/1.1\r\nHost: a\r\nCF-Connecting-IP: 203.0.113.7\r\nConnection: close\r\n${lines.join("\r\n")}${lines.length === 3 ? "" : "\r\n"}`);
      return client.head();
    })();
    let times = 0;
    let at = wire;
    for (;;) {
      const head = await Promise.race([at.head(), next]);
      if (head.status === 502) return { times, charged: before - Number(head.get("X-RateLimit-Remaining")) };
      assert.equal(head.start, `${method} /base/second HTTP/1.1`);
      times += 1;
      at.socket.end();
      at = await Promise.race([passage.origin.connection(), next.then(() => ({ head: () => next }))]);
    }
  }

  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]) {
    it(`gets a ${method} without a body a second time from the runtime, which is charged once`, async () => {
      assert.deepEqual(await sent(method), { times: 2, charged: 1 });
    });
  }
  for (const [method, ...lines] of [["POST"], ["PATCH"], ["PROPFIND"], ["PUT", "Content-Length: 1", "", "x"], ["DELETE", "Content-Length: 1", "", "x"]]) {
    it(`gets a ${method} ${lines.length > 0 ? "with" : "without"} a body once`, async () => {
      assert.deepEqual(await sent(method, ...lines), { times: 1, charged: 1 });
    });
  }
});
