// Where a request came from and where a response leads: the origin learns only what Bouncer knows, and the client only what
// it can reach.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { EMPTY, startPassage } from "./support/passage.mjs";

const NOBODY = "6.6.6.6";

describe("what a client says of itself", () => {
  let passage;
  before(async () => (passage = await startPassage({ api_keys: { header: "X-API-Key", keys: [{ sha256: "0".repeat(64) }] } })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const reached = async (...lines) => (await passage.reach("GET /", ...lines)).seen;

  it("in any spelling that another proxy vouches for does not reach the origin", async () => {
    const lines = [
      `Forwarded: for=${NOBODY};host=evil.example;proto=https`, "X-Forwarded-Port: 444", "X-Forwarded-Prefix: /evil",
      "X-Forwarded-Server: evil.example", `X-Forwarded-By: ${NOBODY}`, "X-Forwarded-Scheme: gopher", "X-Forwarded-User: root",
      `X-Client-IP: ${NOBODY}`, `X-Cluster-Client-IP: ${NOBODY}`, `Fastly-Client-IP: ${NOBODY}`, `Client-IP: ${NOBODY}`,
      `X-Original-Forwarded-For: ${NOBODY}`, "X-Original-Host: evil.example", "X-Host: evil.example", "X-HTTP-Host-Override: evil.example",
      `X-Remote-Addr: ${NOBODY}`, `WL-Proxy-Client-IP: ${NOBODY}`, "Front-End-Https: on", "X-Original-URL: /login", "X-Rewrite-URL: /login",
    ];
    const seen = await reached(...lines, "X-Kept: 1");
    assert.deepEqual(seen.lines.filter((line) => lines.includes(line)), []);
    assert.equal(seen.get("X-Kept"), "1");
  });

  it("of its address becomes the one that is known, where origins read it", async () => {
    const seen = await reached(`X-Real-IP: ${NOBODY}`, `True-Client-IP: ${NOBODY}`, `X-Real-IP: ${NOBODY}`);
    for (const name of ["X-Real-IP", "True-Client-IP"]) assert.deepEqual(seen.all(name), ["203.0.113.7"], name);
    for (const name of ["X-Real-IP", "True-Client-IP"]) assert.equal((await reached()).get(name), undefined, name);
  });

  it("with _ for - is the same to whoever makes variables of headers, and does not pass for another name", async () => {
    const lines = [
      `X_Forwarded_For: ${NOBODY}`, `X-Forwarded_For: ${NOBODY}`, "X_Forwarded_Host: evil.example", "X_Bouncer_Secret: guessed", "X-Bouncer_Secret: guessed",
      `X_Real_IP: ${NOBODY}`, "X_Original_URL: /login", "Transfer_Encoding: chunked", "Content_Length: 5", "X_API_Key: another", `CF_Connecting_IP: ${NOBODY}`,
      "Proxy_Authorization: Basic Og==", "CDN_Loop: other",
    ];
    const seen = await reached(...lines, "X_Kept: 1", "x_forwarded: 1");
    assert.deepEqual(seen.lines.filter((line) => /_/.test(line)), ["X_Kept: 1"]);
    assert.deepEqual(seen.all("X-Forwarded-For"), ["203.0.113.7"]);
  });

  it("in Connection takes away nothing that the edge set, and nothing by which it is counted", async () => {
    const names = ["CF-Connecting-IP", "CF-Ray", "X-Forwarded-For", "X_Forwarded_For", "X-Forwarded-Proto", "CDN-Loop", "Authorization", "Cookie", "X-API-Key", "Content-Type", "Host"];
    const kept = ["CF-Ray: 1", "Authorization: Basic Og==", "Cookie: a=1", "X-API-Key: k", "Content-Type: text/plain"];
    const seen = await reached(`Connection: ${names.join(", ")}, X-Hop`, ...kept, "X-Hop: 1", `X-Forwarded-For: ${NOBODY}`);
    for (const line of kept) assert.ok(seen.lines.includes(line), line);
    assert.equal(seen.get("X-Hop"), undefined);
    assert.equal(seen.get("CF-Connecting-IP"), "203.0.113.7");
    assert.deepEqual(seen.all("X-Forwarded-For"), [`${NOBODY}, 203.0.113.7`]);
    assert.match(seen.get("CDN-Loop"), /^bouncer-[0-9a-f]{16}$/);
  });

  it("twice and at length is passed on behind it, whole", async () => {
    const long = "x".repeat(100_000);
    const seen = await reached(`CDN-Loop: ${long}`, "CDN-Loop: other", `X-Forwarded-For: ${NOBODY}, ${long}`);
    assert.match(seen.get("CDN-Loop").replace(long, "LONG"), /^LONG, other, bouncer-[0-9a-f]{16}$/);
    assert.equal(seen.get("X-Forwarded-For"), `${NOBODY}, ${long}, 203.0.113.7`);
  });

  it("of a loop is found at whatever length", async () => {
    const name = (await reached()).get("CDN-Loop");
    const client = await passage.send("GET /", `CDN-Loop: ${"x,".repeat(50_000)} ${name} ;v=1`);
    assert.equal((await client.json()).error, "loop_detected");
  });

  it("of its host is the host alone, also for OPTIONS *", async () => {
    for (const start of ["OPTIONS *", "GET *", "GET http://other.example", "GET http://user:pw@other.example/x"]) {
      const { seen } = await passage.reach(start);
      assert.deepEqual(seen.all("X-Forwarded-Host"), ["api.example.com"], start);
    }
  });

  it("of its host is refused where it is none", async () => {
    for (const host of ["a?b", "a#b", "user@a", "a\\b", "a b", "a%41", "a*", "a,b"]) {
      const client = await passage.sendLines(["GET /login HTTP/1.1", `Host: ${host}`, "CF-Connecting-IP: 203.0.113.7"]);
      const { status, error } = await client.json();
      assert.deepEqual([status, error], [400, "bad_request"], host);
    }
    const twice = await passage.sendLines(["GET /login HTTP/1.1", "Host: a", "Host: b"]);
    assert.equal((await twice.json()).error, "bad_request");
    assert.equal(passage.origin.count(), 0);
  });

  it("of its target is refused where it is longer than 16,384 bytes", async () => {
    const at = async (bytes) => passage.send(`GET /${"y".repeat(bytes - 1)}`);
    for (const bytes of [16_385, 17_000, 60_000]) {
      const { status, error } = await (await at(bytes)).json();
      assert.deepEqual([status, error], [414, "uri_too_long"], String(bytes));
    }
    assert.equal(passage.origin.count(), 0);
    const { seen } = await passage.reach(`GET /${"y".repeat(16_383)}`);
    assert.equal(seen.start.length, "GET /base/ HTTP/1.1".length + 16_383);
  });

  it("never makes Cloudflare or the runtime say more than the client did", async () => {
    const seen = await reached("Cache-Control: max-age=0", "Authorization: Basic Og==");
    assert.deepEqual([seen.all("Cache-Control"), seen.get("Pragma")], [["max-age=0"], undefined]);
    const plain = await reached();
    assert.deepEqual([plain.get("Cache-Control"), plain.get("Pragma")], [undefined, undefined]);
  });
});

describe("the origin's own address", () => {
  const answered = async (passage, name, value) => {
    const { head } = await passage.answered(EMPTY.replace("200 OK", `307 Elsewhere\r\n${name}: ${value}`));
    return head.get(name);
  };

  it("comes back as the client's, wherever the origin took it from, and other addresses stay", async () => {
    const passage = await startPassage();
    try {
      const { host } = new URL(passage.origin.url);
      for (const name of ["Location", "Content-Location"]) {
        for (const [theirs, ours] of [
          [`http://${host}/base/items/?q=1`, "http://api.example.com/items/?q=1"],
          [`//${host}/base/items/`, "//api.example.com/items/"],
          ["/base/items/", "/items/"],
          ["http://api.example.com/base/items/", "http://api.example.com/items/"],
          ["/base//evil.example/", "http://api.example.com//evil.example/"],
          ["https://other.example/base/", "https://other.example/base/"],
          [`http://${host}/elsewhere`, `http://${host}/elsewhere`],
          ["items/", "items/"],
        ]) {
          assert.equal(await answered(passage, name, theirs), ours, theirs);
          passage.forget();
        }
      }
      const refreshed = await answered(passage, "Refresh", `5; url=http://${host}/base/a`);
      assert.equal(refreshed, "5; url=http://api.example.com/a");
    } finally {
      await passage.stop();
    }
  });

  it("stays where the policy says so", async () => {
    const passage = await startPassage({ rewrite_locations: false });
    try {
      const theirs = `${passage.origin.url}/base/items/`;
      assert.equal(await answered(passage, "Location", theirs), theirs);
    } finally {
      await passage.stop();
    }
  });
});
