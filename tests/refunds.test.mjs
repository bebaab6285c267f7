// What is charged and what is given back: only for what Bouncer itself did not send, or by a status that a rule does not
// count; and nobody pays for a counter that was late, or for what a stranger did not use.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { TIMEOUT_MS, bucket, rule, startFaulty } from "./support/faulty.mjs";
import { startHttpServer } from "./support/http-server.mjs";
import { policy, sleep, token, whole } from "./support/stack.mjs";
import { dial, startRawOrigin } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const also = (name, key) => ({ name, also: true, match: ["* /many/**"], key, limit: "9/day", ...bucket, on_error: "open" });

const RULES = [
  rule("closed", { on_error: "closed", limit: "3/day" }),
  rule("open", { on_error: "open", limit: "3/day" }),
  rule("unreached", { limit: "3/day" }),
  rule("unreached-by-two", { key: "user", limit: "3/day" }),
  { name: "unreached-by-all", also: true, match: ["* /unreached-by-two/**"], key: "global", limit: "100/day", ...bucket },
  rule("many", { key: "user", on_error: "open", limit: "9/day" }),
  also("address", "ip"),
  also("region", "header:x-region"),
  also("org", "tenant"),
  { ...also("all", "global"), match: ["* /many/**", "* /shared/**"], limit: "200/day" },
  // On a busy machine six hundred at once take longer than there is time, and what is not asked admits nobody.
  rule("shared", { limit: "5/day", on_error: "closed" }),
];

describe("an origin that fails after it has the request", () => {
  const failures = {
    "resets the connection": (wire) => wire.reset(),
    "closes it": (wire) => wire.socket.end(),
    "sends half a head and closes it": (wire) => wire.write("HTTP/1.1 200 OK\r\nContent-Le").then(() => wire.socket.end()),
    "sends something that is not HTTP": (wire) => wire.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  };
  for (const [what, fail] of Object.entries(failures)) {
    for (const count of ["every", "failures", [401]]) {
      it(`and ${what} is charged for, under count = ${JSON.stringify(count)}`, async () => {
        const origin = await startRawOrigin();
        const limits = { default: { limit: "5/day", ...bucket, key: "global", count } };
        const bouncer = await startWorkerd(policy(origin.url, { rules: [], ...limits }));
        let reached = 0;
        let isOver = false;
        const serve = async () => {
          while (!isOver) {
            const wire = await origin.connection();
            await wire.head();
            reached += 1;
            await fail(wire);
          }
        };
        serve().catch(() => {});
        try {
          const statuses = [];
          for (let tries = 0; tries < 12; tries += 1) {
            // POST: the runtime itself sends others again where a connection breaks.
            const { status } = await whole(await fetch(bouncer.url, { method: "POST" }));
            statuses.push(status);
          }
          assert.deepEqual(statuses, [...Array(5).fill(502), ...Array(7).fill(429)]);
          assert.equal(reached, 5);
        } finally {
          isOver = true;
          await bouncer.stop();
          origin.stop();
        }
      });
    }
  }
});

describe("refunds", () => {
  let faulty;
  before(async () => (faulty = await startFaulty(RULES, { refund_unreachable: [521, 523] })));
  after(() => faulty?.stop());

  it("are made for the statuses that the policy takes for a proof, and for no others", async () => {
    const client = faulty.somewhere();
    assert.deepEqual(await faulty.statuses(5, "/unreached/521", client), Array(5).fill(521));
    assert.deepEqual(await faulty.statuses(5, "/unreached/523", client), Array(5).fill(523));
    assert.deepEqual(await faulty.statuses(4, "/unreached/522", client), [522, 522, 522, 429]);
  });

  it("are made on every key for such a status, also after others have told the narrower ledger of theirs", async () => {
    const client = { ...faulty.somewhere(), token: token(`unreached-${Date.now()}`) };
    assert.deepEqual(await faulty.statuses(2, "/unreached-by-two/200", client), [200, 200]);
    assert.deepEqual(await faulty.statuses(6, "/unreached-by-two/521", client), Array(6).fill(521));
    // A slow one, in the middle of which another request of the same client tells its ledger what stands.
    const slow = faulty.get("/unreached-by-two/521?wait", client);
    while (faulty.origin.waiting.length === 0) await sleep(10);
    assert.deepEqual(await faulty.statuses(2, "/unreached-by-two/200", client), [429, 429]);
    faulty.origin.release();
    assert.equal((await slow).status, 521);
    // A refusal that rests on what may be given back is remembered for a quarter of a second.
    await sleep(300);
    assert.deepEqual(await faulty.statuses(2, "/unreached-by-two/200", client), [200, 429]);
  });

  for (const name of ["closed", "local"]) {
    it(`are made for what a late counter charged where the rule says ${name}`, async () => {
      const client = faulty.somewhere();
      const object = `ip:${client.address}`;
      await faulty.fail(object, "slow");
      await faulty.statuses(2, `/${name}/200`, client);
      // A bucket gives back no more than is sure, which may be a second's refill less than was taken.
      await sleep(3 * TIMEOUT_MS + 1_100);
      await faulty.fail(object, "");
      const left = name === "closed" ? 2 : 1;
      assert.match((await faulty.get(`/${name}/200`, client)).headers.get("RateLimit"), new RegExp(`"${name}-1d";r=${left};`));
    });
  }

  it("are not made for a late counter where the request has passed uncounted", async () => {
    const client = faulty.somewhere();
    const object = `ip:${client.address}`;
    await faulty.fail(object, "slow");
    assert.deepEqual(await faulty.statuses(2, "/open/200", client), [200, 200]);
    await sleep(3 * TIMEOUT_MS);
    await faulty.fail(object, "");
    assert.deepEqual(await faulty.statuses(2, "/open/200", client), [200, 429]);
  });

  it("are made where there was no time left to ask all keys, which is 503 and a second whatever the rules say", async () => {
    const address = faulty.somewhere().address;
    const [user, org] = [`late-user-${address}`, `late-org-${address}`];
    const client = { address, token: token(user, { org }), headers: { "X-Region": `late-${address}` } };
    const objects = [`user:${user}`, `ip:${address}`, `header:x-region:late-${address}`, `tenant:${org}`];
    for (const object of objects) await faulty.fail(object, "late");
    const { status, headers, text } = await faulty.get("/many/200", client);
    for (const object of objects) await faulty.fail(object, "");
    // The last that was asked answers late, and is then told to give back.
    await sleep(2 * TIMEOUT_MS);
    assert.equal(status, 503);
    assert.equal(headers.get("Retry-After"), "1");
    assert.equal(JSON.parse(text).error, "limiter_unavailable");
    const after = await faulty.get("/many/200", client);
    assert.equal(after.status, 200);
    assert.match(after.headers.get("RateLimit"), /"many-1d";r=8;.*"address-1d";r=8;.*"region-1d";r=8;.*"org-1d";r=8;/);
  });
});

describe("a counter that had less than its time, since others had taken it", () => {
  let faulty;
  before(async () => (faulty = await startFaulty(RULES)));
  after(() => faulty?.stop());

  it("is 503 and a second although its rule says open, and what the others charged is given back", async () => {
    const address = faulty.somewhere().address;
    const [user, org] = [`short-user-${address}`, `short-org-${address}`];
    const client = { address, token: token(user, { org }), headers: { "X-Region": `short-${address}` } };
    const late = [`user:${user}`, `ip:${address}`, `header:x-region:short-${address}`];
    for (const object of late) await faulty.fail(object, "late");
    await faulty.fail(`tenant:${org}`, "hangs");
    const { status, headers, text } = await faulty.get("/many/200", client);
    for (const object of [...late, `tenant:${org}`]) await faulty.fail(object, "");
    assert.deepEqual([status, headers.get("Retry-After"), JSON.parse(text).error], [503, "1", "limiter_unavailable"]);
    const [report] = faulty.reports("degraded");
    // On a busy machine the one before it is out of time already.
    assert.ok(["region", "org"].includes(report.rule), report.rule);
    assert.equal(report.on_error, "closed");
    const [, given_ms] = report.reason.match(/no answer within (\d+) ms/);
    assert.ok(Number(given_ms) < TIMEOUT_MS, report.reason);
    const after = await faulty.get("/many/200", client);
    assert.equal(after.status, 200);
    assert.match(after.headers.get("RateLimit"), /"many-1d";r=8;.*"address-1d";r=8;.*"region-1d";r=8;/);
  });
});

describe("a client that goes while its token's key is fetched", () => {
  it("is given back what was charged for it after that, since nothing was forwarded", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    let fetched;
    const isFetched = new Promise((resolve) => (fetched = resolve));
    const issuer = await startHttpServer(async (request, response) => {
      fetched();
      await sleep(600);
      response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k" }] }));
    });
    const origin = await startRawOrigin();
    const jwt = { algorithm: "ES256", jwks: `${issuer.url}/keys` };
    const bouncer = await startWorkerd(policy(origin.url, { jwt, rules: [], default: { limit: "3/day", ...bucket, key: "user" } }));
    try {
      const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const claims = { sub: "ada", exp: Math.floor(Date.now() / 1_000) + 600 };
      const signed = `${encoded({ alg: "ES256", kid: "k" })}.${encoded(claims)}`;
      const signature = sign("sha256", signed, { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
      const authorization = `Authorization: Bearer ${signed}.${signature}`;
      const client = await dial(bouncer.url, "GET / HTTP/1.1", "Host: a", authorization);
      await isFetched;
      client.reset();
      await sleep(1_000);
      assert.equal(origin.count(), 0, "nothing was forwarded");
      const next = await dial(bouncer.url, "GET / HTTP/1.1", "Host: a", authorization);
      const wire = await origin.connection();
      await wire.head();
      await wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      assert.match((await next.head()).get("RateLimit"), /"default-1d";r=2;/);
      next.reset();
    } finally {
      await bouncer.stop();
      origin.stop();
      issuer.stop();
    }
  });
});

describe("a crowd from one address", () => {
  it("leaves no trace in what all share", async () => {
    // Time enough for a machine that has much else to do.
    const faulty = await startFaulty(RULES, { timeout_ms: 10_000 });
    try {
      const crowded = faulty.somewhere();
      await faulty.fail(`ip:${crowded.address}`, "late");
      const crowd = Array.from({ length: 600 }, () => faulty.get("/shared/200", crowded));
      const others = [];
      for (let index = 0; index < 40; index += 1) {
        others.push((await faulty.get("/shared/200", faulty.somewhere())).status);
        await sleep(5);
      }
      const statuses = (await Promise.all(crowd)).map(({ status }) => status);
      assert.deepEqual(others, Array(40).fill(200));
      assert.equal(statuses.filter((status) => status === 200).length, 5);
      const { status, headers } = await faulty.get("/shared/200", faulty.somewhere());
      assert.equal(status, 200);
      const [, left] = headers.get("RateLimit").match(/"all-1d";r=(\d+);/);
      assert.equal(Number(left), 200 - 5 - 40 - 1);
    } finally {
      await faulty.stop();
    }
  });
});
