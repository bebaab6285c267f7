// Ways to talk oneself past a limit. A client uses up its limit, then tries one of them: it must be refused, and nothing
// may reach the origin. Requests are written byte by byte, since every HTTP client tidies up what it sends.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { startHttpServer } from "./support/http-server.mjs";
import { policy, startDev, token } from "./support/stack.mjs";

const LIMIT = 2;
const POLICY = {
  default: { limit: `${LIMIT}/day`, algorithm: "token-bucket", key: "user-or-ip" },
  rules: [
    { name: "health", match: ["GET /health", "GET /public/**"], exempt: true },
    { name: "login", match: ["POST /api/v1/login"], limit: `${LIMIT}/day`, algorithm: "token-bucket", key: "ip" },
    { name: "tasks", match: ["GET /api/v1/tasks/**"], limit: `${LIMIT}/day`, algorithm: "token-bucket" },
    {
      name: "keyed",
      match: ["GET /api/v1/keyed"],
      limit: { plan: { pro: "100/day" }, role: { admin: "unlimited" }, default: `${LIMIT}/day` },
      algorithm: "token-bucket",
      key: "api-key",
    },
  ],
  api_keys: { keys: [{ sha256: createHash("sha256").update("the real key").digest("hex"), plan: "pro" }] },
};

const user = "ada";
const now_s = Math.floor(Date.now() / 1000);
const good = token(user);
const [header, claims, signature] = good.split(".");
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const EVASIONS = {
  "spellings of a limited path": {
    plain: ["POST", "/api/v1/login"],
    tries: [
      "/api/v1/login/", "/api/v1//login", "//api/v1/login", "/api/v1/./login", "/api/v1/x/../login", "/API/v1/login",
      "/api/v1/LogIn", "/api/v1/%6cogin", "/api/v1/%6Cogin", "/api/v1/%256cogin", "/api/v1/%25256cogin", "/api%2fv1%2flogin",
      "/api%5cv1%5clogin", "/api\\v1\\login", "/api/v1/login;x=1", "/api;x/v1/login", "/api/v1/login%00", "/api/v1/log%0ain",
      "/api/v1/login%20/..%2flogin", "/api/v1/login?x=1", "/api/v1/login?", "/../api/v1/login", "/api/v1/%2e%2e/v1/login",
      "/api/v1/..;/v1/login", "/api/v1/login/%2e", "/api/v1/login%2f", "/api/v1/login#x",
    ].map((path) => [path, ["POST", path]]),
  },
  "methods and what pretends to be one": {
    plain: ["GET", "/api/v1/tasks"],
    tries: [
      ["HEAD", ["HEAD", "/api/v1/tasks"]],
      ["X-HTTP-Method-Override", ["GET", "/api/v1/tasks", { "X-HTTP-Method-Override": "DELETE" }]],
      ["X-Method-Override", ["GET", "/api/v1/tasks", { "X-Method-Override": "POST" }]],
      ["_method", ["GET", "/api/v1/tasks?_method=DELETE"]],
      ["a conditional request", ["GET", "/api/v1/tasks", { "If-None-Match": "*" }]],
      ["a range", ["GET", "/api/v1/tasks", { Range: "bytes=0-0" }]],
    ],
  },
  "headers that name another address": {
    plain: ["POST", "/api/v1/login"],
    tries: [
      ["X-Forwarded-For", "203.0.113.9"], ["X-Real-IP", "203.0.113.9"], ["X-Client-IP", "203.0.113.9"],
      ["True-Client-IP", "203.0.113.9"], ["Forwarded", "for=203.0.113.9"], ["X-Forwarded-Host", "other.example"],
      ["X-Original-URL", "/health"], ["X-Rewrite-URL", "/health"], ["X-Bouncer-Secret", "guess"], ["X-Bouncer-Exempt", "1"],
      ["Host", "other.example"], ["Via", "1.1 203.0.113.9"],
    ].map(([name, value]) => [name, ["POST", "/api/v1/login", { [name]: value }]]),
  },
  "tokens that prove nothing": {
    plain: ["GET", "/api/v1/tasks"],
    tries: Object.entries({
      "signed with another secret": token(user, { secret: "another secret of 32 bytes or more.." }),
      "signed with no secret": token(user, { secret: "" }),
      expired: token(user, { exp: now_s - 1 }),
      "without expiry": token(user, { exp: undefined }),
      "expiring at no number": token(user, { exp: "never" }),
      "not valid yet": token(user, { nbf: now_s + 600 }),
      "without a user": token(undefined),
      "with an empty user": token(""),
      "with a user that is a number": token(7),
      "alg none": `${encoded({ alg: "none" })}.${claims}.`,
      "alg None with a signature": `${encoded({ alg: "None" })}.${claims}.${signature}`,
      "alg HS512": token(user, { header: { alg: "HS512" }, hash: "sha512" }),
      "a key of its own": token(user, { header: { jwk: { kty: "oct", k: "AA" } }, secret: "\0" }),
      "another user's signature": `${header}.${token("admin").split(".")[1]}.${signature}`,
      "no signature": `${header}.${claims}`,
      "two at once": `${good}, Bearer ${good}`,
      "too long": token("a".repeat(9_000)),
      nonsense: "a.b.c",
    }).map(([what, bad]) => [what, ["GET", "/api/v1/tasks", { Authorization: `Bearer ${bad}` }]]),
  },
  "API keys that nobody was given, and plans and roles that nobody has": {
    plain: ["GET", "/api/v1/keyed"],
    tries: Object.entries({
      "an invented key": { "X-API-Key": "invented" },
      "another invented key": { "X-API-Key": "invented too" },
      "an empty key": { "X-API-Key": "" },
      "the hash of a key": { "X-API-Key": createHash("sha256").update("the real key").digest("hex") },
      "a key in other letters": { "X-API-Key": "THE REAL KEY" },
      "a key and more": { "X-API-Key": "the real key, the real key" },
      "a key as a bearer": { Authorization: "Bearer the real key" },
      "a key in another header": { "X-Key": "the real key" },
      "a plan in a header": { "X-Plan": "pro", Plan: "pro" },
      "a forged admin": { Authorization: `Bearer ${token(user, { role: "admin", secret: "another secret of 32 bytes or more.." })}` },
      "a forged plan": { Authorization: `Bearer ${token(user, { plan: "pro", secret: "another secret of 32 bytes or more.." })}` },
      "a verified token without a key": { Authorization: `Bearer ${good}` },
    }).map(([what, headers]) => [what, ["GET", "/api/v1/keyed", headers]]),
  },
  "lookalikes of an exempt path": {
    plain: ["GET", "/anything"],
    tries: [
      "/health/", "/Health", "/HEALTH", "//health", "/%68ealth", "/health;x", "/health%00", "/x/..%2fhealth", "/health%2f",
      "/public/%2e%2e%2fapi", "/public%2fx", "/PUBLIC/x", "/public//x", "/public/x;y",
    ].map((path) => [path, ["GET", path]]),
  },
};

describe("evasions", () => {
  let hits = 0;
  let clients = 0;
  let origin;
  let bouncer;

  before(async () => {
    origin = await startHttpServer((request, response) => {
      hits += 1;
      response.end("reached");
    });
    bouncer = await startDev(policy(origin.url, POLICY));
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  /** Sends a request as written, from a client at `address`, and reads the status. */
  async function status(address, [method, target, headers = {}]) {
    const { hostname, port, host } = new URL(bouncer.url);
    const all = { Host: host, "CF-Connecting-IP": address, "Content-Length": "0", Connection: "close", ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    const socket = connect(Number(port), hostname);
    socket.write([`${method} ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n"), "latin1");
    let answer = "";
    for await (const chunk of socket.setEncoding("latin1")) answer += chunk;
    return Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1]);
  }

  for (const [kind, { plain, tries }] of Object.entries(EVASIONS)) {
    describe(kind, () => {
      for (const [what, request] of tries) {
        it(JSON.stringify(what), async () => {
          const address = `198.51.${Math.floor(clients / 200)}.${1 + (clients % 200)}`;
          clients += 1;
          for (let used = 0; used < LIMIT; used += 1) assert.equal(await status(address, plain), 200);
          const before = hits;
          assert.equal(await status(address, request), 429);
          assert.equal(hits, before, "it reached the origin");
        });
      }
    });
  }

  it("lets pass what really is exempt, a user who really is one, and a key that really is one", async () => {
    const address = "198.51.100.250";
    for (let used = 0; used < LIMIT; used += 1) await status(address, ["GET", "/anything"]);
    assert.equal(await status(address, ["GET", "/anything"]), 429);
    for (const path of ["/health", "/health?x=1", "/public/a/b"]) assert.equal(await status(address, ["GET", path]), 200);
    assert.equal(await status(address, ["GET", "/api/v1/tasks", { Authorization: `Bearer ${good}` }]), 200);
    for (let used = 0; used <= LIMIT; used += 1) {
      assert.equal(await status(address, ["GET", "/api/v1/keyed", { "X-API-Key": "the real key" }]), 200);
    }
  });
});
