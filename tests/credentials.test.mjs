// Whose a request is, however its credential is written: whatever the origin may take for somebody's counts as theirs or
// is refused, what proves nothing is told and loosens no limit, and a flood of it is cheap.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { program } from "../scripts/programs.mjs";
import { ENV, ROOT } from "../scripts/run.mjs";
import { policy, token } from "./support/stack.mjs";
import { startCountingOrigin } from "./support/counting-origin.mjs";
import { dial } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const API = { algorithm: "HS256", secret: "JWT_SECRET" };
const USER = 5;
const TENANT = 8;

let origin;

before(async () => (origin = await startCountingOrigin()));
after(() => origin.stop());

/** A Worker under a policy by user and tenant, with these changes. */
const start = (changes = {}) =>
  startWorkerd(
    policy(origin.url, {
      default: { limit: `${USER}/day` },
      jwt: API,
      rules: [{ name: "tenant", match: ["* /**"], also: true, key: "tenant", limit: `${TENANT}/day` }],
      ...changes,
    }),
  );

let addresses = 0;

/** Sends header lines as they are, from another address each time unless one is given. */
async function send(worker, lines, { address = `192.0.2.${(addresses += 1)}`, path = "/" } = {}) {
  const head = [`GET ${path} HTTP/1.1`, "Host: api.example", "Connection: close", `CF-Connecting-IP: ${address}`, ...lines];
  const wire = await dial(worker.url, ...head);
  const response = await wire.head();
  const body = (await wire.body(response)).toString("utf8");
  wire.socket.destroy();
  return { status: response.status, get: response.get, body };
}

/** The statuses of all of these, one after the other. */
async function statuses(worker, all, options) {
  const found = [];
  for (const lines of all) found.push((await send(worker, lines, options)).status);
  return found;
}

const bearer = (text) => [`Authorization: Bearer ${text}`];
const logged = (worker) => {
  const lines = worker.logs().split("\n");
  return lines.filter((line) => line.startsWith('{"event":"unverified"')).map((line) => JSON.parse(line));
};

describe("a token that is respelled", () => {
  let worker;
  before(async () => (worker = await start()));
  after(() => worker.stop());

  it("counts as its user and its tenant, from however many addresses it comes", async () => {
    const good = token("ada", { org: "acme" });
    const last = good.at(-1);
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const respelled = good.slice(0, -1) + digits[digits.indexOf(last) ^ 1];
    const [one, two] = [good.slice(0, -9), good.slice(-9)];
    const lines = [
      bearer(good), bearer(respelled), bearer(`${good}=`), bearer(`${good},`), bearer(`${good} x`), [`Authorization: Bearer\t${good}`],
      [`Authorization: bearer   ${good}  `], [...bearer("x"), ...bearer(good)], [...bearer(good), ...bearer("x")], [...bearer(good), ...bearer(good)],
      [`Authorization: Token ${good}`], [`Authorization: ${good}`], bearer(`${one} ${two}`), [`Authorization: Bearer ${one}`, `Authorization: ${two}`],
      [`Authorization: eyJhBearer ${good.slice(4)}`], bearer(`"${good}"`), [`Authorization: Bearer\u00a0 ${good}`],
    ];
    const found = await statuses(worker, lines);
    assert.deepEqual(found, lines.map((_, index) => (index < USER ? 200 : 429)));
    // The three that are left to her tenant are there for another user of it, and no more.
    const other = token("bob", { org: "acme" });
    assert.deepEqual(await statuses(worker, Array.from({ length: 4 }, () => bearer(other))), [200, 200, 200, 429]);
  });

  it("of two users is refused, and so are more tokens than four, and nobody is charged", async () => {
    const [one, other] = [token("carol"), token("dave")];
    for (const lines of [[...bearer(one), ...bearer(other)], bearer(`${one}, ${other}`), bearer(`${other} x ${one}`)]) {
      const { status, body } = await send(worker, lines);
      assert.deepEqual([status, JSON.parse(body)], [400, { error: "bad_request", message: "Authorization has the tokens of two users; send one." }]);
    }
    const forged = Array.from({ length: 5 }, () => token(randomUUID(), { secret: "another" }));
    assert.equal((await send(worker, bearer(forged.join(" ")))).status, 400);
    assert.equal((await send(worker, bearer(one + " ".repeat(9_000) + "x"))).status, 400, "too long");
    for (const user of [one, other]) assert.deepEqual(await statuses(worker, Array.from({ length: USER + 1 }, () => bearer(user))), [200, 200, 200, 200, 200, 429]);
  });

  it("is one user's whatever else it says that means nothing here", async () => {
    const odd = [
      { x5t: "0".repeat(40) }, { x5t: "AA:BB" }, { x5t: "+/=" }, { x5t: "" }, { jku: ["a"] }, { x5u: {} }, { jwk: 1 }, { typ: 7 }, { cty: "application/json" },
    ].map((header) => ({ header }));
    const claims = [{ iat: "1795726620" }, { iat: "yesterday" }, { iat: null }, { exp: 9999999999999 }, { exp: 9007199254740992 }, { exp: 1.7e26 }, { nbf: null }];
    const tokens = [...odd, ...claims].map((how) => token("erin", how));
    const found = await statuses(worker, tokens.map((it) => bearer(it)));
    assert.deepEqual(found, tokens.map((_, index) => (index < USER ? 200 : 429)));
    const numbers = [7, 7, "7", "7", 7, "7", 7].map((sub) => bearer(token(sub)));
    assert.deepEqual(await statuses(worker, numbers), [200, 200, 200, 200, 200, 429, 429]);
  });
});

describe("a credential that proves nothing", () => {
  it("is counted by address, also by the rules in addition, and is told of in one line for each reason", async () => {
    const worker = await start({ default: { limit: "1000/day" }, jwt: { ...API, issuer: "https://issuer.example", audience: "api" } });
    try {
      const right = { iss: "https://issuer.example", aud: "api", org: "acme" };
      const wrong = {
        wrong_issuer: token("ada", { ...right, iss: "https://issuer.example/" }),
        wrong_audience: token("ada", { ...right, aud: undefined }),
        expired: token("ada", { ...right, exp: 1 }),
        not_yet_valid: token("ada", { ...right, nbf: 9999999999 }),
        no_expiry: token("ada", { ...right, exp: undefined }),
        bad_signature: token("ada", { ...right, secret: "another" }),
        wrong_algorithm: token("ada", { ...right, header: { alg: "RS256" } }),
        critical_extension: token("ada", { ...right, header: { crit: ["x"] } }),
        malformed: "opaque",
        no_user_claim: token(undefined, right),
      };
      for (const [reason, it] of Object.entries(wrong)) {
        const address = `198.51.100.${(addresses += 1)}`;
        const found = await statuses(worker, Array.from({ length: TENANT + 1 }, () => bearer(it)), { address });
        // What is verified counts for its tenant, which is none of the address's.
        assert.deepEqual(found, Array.from({ length: TENANT + 1 }, (_, index) => (index < TENANT ? 200 : 429)), reason);
      }
      const told = logged(worker);
      assert.deepEqual(told.map(({ reason }) => reason).sort(), Object.keys(wrong).sort());
      for (const line of told) assert.deepEqual(Object.keys(line), ["event", "reason", "count"]);
      assert.ok(!worker.logs().includes("eyJ"), "no token is in the log");
      // Without any, a request is no tenant's, as ever.
      const anonymous = await statuses(worker, Array.from({ length: TENANT + 1 }, () => []), { address: "198.51.100.254" });
      assert.deepEqual(new Set(anonymous), new Set([200]));
    } finally {
      await worker.stop();
    }
  });

  it("is refused where the policy says so, uncharged, and only where a rule asks for it", async () => {
    const rules = [{ name: "open", match: ["GET /open"], key: "ip", limit: "9/day" }];
    const worker = await start({ unverified: "refuse", rules });
    try {
      const address = "198.51.100.7";
      for (let tries = 0; tries < USER + 2; tries += 1) {
        const { status, get, body } = await send(worker, bearer(token("ada", { exp: 1 })), { address });
        assert.deepEqual([status, get("WWW-Authenticate"), JSON.parse(body).error], [401, 'Bearer error="invalid_token"', "unverified"]);
        assert.equal(get("RateLimit"), undefined);
      }
      assert.equal((await send(worker, bearer(token("ada", { exp: 1 })), { address, path: "/open" })).status, 200);
      assert.deepEqual(await statuses(worker, Array.from({ length: USER + 1 }, () => []), { address }), [200, 200, 200, 200, 200, 429]);
      assert.equal((await send(worker, bearer(token("ada")), { address })).status, 200);
      assert.equal((await send(worker, ["Authorization: Basic eDp5"], { address: "198.51.100.8" })).status, 200, "another scheme is none");
    } finally {
      await worker.stop();
    }
  });

  it("does not keep out whoever has a good one, although its address is used up and floods", async () => {
    const worker = await start();
    const address = "198.51.100.9";
    try {
      const ada = bearer(token("ada"));
      assert.equal((await send(worker, ada, { address })).status, 200);
      const spent = await statuses(worker, Array.from({ length: USER + 1 }, () => []), { address });
      assert.equal(spent.at(-1), 429);
      const before = origin.hits();
      const flood = Array.from({ length: 200 }, () => send(worker, bearer(token(randomUUID(), { secret: "another" })), { address }));
      const found = await Promise.all(flood);
      assert.deepEqual(new Set(found.map(({ status }) => status)), new Set([429]));
      assert.equal(origin.hits(), before);
      assert.equal((await send(worker, ada, { address })).status, 200, "who is known is known first");
    } finally {
      await worker.stop();
    }
  });
});

describe("wrong signatures from one place", () => {
  it("do not keep tokens of users elsewhere from being checked, though all Workers of the network share an address", async () => {
    const worker = await start({ rules: [] });
    const address = "2a06:98c0:3600::103";
    const from = (zone, signed) => send(worker, [...bearer(signed), `CF-Worker: ${zone}`], { address });
    try {
      // More than are checked in all the seconds that so many can take.
      const sent = { forged: [], genuine: [], elsewhere: [] };
      for (let index = 0; index < 100; index += 1) {
        sent.forged.push(from("flood.example", token(randomUUID(), { secret: "another" })));
        // Not three hundred connections at the same moment, of which a busy machine may lose one.
        if (index % 4 > 0) continue;
        sent.genuine.push(from(`zone-${index % 3}.example`, token(randomUUID())));
        sent.elsewhere.push(send(worker, bearer(token(randomUUID()))));
      }
      const all = async (which) => (await Promise.all(sent[which])).map(({ status }) => status);
      assert.ok((await all("forged")).includes(503), "the flood is beyond what is checked of it");
      for (const users of ["genuine", "elsewhere"]) assert.deepEqual(new Set(await all(users)), new Set([200]), users);
    } finally {
      await worker.stop();
    }
  });
});

describe("an API key", () => {
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  it("is its own in whatever stands beside it, and two are refused", async () => {
    const keys = ["one", "other"].map((key) => ({ sha256: sha256(key) }));
    const worker = await start({ default: { limit: "5/day", key: "api-key" }, api_keys: { keys }, rules: [] });
    try {
      const lines = [
        ["X-API-Key: one"], ["X-API-Key: one", "X-API-Key: x"], ["X-API-Key: x", "X-API-Key: one"], ["X-API-Key:   one  "], ["X-API-Key: one,"], ["X-API-Key: Bearer one"],
      ];
      assert.deepEqual(await statuses(worker, lines), [200, 200, 200, 200, 200, 429]);
      assert.equal((await send(worker, ["X-API-Key: one", "X-API-Key: other"])).status, 400);
      assert.equal((await send(worker, ["X-API-Key: 1, 2, 3, 4, one"])).status, 400);
      assert.equal((await send(worker, ["X-API-Key: other"])).status, 200);
      assert.equal((await send(worker, ["X-API-Key: guess"])).status, 200);
      assert.deepEqual(logged(worker).map(({ reason }) => reason).sort(), ["ambiguous", "unlisted_api_key"]);
    } finally {
      await worker.stop();
    }
  });
});

describe("what is counted by", () => {
  it("may be a claim of any name, or one inside another", async () => {
    const rules = [
      { name: "space", match: ["GET /space"], key: "claim:https://acme.example/tenant", limit: "2/day" },
      { name: "role", match: ["GET /role"], limit: { role: { admin: "3/day" }, default: "1/day" } },
    ];
    const worker = await start({ jwt: { ...API, user: "cognito:username", role: "realm_access.roles" }, rules });
    try {
      const of = (name, claims) => bearer(token(undefined, { "cognito:username": name, ...claims }));
      const space = ["a", "b", "c"].map((name) => of(name, { "https://acme.example/tenant": "acme" }));
      assert.deepEqual(await statuses(worker, space, { path: "/space" }), [200, 200, 429]);
      const admin = Array.from({ length: 4 }, () => of("ada", { realm_access: { roles: ["user", "admin"] } }));
      assert.deepEqual(await statuses(worker, admin, { path: "/role" }), [200, 200, 200, 429]);
      assert.deepEqual(await statuses(worker, [of("bob"), of("bob")], { path: "/role" }), [200, 429]);
    } finally {
      await worker.stop();
    }
  });

  it("is refused in a header whose bytes are no UTF-8, since the runtime gives them all as one", async () => {
    const worker = await start({ default: { limit: "2/day", key: "header:x-user-name" }, rules: [] });
    try {
      for (const name of ["M\xfcller", "M\xf6ller", "M\xe4ller"]) assert.equal((await send(worker, [`X-User-Name: ${name}`])).status, 400);
      const utf8 = (text) => Buffer.from(text, "utf8").toString("latin1");
      const names = ["Müller", "Möller", "Mäller", "Müller", "Müller"].map((name) => [`X-User-Name: ${utf8(name)}`]);
      assert.deepEqual(await statuses(worker, names), [200, 200, 200, 200, 429]);
    } finally {
      await worker.stop();
    }
  });

  it("is the zone of another customer's Worker where that is who asks, and told of where there is no address", async () => {
    const worker = await start({ default: { limit: "1/day" }, rules: [] });
    try {
      const workers = "2a06:98c0:3600::103";
      const zones = ["one.example", "other.example", "ONE.example"].map((zone) => [`CF-Worker: ${zone}`]);
      assert.deepEqual(await statuses(worker, zones, { address: workers }), [200, 200, 429]);
      assert.deepEqual(await statuses(worker, zones, { address: "203.0.113.9" }), [200, 429, 429], "anybody can send the header");
      assert.deepEqual(logged(worker), []);
      for (const address of ["", "nowhere"]) await send(worker, [], { address });
      assert.deepEqual(logged(worker), [{ event: "unverified", reason: "no_address", count: 1 }]);
    } finally {
      await worker.stop();
    }
  });
});

describe("check --token", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-token-"));
  after(() => rmSync(folder, { recursive: true }));
  const secret = "a secret of thirty-two bytes, or more";

  /** What it says of a token under these fields of the policy. */
  function check(jwt, text, ...args) {
    const config = join(folder, "wrangler.toml");
    const rules = `[vars.BOUNCER]\norigin = "https://api.example"\ndefault = { limit = "5/day" }\n[vars.BOUNCER.jwt]\n${jwt}\n`;
    writeFileSync(config, rules);
    writeFileSync(join(folder, ".dev.vars"), `JWT_SECRET="${secret}"\n`);
    writeFileSync(join(folder, "token"), text);
    const all = ["--config", config, "--token", join(folder, "token"), ...args];
    return spawnSync(program("bouncer-check"), all, { cwd: ROOT, env: ENV, encoding: "utf8" });
  }
  const shared = `algorithm = "HS256"\nsecret = "JWT_SECRET"\nissuer = "https://issuer.example"`;
  const right = { secret, iss: "https://issuer.example", org: "acme" };

  it("says what a token verifies as, and as whom each rule counts it", () => {
    const { status, stdout } = check(shared, `Bearer ${token("ada", right)}\n`, "GET /");
    assert.equal(status, 0);
    assert.match(stdout, /^verifies as +user ada; tenant acme; no role \(claim "role"\); no plan/);
    assert.match(stdout, /rule +default\n[^]*counts it as +user:ada/);
  });

  it("says why a token does not verify, which field it is, and what to change", () => {
    for (const [text, expected] of [
      [token("ada", { ...right, iss: "https://issuer.example/" }), /wrong_issuer: "iss" is "https:\/\/issuer.example\/", and jwt.issuer is "https:\/\/issuer.example"; they are compared/],
      [token("ada", { ...right, exp: 1 }), /expired: "exp" is 1, and now it is \d+/],
      [token("ada", { ...right, exp: undefined }), /no_expiry: "exp" is missing/],
      [token("ada", { ...right, secret: "another" }), /bad_signature: it was not signed with the secret "JWT_SECRET" of .dev.vars/],
      [token("ada", { ...right, header: { alg: "RS256" } }), /wrong_algorithm: "alg" is "RS256", and jwt.algorithm is "HS256"/],
      ["nonsense", /malformed: found no token/],
    ]) {
      const { status, stderr } = check(shared, text);
      assert.equal(status, 1);
      assert.match(stderr, expected);
    }
  });

  it("checks all but the signature where the keys are somewhere else, and warns of keys that sign for anybody", () => {
    const text = `${Buffer.from('{"alg":"ES256","kid":"1"}').toString("base64url")}.${token("ada", right).split(".")[1]}.AAAA`;
    const { status, stdout, stderr } = check(`algorithm = "ES256"\njwks = "https://issuer.example/keys"`, text);
    assert.equal(status, 0);
    assert.match(stdout, /^would verify as +user ada; [^]*all was checked but the signature/);
    assert.match(stderr, /warning\[any-token\]: BOUNCER.jwt.jwks: .* write "issuer" and "audience"/);
  });
});
