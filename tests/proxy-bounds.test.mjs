// What a request costs is bounded by its size, in time and in memory, and what is kept of it while it waits is small.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { EMPTY, startPassage } from "./support/passage.mjs";

describe("work", () => {
  // A doubled input takes twice the time, and on a busy machine a little more; one of some measurements is undisturbed.
  const MOST = 2.6;
  const ROUNDS = 5;
  const TRIES = 4;
  let passage;
  const cors = { origins: ["https://app.example.com"] };
  const api_keys = { header: "X-API-Key", keys: [{ sha256: "0".repeat(64) }] };
  const limits = { default: { limit: "1000000/day", key: ["header:x-odd", "ip"] }, api_keys, cors, server_timing: true };
  before(async () => (passage = await startPassage(limits)));
  after(() => passage?.stop());

  /** Nanoseconds for which the threads of workerd have run. */
  const busy_ns = () =>
    readdirSync(`/proc/${passage.pid}/task`)
      .map((thread) => Number(readFileSync(`/proc/${passage.pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
      .reduce((sum, one) => sum + one, 0);

  /** The least that one request and its answer took of the processor, in milliseconds. */
  async function cost(requestLines, answerLines) {
    let least = Infinity;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = busy_ns();
      const client = await passage.send("POST /a", ...requestLines);
      const refused = client.closed.then(() => assert.fail(`refused: ${client.unread().slice(0, 40)}`));
      const wire = await Promise.race([passage.origin.connection(), refused]);
      refused.catch(() => {});
      await wire.head();
      await wire.write(["HTTP/1.1 200 OK", ...answerLines, "Content-Length: 0", "", ""].join("\r\n"));
      assert.equal((await client.head()).status, 200);
      least = Math.min(least, (busy_ns() - before) / 1e6);
      passage.forget();
    }
    return least;
  }

  const times = (count, one) => Array.from({ length: count }, (_, index) => one(index));
  const named = (count) => times(count, (index) => `n${index}`).join(",");
  const REQUESTS = {
    "a Connection that names many headers": (size) => [`Connection: ${named(size / 8)}`],
    "a Connection that names many headers, and those headers": (size) => [`Connection: ${named(size / 16)}`, ...times(size / 16, (index) => `n${index}: `)],
    "many headers": (size) => times(size / 12, (index) => `h${index}: 1`),
    "one header many times": (size) => times(size / 12, () => "X-Same: 1"),
    "many headers with _": (size) => times(size / 16, (index) => `x_h_${index}_: 1`),
    "one name that is all _": (size) => times(4, (index) => `${"_".repeat(size / 4)}${index}: 1`),
    "a long X-Forwarded-For": (size) => [`X-Forwarded-For: ${"1.1.1.1, ".repeat(size / 9)}`],
    "a long CDN-Loop": (size) => [`CDN-Loop: ${"a;b=c, ".repeat(size / 7)}`],
    "a long Accept": (size) => [`Accept: ${"a/b;q=0.1,".repeat(size / 10)}`],
    "a long Authorization": (size) => [`Authorization: Bearer ${"e30.".repeat(size / 4)}`],
    "a long Cookie": (size) => [`Cookie: ${"a=b; ".repeat(size / 5)}`],
    "a long Origin": (size) => [`Origin: ${"https://a.example ".repeat(size / 18)}`],
    "a long API key": (size) => [`X-API-Key: ${"k".repeat(size)}`],
    "a long header that is counted by": (size) => [`X-Odd: ${"k".repeat(size)}`],
    "a long Forwarded": (size) => [`Forwarded: ${"for=a;by=b,".repeat(size / 11)}`],
  };
  const ANSWERS = {
    "a Connection that names many headers, and those headers": (size) => [`Connection: ${named(size / 16)}`, ...times(size / 16, (index) => `n${index}: `)],
    "many headers": (size) => times(size / 12, (index) => `h${index}: 1`),
    "many cookies": (size) => times(size / 16, (index) => `Set-Cookie: a${index}=1`),
    "a long RateLimit": (size) => [`RateLimit: ${times(size / 12, (index) => `"a${index}";r=1`).join(",")}`],
    "many lines of RateLimit": (size) => times(size / 20, (index) => `RateLimit: "a${index}";r=1`),
    "a long X-RateLimit-Remaining": (size) => [`X-RateLimit-Remaining: ${"9,".repeat(size / 2)}9`],
    "a long Access-Control-Expose-Headers": (size) => [`Access-Control-Expose-Headers: ${named(size / 8)}`],
    "a long Server-Timing": (size) => [`Server-Timing: ${"a;dur=1,".repeat(size / 8)}`],
    "a long Location": (size) => [`Location: ${passage.origin.url}/base/${"a/".repeat(size / 2)}`],
    "a long Refresh": (size) => [`Refresh: 5; url=${"a=".repeat(size / 2)}`],
  };
  // Twice the size is a little less than what the runtime takes of a head.
  const SIZE = 80_000;
  for (const [side, kinds, lines] of [
    ["a request", REQUESTS, (made) => [made, []]],
    ["an answer", ANSWERS, (made) => [[], made]],
  ]) {
    for (const [kind, make] of Object.entries(kinds)) {
      it(`on ${side} with ${kind} grows no faster than that`, async () => {
        const seen = [];
        for (let tries = 0; tries < TRIES; tries += 1) {
          const [one, two] = [await cost(...lines(make(SIZE))), await cost(...lines(make(2 * SIZE)))];
          if (two / one <= MOST) return;
          seen.push(`${one} ms, and ${two} ms for twice as much`);
        }
        assert.fail(seen.join("; "));
      });
    }
  }
});

describe("memory", () => {
  // Tells the origin how large the memory of the wasm is.
  const PRELUDE = `
    let memory;
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...made) {
      const instance = new Instance(...made);
      memory = instance.exports.memory;
      return instance;
    };
    const { fetch: send } = globalThis;
    globalThis.fetch = (request, init) => {
      request.headers.set("X-Wasm-Bytes", String(memory.buffer.byteLength));
      return send(request, init);
    };
  `;
  const AT_ONCE = 600;
  const MOST_BYTES = 4 << 20;
  let passage;
  const limits = { default: { limit: "1000000/day", key: ["header:x-odd", "ip"] }, cors: { origins: ["https://app.example.com"] } };
  before(async () => (passage = await startPassage(limits, { prelude: PRELUDE })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const wasmBytes = ({ seen }) => Number(seen.get("X-Wasm-Bytes"));
  const LONG = "a/b;q=0.1,".repeat(11_000);
  for (const [what, lines] of Object.entries({
    "110 KB of Accept": [`Accept: ${LONG}`],
    "110 KB of X-Forwarded-For": [`X-Forwarded-For: ${LONG}`],
    "110 KB of CDN-Loop": [`CDN-Loop: ${LONG}`],
    "110 KB of Authorization, Origin and what is counted by": [`Authorization: Bearer ${LONG.slice(0, 40_000)}`, `Origin: ${LONG.slice(0, 35_000)}`, `X-Odd: ${LONG.slice(0, 35_000)}`],
  })) {
    it(`is as before when ${AT_ONCE} requests are waited for that have ${what}`, async () => {
      const plain = await passage.reach("GET /a");
      await plain.wire.write(EMPTY.replace("200 OK", "200 OK\r\nConnection: close"));
      plain.wire.socket.end();
      await plain.client.head();
      const reached = [];
      for (let sent = 0; sent < AT_ONCE; sent += 20) {
        reached.push(...(await Promise.all(Array.from({ length: 20 }, () => passage.reach("GET /a", ...lines)))));
      }
      const grown = Math.max(...reached.map(wasmBytes)) - wasmBytes(plain);
      console.log(`the wasm has grown by ${grown} bytes`);
      assert.ok(grown <= MOST_BYTES, `the wasm has grown by ${grown} bytes`);
    });
  }
});
