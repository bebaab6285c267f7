// Who is believed: a client that has used up its address gets in with a token that proves a user, and with no other.
// The issuer is Node's crypto, and a server of this test that counts how often it is asked for its keys.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { startCountingOrigin } from "./support/counting-origin.mjs";
import { HASHES, ISSUER, PAIRS, encoded, keys, now_s, signer, startIssuer } from "./support/issuer.mjs";
import { policy, sleep, startBouncer, startDev } from "./support/stack.mjs";

const LIMIT = 5;
const SPENT = "198.51.100.1";
const ELSEWHERE = "198.51.100.2";
/** A policy under which every client has so many requests a day. */
const limited = (origin, jwt) =>
  policy(origin, {
    default: { limit: `${LIMIT}/day`, algorithm: "token-bucket" },
    rules: [{ name: "health", match: ["GET /health"], exempt: true }],
    jwt: { issuer: ISSUER, audience: "api", ...jwt },
  });

/** Tokens that are none, whoever has signed them rightly. */
const garbage = (it, alg) => ({
  nonsense: "a.b.c",
  expired: it.token({ exp: now_s() - 1 }),
  "without expiry": it.token({ exp: undefined }),
  "not valid yet": it.token({ nbf: now_s() + 600 }),
  "of another issuer": it.token({ iss: "https://other.example" }),
  "for another audience": it.token({ aud: "other" }),
  "with an extension": it.token({ header: { crit: ["exp"] } }),
  "of no algorithm": it.token({ header: { alg: "none" } }),
  "of another algorithm": it.token({ header: { alg: alg === "HS256" ? "HS384" : "HS256" } }),
});

let origin;

before(async () => (origin = await startCountingOrigin()));
after(() => origin.stop());

/** Uses up what the address has, so that only a user gets in. */
async function spend(bouncer, address = SPENT) {
  for (let used = 0; used < LIMIT; used += 1) assert.equal((await bouncer.fetch("/", { address })).status, 200);
  assert.equal((await bouncer.fetch("/", { address })).status, 429);
}

/** Whether the token proves a user. If it does not, nothing has reached the origin. */
async function proves(bouncer, token, address = SPENT) {
  const before = origin.hits();
  const { status } = await bouncer.fetch("/", { address, token });
  assert.ok(status === 200 || status === 429, `status ${status}`);
  if (status === 429) assert.equal(origin.hits(), before);
  return status === 200;
}

describe("tokens", () => {
  for (const alg of Object.keys({ ...HASHES, ...PAIRS })) {
    it(`under ${alg} prove a user when they are genuine, and nothing otherwise`, async () => {
      const it = signer(alg, "1");
      const other = PAIRS[alg] ? signer(alg, "1") : { token: () => it.token().replace(/.{4}$/, "AAAA") };
      const pem = it.publicKey?.export({ type: "spki", format: "pem" });
      const jwt = { algorithm: alg, ...(pem ? { public_key: pem } : { secret: "JWT_SECRET" }) };
      const bouncer = await startBouncer(limited(origin.url, jwt));
      try {
        await spend(bouncer);
        const user = it.token();
        for (let used = 0; used < LIMIT; used += 1) assert.ok(await proves(bouncer, user), `request ${used}`);
        assert.ok(!(await proves(bouncer, user)), "a user has a limit too");
        assert.ok(await proves(bouncer, it.token()), "another user has another counter");
        const [header, , signature] = user.split(".");
        const forged = {
          ...garbage(it, alg),
          "of another key": other.token(),
          "with another body": `${header}.${encoded({ sub: "eve", iss: ISSUER, aud: "api", exp: now_s() + 600 })}.${signature}`,
        };
        const { status } = await bouncer.fetch("/", { address: SPENT, token: it.token({ text: "a".repeat(9_000) }) });
        assert.ok(status === 400 || status === 429, "what is longer than what is read is nobody's");
        if (pem) {
          const text = `${encoded({ alg: "HS256" })}.${it.token().split(".")[1]}`;
          forged["whose secret is the public key"] = `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
        }
        for (const [what, token] of Object.entries(forged)) assert.ok(!(await proves(bouncer, token)), what);
      } finally {
        await bouncer.stop();
      }
    });
  }
});

describe("keys from a JWK Set", () => {
  const alg = "ES256";
  const [one, two, stranger] = [signer(alg, "one"), signer(alg, "two"), signer(alg, "three")];
  const started = [];
  let rotating;
  let failing;

  /** An issuer that answers like this, and a Worker that has its keys from there and has not asked for them yet. */
  async function start(answer) {
    const issuer = await startIssuer(answer);
    started.push(issuer);
    const bouncer = await startDev(limited(origin.url, { algorithm: alg, jwks: issuer.url }));
    started.push(bouncer);
    await spend(bouncer);
    return { issuer, bouncer };
  }

  before(async () => {
    rotating = await start(keys(one));
    failing = await start(keys(one));
  });
  after(() => Promise.all(started.map((server) => server.stop())));

  it("are not asked for by garbage, nor by a request that needs none", async () => {
    const { issuer, bouncer } = rotating;
    for (const [what, token] of Object.entries(garbage(one, alg))) assert.ok(!(await proves(bouncer, token)), what);
    assert.equal((await bouncer.fetch("/health", { token: one.token() })).status, 200);
    assert.equal(issuer.asked, 0);
  });

  it("are asked for once by many first requests at a time, all of which are believed", async () => {
    const { issuer, bouncer } = rotating;
    const { answer } = issuer;
    issuer.answer = async (response) => {
      await sleep(500);
      answer(response);
    };
    const many = Array.from({ length: 20 }, () => proves(bouncer, one.token()));
    assert.deepEqual(new Set(await Promise.all(many)), new Set([true]));
    assert.equal(issuer.asked, 1);
    issuer.answer = answer;
  });

  /** Has a stranger invent names until the set has been fetched once more; then no more of theirs are worth it for a minute. */
  async function askedByStranger({ issuer, bouncer }) {
    const { asked } = issuer;
    const begun_ms = Date.now();
    while (issuer.asked === asked) {
      assert.ok(!(await proves(bouncer, stranger.token({ header: { kid: randomUUID() } }))));
      if (issuer.asked === asked) await sleep(250);
    }
    // However slow the machine is.
    return () => assert.ok(issuer.asked <= asked + 1 + Math.floor((Date.now() - begun_ms) / 60_000), `asked ${issuer.asked - asked} times`);
  }

  it("are asked for again once by a flood of unknown names from an address, and never by what a token says of keys", async () => {
    const { issuer, bouncer } = rotating;
    const isAskedOnce = await askedByStranger(rotating);
    const flood = Array.from({ length: 50 }, () => proves(bouncer, stranger.token({ header: { kid: randomUUID() } })));
    assert.deepEqual(new Set(await Promise.all(flood)), new Set([false]));
    const theirs = { jku: issuer.url.replace("/keys", "/theirs"), jwk: stranger.jwk, x5u: issuer.url };
    for (const kid of ["one", "three", undefined]) {
      assert.ok(!(await proves(bouncer, stranger.token({ header: { ...theirs, kid } }))), kid);
    }
    assert.ok(await proves(bouncer, one.token({ header: { kid: undefined } })), "the only key needs no name");
    isAskedOnce();
    assert.deepEqual(new Set(issuer.paths), new Set(["/keys"]));
  });

  it("come although the client that made them be asked for has hung up", async () => {
    const { issuer, bouncer } = await start(async (response) => {
      await sleep(600);
      keys(one)(response);
    });
    const signal = AbortSignal.timeout(200);
    await assert.rejects(bouncer.fetch("/", { address: SPENT, token: one.token(), signal }));
    assert.ok(await proves(bouncer, one.token()));
    assert.equal(issuer.asked, 1);
  });

  it("that never come hold nobody up for more than a moment, and then the address counts", async () => {
    const { issuer, bouncer } = await start(() => {});
    const begun_ms = Date.now();
    const waiting = Array.from({ length: 5 }, () => proves(bouncer, one.token()));
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([false]));
    const waited_ms = Date.now() - begun_ms;
    assert.ok(waited_ms > 2_000 && waited_ms < 4_000, `${waited_ms} ms`);
    assert.ok(!(await proves(bouncer, one.token())));
    assert.ok(Date.now() - begun_ms - waited_ms < 500, "who comes later does not wait");
    assert.equal(issuer.asked, 1);
  });

  for (const [what, answer] of Object.entries({
    "an endless answer": (response) => {
      const more = () => !response.destroyed && response.write(" ".repeat(16_384), () => setTimeout(more, 1));
      more();
    },
    "an answer that trickles": (response) => {
      const more = () => !response.destroyed && response.write(" ", () => setTimeout(more, 50));
      more();
    },
    "a redirect": (response, { url }) =>
      url === "/keys" ? response.writeHead(302, { Location: "/elsewhere" }).end() : keys(one)(response),
  })) {
    it(`are not taken from ${what}`, async () => {
      const { issuer, bouncer } = await start(answer);
      const begun_ms = Date.now();
      assert.ok(!(await proves(bouncer, one.token())));
      assert.ok(Date.now() - begun_ms < 4_000);
      assert.deepEqual(issuer.paths, ["/keys"]);
    });
  }

  it("are asked for again for whoever has a new one, whatever a stranger has asked for: it is believed, and the withdrawn one no more", async () => {
    const { issuer, bouncer } = rotating;
    await spend(bouncer, ELSEWHERE);
    const remembered = one.token();
    assert.ok(await proves(bouncer, remembered));
    issuer.answer = keys(two);
    const { asked } = issuer;
    assert.ok(await proves(bouncer, remembered), "nobody has asked yet");
    while (!(await proves(bouncer, two.token(), ELSEWHERE))) {
      assert.equal(issuer.asked, asked, "as soon as it is asked for it is there");
      await proves(bouncer, stranger.token({ header: { kid: randomUUID() } }));
      await sleep(250);
    }
    assert.equal(issuer.asked, asked + 1);
    for (const token of [remembered, one.token()]) assert.ok(!(await proves(bouncer, token, ELSEWHERE)));
    assert.ok(await proves(bouncer, two.token()), "whoever asks");
  });

  it("are asked for again a second after a fetch that failed, and one that is listed twice is one", async () => {
    const { issuer, bouncer } = await start((response) => response.destroy());
    const user = one.token();
    assert.ok(!(await proves(bouncer, user)));
    assert.equal(issuer.asked, 1);
    issuer.answer = keys(one, one);
    await sleep(1_100);
    assert.ok(await proves(bouncer, user));
    assert.ok(await proves(bouncer, one.token({ header: { kid: undefined } })));
    assert.equal(issuer.asked, 2);
  });

  it("stay when the issuer has none any more, and when it is down", async () => {
    const { issuer, bouncer } = failing;
    assert.ok(await proves(bouncer, one.token()));
    for (const answer of [keys(), (response) => response.destroy()]) {
      issuer.answer = answer;
      await askedByStranger(failing);
      assert.ok(await proves(bouncer, one.token()));
    }
  });
});
