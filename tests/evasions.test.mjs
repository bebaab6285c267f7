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
      "alg none": `${encoded({ alg: "none" })}.${claims}.`,
      "alg None with a signature": `${encoded({ alg: "None" })}.${claims}.${signature}`,
      "alg HS512": token(user, { header: { alg: "HS512" }, hash: "sha512" }),
      "a key of its own": token(user, { header: { jwk: { kty: "oct", k: "AA" } }, secret: "\0" }),
      "another user's signature": `${header}.${token("admin").split(".")[1]}.${signature}`,
      "no signature": `${header}.${claims}`,
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

/** Sends a request as written, from a client at `address`, and reads the answer. */
async function send(bouncer, address, [method, target, headers = {}]) {
  const { hostname, port, host } = new URL(bouncer.url);
  const all = { Host: host, "CF-Connecting-IP": address, "Content-Length": "0", Connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const socket = connect(Number(port), hostname);
  socket.write([`${method} ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n"), "latin1");
  let answer = "";
  for await (const chunk of socket.setEncoding("latin1")) answer += chunk;
  const policies = answer.match(/^RateLimit-Policy: (.*)$/im)?.[1] ?? "";
  return {
    status: Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1]),
    /** The rules that counted it. */
    rules: [...policies.matchAll(/"([a-z]+)-1d"/g)].map(([, rule]) => rule),
  };
}

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

  const status = async (address, request) => (await send(bouncer, address, request)).status;

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

  for (const [what, headers] of Object.entries({
    "a token that is too long to be read": { Authorization: `Bearer ${token("a".repeat(9_000))}` },
    "a key and more": { "X-API-Key": "the real key, the real key" },
  })) {
    it(`refuses what an origin might read otherwise, and charges nobody: ${what}`, async () => {
      const address = `198.51.${Math.floor(clients / 200)}.${1 + (clients % 200)}`;
      clients += 1;
      const path = headers.Authorization ? "/api/v1/tasks" : "/api/v1/keyed";
      const before = hits;
      for (let tries = 0; tries < 5; tries += 1) assert.equal(await status(address, ["GET", path, headers]), 400);
      assert.equal(hits, before, "it reached the origin");
      assert.equal(await status(address, ["GET", path]), 200);
    });
  }

  it("counts a token that is there twice as its user", async () => {
    const twice = token("bob");
    const request = ["GET", "/api/v1/tasks", { Authorization: `Bearer ${twice}, Bearer ${twice}` }];
    const found = [];
    for (let tries = 0; tries <= LIMIT; tries += 1) found.push(await status(`198.51.101.${1 + tries}`, request));
    assert.deepEqual(found, [200, 200, 429]);
  });

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

const rule = (name, pattern, limit = `${LIMIT}/day`) => ({ name, match: [pattern], limit, key: "ip" });

describe("what is matched is what is sent, in every reading", () => {
  const urls = [];
  let clients = 0;
  let origin;
  const bouncers = {};

  const client = () => `198.18.${Math.floor((clients += 1) / 200)}.${1 + (clients % 200)}`;

  const RULES = [
    { name: "health", match: ["* /health"], exempt: true },
    rule("login", "POST /login"),
    rule("search", "GET /search"),
    rule("term", "GET /search/{term}"),
    rule("static", "GET /static/**", "unlimited"),
    rule("public", "GET /public/**", "unlimited"),
    rule("queue", "GET /api/queues/{vhost}/{name}"),
    rule("delete", "DELETE /tasks/{id}"),
  ];
  const SITE = { default: { limit: "1000/day", key: "ip" }, rules: RULES };
  const SWITCHES = { path_suffixes: [".json"], front_controllers: ["index.php"], keep_rewrite_headers: true, encoded_slashes: "data" };

  before(async () => {
    origin = await startHttpServer((request, response) => {
      urls.push(request.url);
      response.end("reached");
    });
    bouncers.plain = await startDev(policy(`${origin.url}/base`, SITE));
    bouncers.switched = await startDev(policy(origin.url, { ...SITE, ...SWITCHES }));
  });
  after(async () => {
    await bouncers.plain?.stop();
    await bouncers.switched?.stop();
    origin?.stop();
  });

  /** Uses up a limit, then tries to get round it. */
  async function isCounted(bouncer, plain, request) {
    const address = client();
    for (let used = 0; used < LIMIT; used += 1) assert.equal((await send(bouncer, address, plain)).status, 200);
    const before = urls.length;
    assert.equal((await send(bouncer, address, request)).status, 429);
    assert.equal(urls.length, before, "it reached the origin");
  }

  for (const path of ["/a%2Fb/../login", "/a%5Cb/../login", "/login//..", "/login/%01/..", "/login/%252e/.."]) {
    it(`an encoded slash or an empty segment before dots does not hide a login: ${path}`, async () => {
      await isCounted(bouncers.plain, ["POST", "/login"], ["POST", path]);
    });
  }

  it("dots do not lead out of what is unlimited", async () => {
    await isCounted(bouncers.plain, ["GET", "/search"], ["GET", "/static/a%2Fb/../../search"]);
  });

  it("encoded slashes in a parameter do not lead to what is unlimited", async () => {
    await isCounted(bouncers.plain, ["GET", "/search/x"], ["GET", "/search/x%2F..%2F..%2Fpublic%2Fy"]);
  });

  for (const path of ["report%2Fx", "%01", "%3Bx", "report%5Cx", "..%2freport", "report%252Fx"].map((term) => `/search/${term}`)) {
    it(`a parameter is a parameter however it is encoded: ${path}`, async () => {
      await isCounted(bouncers.plain, ["GET", "/search/x"], ["GET", path]);
    });
  }

  it("an encoded slash that is a name of its own is one", async () => {
    await isCounted(bouncers.plain, ["GET", "/api/queues/v/orders"], ["GET", "/api/queues/%2F/orders"]);
  });

  it("an honest id with an encoded slash arrives as it was sent, and is counted by its rule", async () => {
    for (const [bouncer, base, rules] of [[bouncers.plain, "/base", ["term", "default"]], [bouncers.switched, "", ["term"]]]) {
      const answer = await send(bouncer, client(), ["GET", "/search/report%2Fx?a=%2F"]);
      assert.deepEqual([answer.status, answer.rules, urls.at(-1)], [200, rules, `${base}/search/report%2Fx?a=%2F`]);
    }
  });

  it("an ordinary request is counted by one rule", async () => {
    for (const [request, rules] of [
      [["GET", "/search/a%20b"], ["term"]],
      [["GET", "/search/%E6%9D%B1"], ["term"]],
      [["POST", "/Login/"], ["login"]],
      [["GET", "/.well-known/x"], ["default"]],
      [["GET", "/static/x"], []],
    ]) {
      assert.deepEqual((await send(bouncers.plain, client(), request)).rules, rules, request[1]);
    }
  });

  for (const [what, headers, query] of [
    ["X-HTTP-Method-Override", { "X-HTTP-Method-Override": "DELETE" }, ""],
    ["X-Method-Override", { "X-Method-Override": "delete" }, ""],
    ["X-HTTP-Method", { "X-HTTP-Method": "PUT, DELETE" }, ""],
    ["_method", {}, "?a&%5fmethod=DELETE"],
  ]) {
    it(`a POST that says it is meant as a DELETE is counted as one: ${what}`, async () => {
      await isCounted(bouncers.plain, ["DELETE", "/tasks/1"], ["POST", `/tasks/1${query}`, headers]);
    });
  }

  for (const [what, request] of [
    ["a suffix", ["POST", "/login.json"]],
    ["a suffix and parameters", ["POST", "/login.json;x"]],
    ["a front controller", ["POST", "/index.php/login"]],
    ["a front controller and a suffix", ["POST", "/index.php/login.json"]],
    ["X-Original-URL on an exempt path", ["POST", "/health", { "X-Original-URL": "/login" }]],
    ["X-Rewrite-URL on an exempt path", ["POST", "/health", { "X-Rewrite-URL": "http://a/x/%2e%2e/login?y" }]],
  ]) {
    it(`what the origin of a policy makes of a path counts where the policy says so: ${what}`, async () => {
      await isCounted(bouncers.switched, ["POST", "/login"], request);
    });
  }

  it("the origin is asked for the path that was matched, below its base, however it was spelled", async () => {
    const parts = ["/", "//", "\\", ".", "..", "%2e", "%2E", "%2f", "%5C", ";", "%01", "%25", "%zz", "A", "login", "^", "{", "}", "|", '"', "a"];
    let state = 7;
    const random = (below) => ((state = (state * 48_271) % 2_147_483_647) % below);
    for (let tries = 0; tries < 300; tries += 1) {
      const raw = `/${Array.from({ length: random(10) }, () => parts[random(parts.length)]).join("")}`;
      const { status } = await send(bouncers.plain, client(), ["GET", raw]);
      assert.equal(status, 200, raw);
      assert.equal(urls.at(-1), `/base${new URL(`http://a${raw}`).pathname}`, raw);
    }
  });
});
