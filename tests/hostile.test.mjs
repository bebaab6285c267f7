// Requests that nobody should send, written byte by byte: whatever comes, the Worker answers the next plain request, and
// no counter has lost anything. They are random but for their seed, which is printed; HOSTILE_SEED sends the same ones
// again, and HOSTILE_REQUESTS other than 5,000 of them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { startHttpServer } from "./support/http-server.mjs";
import { policy, startDev, token, whole } from "./support/stack.mjs";

const REQUESTS = Number(process.env.HOSTILE_REQUESTS ?? 5_000);
const SEED = Number(process.env.HOSTILE_SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 20;
const PLAIN_EVERY = 250;
const LIMIT = 1_000;

// Nothing comes back in the time of a test.
const log = { algorithm: "sliding-log" };
const bucket = { algorithm: "token-bucket" };
const POLICY = {
  default: { limit: `${LIMIT}/day`, ...log, key: "user-or-ip" },
  api_keys: { keys: [{ sha256: createHash("sha256").update("a key").digest("hex"), plan: "pro" }] },
  rules: [
    { name: "health", match: ["GET /health"], exempt: true },
    { name: "keyed", match: ["* /keyed/**"], limit: { plan: { pro: "9/day" }, default: "5/day" }, key: "api-key", ...bucket },
    { name: "by-header", match: ["* /header/**"], limit: "5/day", key: ["header:x-odd", "user"], algorithm: "sliding-log" },
    { name: "failures", match: ["* /failures/**"], limit: "5/day", key: "ip", count: "failures", algorithm: "sliding-window" },
    { name: "everything", also: true, match: ["* /**"], limit: "100000/day", key: "tenant", ...bucket },
    { name: "watched", also: true, match: ["* /**"], limit: "10/day", key: "ip", mode: "shadow" },
  ],
};

/** Numbers that look random and are the same for the same seed (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One hostile request after the other, as latin1 text. Four in five are legal HTTP, so that they get past the server in
 * front and into the Worker; in the others anything may be anywhere.
 */
function hostile(next) {
  const below = (count) => Math.floor(next() * count);
  const pick = (...choices) => choices[below(choices.length)];
  const text = (length, from) => Array.from({ length: below(length) }, () => from[below(from.length)]).join("");
  const bytes = (from, to) => Array.from({ length: to - from }, (_, index) => String.fromCharCode(from + index));
  const ANY = bytes(0, 256).filter((byte) => !"\r\n".includes(byte));
  const LEGAL = [...bytes(33, 127), ...bytes(128, 256)];
  const TOKEN = [..."abcXYZ019!#$%&'*+-.^_`|~"];
  const PATH = [..."abAB01/.;:%?&=\\*{}~|+@", "%2f", "%2e", "%00", "%25", "%ff", "%5c", "..", "//", "%", "%2", "%zz", "%e2%80%ae"];
  const JSON_BITS = ["{", "}", "[", "]", '"alg"', '"HS256"', '"exp"', ":", ",", "1e999", "-1", "null", '"sub"', '"\\ud800"', "9".repeat(30), " "];
  const base64url = (value) => Buffer.from(value, "latin1").toString("base64url");

  const someToken = (odd) =>
    pick(
      () => `${base64url('{"alg":"HS256"}')}.${base64url(text(40, JSON_BITS))}.${base64url(text(40, ANY))}`,
      () => `${base64url(text(20, JSON_BITS))}.${base64url(text(20, JSON_BITS))}.`,
      () => text(200, odd),
      () => ".".repeat(below(50)),
      () => "e30.".repeat(below(2_000)),
      () => `${base64url(`{"alg":"HS256","a":${"[".repeat(below(3_000))}`)}.e30.AA`,
      () => token(text(30, ANY), { org: text(100, ANY), role: [1, null, {}, text(5, ANY)], plan: below(9), exp: pick(1e300, -1, 4e9, "x") }),
      () => token(text(30, ANY), { org: text(9, ANY), plan: text(5, ANY) }),
      () => token(text(3, TOKEN), { org: text(2, TOKEN) }),
    )();
  const header = (odd) =>
    pick(
      () => `Authorization: ${pick("Bearer ", "bearer ", "Basic ", "", "Bearer Bearer ")}${someToken(odd)}`,
      () => `Authorization: Bearer ${someToken(odd)}`,
      () => `X-API-Key: ${pick("a key", text(40, odd), "k".repeat(below(3_000)))}`,
      () => `X-Odd: ${text(80, odd)}`,
      () => `X-Forwarded-For: ${text(80, [..."0123456789.:,[]% "])}`,
      () => `Accept: ${text(30, [..."abc*/;q=0.1,+", "application/problem+json", "application/json"])}`,
      () => `Origin: ${text(30, odd)}`,
      () => `Access-Control-Request-Method: ${text(8, odd)}`,
      () => `Cookie: ${"c=1; ".repeat(below(600))}`,
      () => `${text(20, TOKEN)}x: ${text(20, odd)}`,
      () => `${pick("TE", "Range", "If-None-Match", "Via", "Forwarded", "User-Agent")}: ${text(30, odd)}`,
      () => `${pick("X-Bouncer-Secret", "X-Bouncer-X", "RateLimit", "X-RateLimit-Limit")}: ${text(30, odd)}`,
    )();
  const place = () => pick("/", "/keyed/", "/header/", "/failures/", "/health", "/a");
  const target = () =>
    pick(
      () => `${place()}${text(40, PATH)}`,
      () => `${place()}${text(40, LEGAL).replaceAll("#", "")}`,
      () => `/${"a/".repeat(below(2_000))}`,
      () => `/${"%25".repeat(below(1_500))}41`,
      () => `/${"../".repeat(below(1_000))}`,
      () => `${place()}?${text(2_000, PATH)}`,
    )();
  const address = () => pick(text(50, [..."0123456789abcdef.:%/[]"]), "::1", "::ffff:1.2.3.4", "999.1.1.1", `198.51.100.${below(256)}`);
  const lines = (odd, start, host, more) => {
    const headers = Array.from({ length: pick(0, 1, 2, 5, 5, 5, 60) }, () => header(odd));
    return [start, host, `CF-Connecting-IP: ${address()}`, ...headers, ...more].join("\r\n");
  };

  const legal = () => {
    const method = pick("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH");
    const content = method === "POST" ? text(200, ANY) : "";
    const more = content === "" ? ["", ""] : [`Content-Length: ${content.length}`, "", content];
    return lines(LEGAL, `${method} ${target()} HTTP/1.1`, "Host: here.example", ["Connection: close", ...more]);
  };
  const illegal = () => {
    const method = pick("GET", "POST", "get", "PROPFIND", "A".repeat(1 + below(3_000)), text(9, ANY), "G\0T", "");
    const odd = pick("*", "", "//", "/?", "/#", "other.example:80", `/${text(60, ANY)}`, `http://other.example${text(9, PATH)}`, `/${"a".repeat(below(40_000))}`);
    const version = pick("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9.9", text(8, ANY), "");
    const host = pick("Host: here.example", "Host: here.example", `Host: ${text(20, ANY)}`, "X: y");
    const framing = pick(
      `Content-Length: ${pick("-1", "1e3", "99999999999999999999", "0x10", "5", "")}`,
      `Transfer-Encoding: ${pick("chunked", "gzip", "chunked, chunked", text(9, ANY))}`,
      `${text(20, ANY)}: ${text(20, ANY)}`,
      `${pick("Connection", "Upgrade", "Expect")}: ${text(30, ANY)}`,
      ` folded ${text(20, ANY)}`,
      `X-Long: ${"x".repeat(below(40_000))}`,
    );
    const body = pick("", text(200, ANY), "5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\nx", "-1\r\n", "0\r\nA: b\r\n\r\n");
    return lines(pick(ANY, LEGAL), `${method} ${pick(odd, target())} ${version}`, host, [framing, "", body]);
  };
  return () => (next() < 0.8 ? legal() : illegal());
}

describe("hostile requests", () => {
  let origin;
  let bouncer;
  const crashes = [];
  // A Host that makes no URL is workerd's own failure, before any Worker is asked: it answers 500 and says this.
  let withoutUrl = 0;
  const said = (line) => {
    if (line.includes("Invalid URL string")) withoutUrl += 1;
    else if (/panicked|RuntimeError|Uncaught|\bunreachable\b/.test(line)) crashes.push(line);
  };
  before(async () => {
    origin = await startHttpServer((request, response) => {
      request.resume();
      response.end("reached");
    });
    bouncer = await startDev(policy(origin.url, POLICY), { said });
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  /** Sends it and says how it was answered: by a status, or by hanging up. */
  async function answer(request) {
    const { hostname, port } = new URL(bouncer.url);
    const socket = connect(Number(port), hostname).setTimeout(5_000);
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => {});
    // No more comes after it, so nobody waits for the rest of a body that was promised.
    socket.end(request, "latin1");
    let start = "";
    socket.setEncoding("latin1").on("data", (chunk) => (start += start.length < 1_000 ? chunk : ""));
    if (!socket.closed) await once(socket, "close");
    const status = start.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? "hung up";
    // What is no URL fails in the server that wrangler puts in front of workerd, and never reaches the Worker.
    return start.includes("miniflare") ? "in front" : status;
  }

  it(`leave the Worker answering and every counter as it was, whatever they are`, async () => {
    console.log(`HOSTILE_SEED=${SEED} sends these ${REQUESTS} requests again`);
    const make = hostile(random(SEED));
    const answers = {};
    let left = LIMIT;
    const plain = async () => {
      const { status, headers, text } = await whole(await bouncer.fetch("/plain", { address: "192.0.2.77" }));
      assert.deepEqual([status, text], [200, "reached"]);
      assert.equal(headers.get("X-RateLimit-Remaining"), String((left -= 1)));
    };
    await plain();
    for (let sent = 0; sent < REQUESTS; sent += PLAIN_EVERY) {
      const batch = Array.from({ length: Math.min(PLAIN_EVERY, REQUESTS - sent) }, make);
      const worker = async () => {
        for (let request = batch.pop(); request !== undefined; request = batch.pop()) {
          const how = await answer(request);
          if (how === "500") console.log(`answered 500: ${JSON.stringify(request)}`);
          answers[how] = (answers[how] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      await plain();
    }
    console.log(`answers: ${Object.entries(answers).map(([how, count]) => `${how} x ${count}`).join(", ")}`);
    assert.ok((answers[200] ?? 0) > REQUESTS / 20, "many of them go through all of the Worker");
    assert.ok((answers[500] ?? 0) <= withoutUrl, "the Worker has an answer to everything that reaches it");
    assert.deepEqual(crashes, []);
  });
});
