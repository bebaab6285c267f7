// What the network between Bouncer and the origin is told, and what it does by itself.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { EMPTY, startPassage } from "./support/passage.mjs";
import { sleep } from "./support/stack.mjs";

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

describe("a request whose connections the origin closes before it answers", () => {
  const limits = { default: { limit: "1000/day", key: "ip", algorithm: "token-bucket" } };
  const KEPT = 3;
  const passages = {};
  before(async () => {
    for (const empty_bodies of ["length", "chunked"]) passages[empty_bodies] = await startPassage({ ...limits, empty_bodies });
  });
  afterEach(() => Object.values(passages).forEach((passage) => passage.forget()));
  after(() => Promise.all(Object.values(passages).map((passage) => passage.stop())));

  const CLOSING = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

  /** What the client has left, found out on a connection that is not kept. */
  async function left(passage) {
    const { client, wire } = await passage.reach("GET /left");
    await wire.write(CLOSING);
    wire.socket.end();
    return Number((await client.json()).head.get("X-RateLimit-Remaining"));
  }

  /** How often the origin gets a request while it has so many kept connections, and what is charged for it. */
  async function sent(passage, kept, method, ...lines) {
    return sentWhileIt((wire) => wire.socket.end(), passage, kept, method, ...lines);
  }

  /** The same of an origin that breaks them like this. */
  async function sentWhileIt(breaks, passage, kept, method, ...lines) {
    const { origin } = passage;
    const before = await left(passage);
    const first = [];
    for (let made = 0; made < kept; made += 1) first.push(await passage.reach("GET /first"));
    for (const { client, wire } of first) {
      await wire.write(EMPTY);
      assert.equal((await client.head()).status, 200);
    }
    let times = 0;
    const take = async (wire) => {
      const { start } = await wire.head();
      assert.equal(start, `${method} /base/second HTTP/1.1`);
      times += 1;
      await breaks(wire);
    };
    for (const { wire } of first) take(wire).catch(() => {});
    const client = await passage.send(`${method} /second`, "Connection: close", ...lines);
    const answer = client.head();
    for (;;) {
      const next = await Promise.race([origin.connection(), answer]);
      if (next.status === undefined) {
        await take(next);
        continue;
      }
      assert.equal(next.status, 502);
      passage.forget();
      return { times, charged: before - kept - Number(next.get("X-RateLimit-Remaining")) };
    }
  }

  const chargedOnce = (times) => ({ times, charged: 1 });

  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]) {
    it(`is sent by the runtime on every kept connection and on a new one, if it is a ${method} without a body, and charged once`, async () => {
      for (const kept of [1, KEPT]) assert.deepEqual(await sent(passages.length, kept, method), chargedOnce(kept + 1));
    });
  }
  for (const [how, breaks] of Object.entries({
    "resets it": (wire) => wire.reset(),
    "sends half a head and closes it": (wire) => wire.write("HTTP/1.1 200 OK\r\nContent-Le").then(() => wire.socket.end()),
    "works for a while and closes it": (wire) => sleep(200).then(() => wire.socket.end()),
  })) {
    it(`is sent as often, if the origin ${how} each time`, async () => {
      for (const method of ["GET", "DELETE"]) assert.deepEqual(await sentWhileIt(breaks, passages.length, KEPT, method), chargedOnce(KEPT + 1));
      assert.deepEqual(await sentWhileIt(breaks, passages.chunked, KEPT, "DELETE"), chargedOnce(1));
    });
  }
  for (const [method, ...lines] of [["POST"], ["PATCH"], ["PROPFIND"], ["PUT", "Content-Length: 1", "", "x"], ["DELETE", "Content-Length: 1", "", "x"]]) {
    it(`is sent once, if it is a ${method} ${lines.length > 0 ? "with" : "without"} a body`, async () => {
      assert.deepEqual(await sent(passages.length, KEPT, method, ...lines), chargedOnce(1));
    });
  }
  for (const method of ["OPTIONS", "PUT", "DELETE"]) {
    for (const lines of [[], ["Content-Length: 0"]]) {
      it(`is sent once, if it is a ${method} ${lines[0] ?? "without a length"} and empty bodies go in chunks`, async () => {
        assert.deepEqual(await sent(passages.chunked, KEPT, method, ...lines), chargedOnce(1));
      });
    }
  }
  it("is sent once, if the origin keeps no connection", async () => {
    for (const method of ["GET", "DELETE"]) assert.deepEqual(await sent(passages.length, 0, method), chargedOnce(1));
  });

  it("has a last chunk alone for its body where the policy says so, and is answered like any other", async () => {
    for (const [method, lines, framing] of [
      ["DELETE", [], "chunked"],
      ["DELETE", ["Content-Length: 0"], "chunked"],
      ["PUT", [], "chunked"],
      ["OPTIONS", [], "chunked"],
      ["GET", [], undefined],
      ["POST", ["Content-Length: 0"], undefined],
    ]) {
      const { client, wire, seen } = await passages.chunked.reach(`${method} /`, ...lines);
      assert.equal(seen.get("Transfer-Encoding"), framing, method);
      if (framing === "chunked") {
        assert.equal(seen.get("Content-Length"), undefined);
        assert.equal((await wire.chunk()).length, 0);
      }
      await wire.write(CLOSING);
      wire.socket.end();
      assert.equal((await client.json()).status, 200);
    }
  });
});
