// The proxy is transparent: what the origin sees of a request, and which requests workerd refuses by itself.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { chunk, startPassage } from "./support/passage.mjs";

describe("requests through the proxy", () => {
  let passage;
  before(async () => (passage = await startPassage()));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "REPORT", "PURGE", "QUERY"];
  for (const method of METHODS) {
    it(`of method ${method} keep it`, async () => {
      const { seen } = await passage.reach(`${method} /a`);
      assert.equal(seen.start, `${method} /base/a HTTP/1.1`);
    });
  }
  for (const [method, ...lines] of [["POST", "Content-Length: 3"], ["OPTIONS", "Access-Control-Request-Method: GET"], ["PURGE"], ["HEAD"]]) {
    it(`of method ${method} keep it when they ask for a WebSocket, which only a GET can`, async () => {
      const { client, wire, seen } = await passage.reach(`${method} /a`, "Connection: Upgrade", "Upgrade: websocket", ...lines);
      assert.deepEqual([seen.start, seen.get("Upgrade")], [`${method} /base/a HTTP/1.1`, undefined]);
      if (method !== "POST") return;
      await client.write("abc");
      assert.equal((await wire.body(seen)).toString(), "abc");
    });
  }
  it("of method HEAD may say a length, which means nothing", async () => {
    for (const line of ["Content-Length: 0", "Content-Length: 3", "Transfer-Encoding: chunked"]) {
      const { seen } = await passage.reach("HEAD /a", line, "Connection: close");
      assert.equal(seen.start, "HEAD /base/a HTTP/1.1", line);
    }
  });
  it("of a method that workerd does not know are refused by it", async () => {
    for (const method of ["BREW", "get", "M-SEARCH"]) {
      const client = await passage.send(`${method} /`);
      assert.equal((await client.head()).status, 501, method);
    }
    assert.equal(passage.origin.count(), 0);
  });

  const VALUES = ["plain", "", "caf\xe9 \xff\x80", "a\tb", ",,", "a, b,c", '"quoted, \\" value"', "=;:/?@", "y".repeat(7000)];
  const PAIRS = VALUES.map((value, index) => `X-Value-${index}: ${value}`);
  const DUPLICATES = ["X-Twice: a", "X-Twice: b, c"];
  const same = (head) => {
    for (const [index, value] of VALUES.entries()) assert.deepEqual(head.all(`X-Value-${index}`), [value]);
    assert.deepEqual(head.all("X-Twice"), ["a", "b, c"]);
  };
  it("and answers keep every legal value of a header, and how often it is there", async () => {
    const { client, wire, seen } = await passage.reach("GET /", ...PAIRS, ...DUPLICATES);
    same(seen);
    await wire.write(["HTTP/1.1 200 OK", ...PAIRS, ...DUPLICATES, "Content-Length: 0", "", ""].join("\r\n"));
    same(await client.head());
  });

  const HOPS = ["Keep-Alive: timeout=9", "Proxy-Connection: keep-alive", "TE: trailers", "Trailer: X-Sum", "Upgrade: h2c", "X-Hop: 1", "X-Other: 1"];
  const PROXY = ["Proxy-Authorization: Basic Og==", "Proxy-Authenticate: Basic"];
  const passed = (head) => [...HOPS, ...PROXY].filter((line) => head.lines.includes(line));
  it("and answers lose what was meant for the next hop alone", async () => {
    const { client, wire, seen } = await passage.reach("GET /", "Connection: keep-alive, X-Hop,x-other", ...HOPS, ...PROXY, "X-Kept: 1");
    assert.deepEqual([passed(seen), seen.get("Connection"), seen.get("X-Kept")], [[], undefined, "1"]);
    const lines = ["Connection: X-Hop , X-Other", ...HOPS, ...PROXY, "X-Kept: 1", "Content-Length: 0"];
    await wire.write(["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n"));
    const head = await client.head();
    assert.deepEqual([passed(head), head.get("Connection"), head.get("X-Kept")], [[], undefined, "1"]);
  });

  it("say where they came from, whatever the client says", async () => {
    const { seen } = await passage.reach(
      "GET /", "X-Forwarded-For: 198.51.100.1", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher",
      "Connection: X-Forwarded-For, CDN-Loop", "CDN-Loop: other", "X-Bouncer-Secret: guessed", "x-bouncer-anything: 1",
    );
    assert.deepEqual(seen.all("X-Forwarded-For"), ["198.51.100.1, 203.0.113.7"]);
    assert.deepEqual(seen.all("X-Forwarded-Host"), ["api.example.com"]);
    assert.deepEqual(seen.all("X-Forwarded-Proto"), ["http"]);
    assert.match(seen.get("CDN-Loop"), /^other, bouncer-[0-9a-f]{16}$/);
    assert.deepEqual(seen.lines.filter((line) => /^x-bouncer-/i.test(line)), []);
    assert.equal(seen.get("Host"), new URL(passage.origin.url).host);
  });

  it("are cancelled at the origin when the client goes, before the answer and in the middle of it", async () => {
    const waiting = await passage.reach("GET /");
    waiting.client.reset();
    await waiting.wire.closed;

    const reading = await passage.answered("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
    await reading.client.bytes(3);
    reading.client.reset();
    await reading.wire.closed;
  });

  const KNOWN = ["Content-Length: 1000", "abc"];
  const CHUNKED = ["Transfer-Encoding: chunked", chunk("abc")];
  const BREAKS = {
    "resets the connection": [[KNOWN, CHUNKED], (client) => client.reset()],
    "closes the connection": [[KNOWN, CHUNKED], (client) => client.socket.end()],
    "sends no chunk where one should be": [[CHUNKED], (client) => client.write("zz\r\n")],
  };
  for (const [way, [kinds, breakOff]] of Object.entries(BREAKS)) {
    it(`do not look complete to the origin when the client ${way} in the middle of the body`, async () => {
      for (const [header, part] of kinds) {
        const { client, wire, seen } = await passage.reach("POST /", header);
        await client.write(part);
        await wire.bytes(part.length);
        breakOff(client);
        await wire.closed;
        await assert.rejects(wire.body(seen), /the connection ended/);
      }
    });
  }

  const TARGETS = [
    "/", "/a%2Fb", "/a//b/", "//a", "/a;v=1/b", "/%C3%A9", "/%41", "/a%20b", "/a:b@c!$&'()*+,=~", "/a%", "/a%zz", "/a%00b", "/a|b",
    "/?", "/??", "/?a=1&a=2&&=", "/?q=%20+%2B", "/?a[]=1", "/?a=/../b", "/?%zz", "/?a|b^c`{d}", "/?a=\\b",
  ];
  for (const target of TARGETS) {
    it(`for ${target} keep every byte of it`, async () => {
      const { seen } = await passage.reach(`GET ${target}`);
      assert.equal(seen.start, `GET /base${target} HTTP/1.1`);
    });
  }
  const REWRITTEN = {
    "/a/./b/../c": "/a/c", "/a/%2e%2E/c": "/c", "/a\\b": "/a/b", "/a#b": "/a", '/"^{}': "/%22%5E%7B%7D", "/?'": "/?%27",
  };
  for (const [target, rewritten] of Object.entries(REWRITTEN)) {
    it(`for ${target} become what a URL parser makes of it`, async () => {
      const { seen } = await passage.reach(`GET ${target}`);
      assert.equal(seen.start, `GET /base${rewritten} HTTP/1.1`);
    });
  }

  const HOST = "Host: a";
  const REFUSED = {
    "a head of 600 KB": [431, ["GET / HTTP/1.1", HOST, `X-Long: ${"y".repeat(600_000)}`]],
    "a target of 70 KB": [414, [`GET /${"y".repeat(70_000)} HTTP/1.1`, HOST]],
    "two lengths": [400, ["POST / HTTP/1.1", HOST, "Content-Length: 3", "Content-Length: 4", "", "abc"]],
    "a length that is no number": [400, ["POST / HTTP/1.1", HOST, "Content-Length: 3x", "", "abc"]],
    "an encoding other than chunked": [400, ["POST / HTTP/1.1", HOST, "Transfer-Encoding: gzip", "", "abc"]],
    "no host": [400, ["GET / HTTP/1.1"]],
    "a name with a space": [400, ["GET / HTTP/1.1", HOST, "X-Y : 1"]],
    "a folded value": [400, ["GET / HTTP/1.1", HOST, "X-Y: 1", " 2"]],
    "a bare CR": [400, ["GET / HTTP/1.1", HOST, "X-Y: 1\rX-Z: 2"]],
    "a NUL": [400, ["GET / HTTP/1.1", HOST, "X-Y: \0"]],
    "a byte in the target that is not ASCII": [400, ["GET /\xe9 HTTP/1.1", HOST]],
    "a < in the path": [400, ["GET /< HTTP/1.1", HOST]],
    "a > in the path": [400, ["GET /> HTTP/1.1", HOST]],
    "a backtick in the path": [400, ["GET /` HTTP/1.1", HOST]],
    'a " in the query': [400, ['GET /?" HTTP/1.1', HOST]],
    "a < in the query": [400, ["GET /?< HTTP/1.1", HOST]],
    "a > in the query": [400, ["GET /?> HTTP/1.1", HOST]],
    "the method CONNECT": [500, ["CONNECT a:1 HTTP/1.1", HOST]],
    "another version": [400, ["GET / HTTP/9.9", HOST]],
    "no HTTP at all": [400, ["hello"]],
  };
  for (const [what, [status, lines]] of Object.entries(REFUSED)) {
    it(`with ${what} are refused by workerd`, async () => {
      const client = await passage.sendLines(lines);
      assert.equal((await client.head()).status, status);
      assert.equal(passage.origin.count(), 0);
    });
  }

  it("for * arrive as /, with several cookie headers as one, and with chunks in a GET without them", async () => {
    assert.equal((await passage.reach("OPTIONS *")).seen.start, "OPTIONS /base/ HTTP/1.1");
    assert.deepEqual((await passage.reach("GET /", "Cookie: a=1", "Cookie: b=2")).seen.all("Cookie"), ["a=1, b=2"]);
    const { seen } = await passage.reach("GET /", "Transfer-Encoding: chunked", "", chunk("abc") + "0");
    assert.equal(seen.get("Transfer-Encoding"), undefined);
  });

  it("with a length and chunks reach the origin as chunks only", async () => {
    const { wire, seen } = await passage.reach("POST /", "Content-Length: 3", "Transfer-Encoding: chunked", "", chunk("abcdef") + "0");
    assert.equal(seen.get("Content-Length"), undefined);
    assert.equal((await wire.body(seen)).toString(), "abcdef");
  });
});
