// A refusal costs nothing: after the first, no object is asked until the retry time.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { startScriptedOrigin } from "./support/scripted-origin.mjs";
import { keys, signer, startIssuer } from "./support/issuer.mjs";
import { policy, sleep, stampOf, startBouncer, token, whole } from "./support/stack.mjs";

const WATCHED = fileURLToPath(new URL("support/watched-entry.mjs", import.meta.url));

const bucket = { algorithm: "token-bucket" };
const RULES = [
  { name: "few", match: ["GET /few"], key: "ip", limit: "2/10 seconds", ...bucket },
  { name: "failing", match: ["GET /failing"], key: "ip", limit: "2/10 seconds", count: [200], ...bucket },
  { name: "none", match: ["GET /none"], key: "ip", limit: "0/minute" },
  { name: "user", match: ["GET /user"], key: "user", limit: "2/day", ...bucket },
  { name: "tenant", match: ["GET /user"], also: true, key: "tenant", limit: "100/day", ...bucket },
];

describe("after a refusal", () => {
  let origin;
  let bouncer;
  before(async () => {
    origin = await startScriptedOrigin();
    bouncer = await startBouncer(policy(origin.url, { rules: RULES }), { main: WATCHED });
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  const get = async (path, client) => whole(await bouncer.fetch(path, client));
  const calls = async (object) => (await (await bouncer.fetch(`/-/${encodeURIComponent(object)}`)).json()).calls;
  const statuses = async (count, path, client) => {
    const found = [];
    for (let index = 0; index < count; index += 1) found.push((await get(path, client)).status);
    return found;
  };

  it("nobody is asked until the retry time, and then whoever has waited gets in", async () => {
    const client = { address: "198.51.100.1" };
    assert.deepEqual(await statuses(3, "/few", client), [200, 200, 429]);
    assert.equal(await calls("ip:198.51.100.1"), 3);
    const { headers } = await get("/few", client);
    const crowd = await Promise.all(Array.from({ length: 50 }, () => get("/few", client)));
    assert.ok(crowd.every(({ status }) => status === 429));
    assert.equal(await calls("ip:198.51.100.1"), 3);
    await sleep(Number(headers.get("Retry-After")) * 1_000);
    assert.deepEqual(await statuses(2, "/few", client), [200, 429]);
    assert.equal(await calls("ip:198.51.100.1"), 5);
  });

  it("what is told is what the object would tell, and the wait shrinks", async () => {
    const client = { address: "198.51.100.2" };
    await statuses(2, "/few", client);
    const asked = await get("/few", client);
    await sleep(1_500);
    const remembered = await get("/few", client);
    assert.equal(await calls("ip:198.51.100.2"), 3);
    assert.equal(remembered.status, 429);
    const wait_s = ({ headers }) => Number(headers.get("Retry-After"));
    assert.ok(wait_s(remembered) < wait_s(asked), `${wait_s(remembered)} after ${wait_s(asked)}`);
    const [was, is] = [stampOf(asked), stampOf(remembered)];
    assert.equal(is.RateLimit, `"few-10s";r=0;t=${wait_s(remembered)}`);
    for (const name of ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy"]) assert.equal(is[name], was[name]);
    assert.equal(JSON.parse(remembered.text).retry_after, wait_s(remembered));
  });

  it("of one key no other key is asked or charged", async () => {
    const client = { token: token("ada", { org: "acme" }) };
    assert.deepEqual(await statuses(3, "/user", client), [200, 200, 429]);
    const [user, tenant] = [await calls("user:ada"), await calls("tenant:acme")];
    const { headers } = await get("/user", client);
    assert.match(headers.get("RateLimit"), /"user-1d";r=0;.*"tenant-1d";r=98;/);
    assert.deepEqual(await statuses(5, "/user", client), [429, 429, 429, 429, 429]);
    assert.deepEqual([await calls("user:ada"), await calls("tenant:acme")], [user, tenant]);
    const other = { token: token("eve", { org: "acme" }) };
    assert.equal((await get("/user", other)).status, 200);
  });

  it("by a rule whose permits may come back it is remembered too, once they are settled", async () => {
    const client = { address: "198.51.100.3" };
    assert.deepEqual(await statuses(2, "/failing", client), [200, 200]);
    await sleep(200);
    const before = await calls("ip:198.51.100.3");
    assert.deepEqual(await statuses(3, "/failing", client), [429, 429, 429]);
    assert.equal(await calls("ip:198.51.100.3"), before + 1);
  });

  it("under a limit of none nobody is asked at all", async () => {
    const client = { address: "198.51.100.4" };
    assert.deepEqual(await statuses(200, "/none", client), Array(200).fill(429));
    assert.equal(await calls("ip:198.51.100.4"), 0);
    const { headers, text } = await get("/none", client);
    assert.equal(headers.get("Retry-After"), "60");
    assert.equal(headers.get("RateLimit"), '"none-1m";r=0;t=0');
    assert.equal(JSON.parse(text).message, "Rate limit exceeded: 0 per 1 minute");
  });

  it("nobody is refused any longer than ten seconds from memory, whatever the limit says", async () => {
    const client = { token: token("grace", { org: "initech" }) };
    assert.deepEqual(await statuses(3, "/user", client), [200, 200, 429]);
    const before = await calls("user:grace");
    // Now and then the object is looked at, or it would leave memory, and its count of calls with it.
    for (let waited = 0; waited < 2; waited += 1) {
      await sleep(5_100);
      assert.equal(await calls("user:grace"), before);
    }
    assert.deepEqual(await statuses(2, "/user", client), [429, 429]);
    assert.equal(await calls("user:grace"), before + 1);
  });
});

describe("a user who is refused and comes with a key that has to be fetched", () => {
  it("is refused from memory once it is there, and no object is asked", async () => {
    const alg = "ES256";
    const [one, two] = [signer(alg, "one"), signer(alg, "two")];
    const origin = await startScriptedOrigin();
    const issuer = await startIssuer(keys(one));
    const rules = [{ name: "user", match: ["GET /user"], key: "user-or-ip", limit: "2/day", ...bucket }];
    const jwt = { algorithm: alg, jwks: issuer.url };
    const bouncer = await startBouncer(policy(origin.url, { rules, jwt }), { main: WATCHED });
    try {
      let addresses = 0;
      const get = async (it) => {
        const { status } = await whole(await bouncer.fetch("/user", { address: `198.51.100.${(addresses += 1)}`, token: it.token({ sub: "ada" }) }));
        return status;
      };
      const calls = async () => (await (await bouncer.fetch("/-/user%3Aada")).json()).calls;
      assert.deepEqual([await get(one), await get(one), await get(one)], [200, 200, 429]);
      assert.deepEqual([await calls(), issuer.asked], [3, 1]);
      issuer.answer = keys(one, two);
      // Until the set may be fetched again the key is unknown, and its request its address's.
      let status;
      while (issuer.asked === 1) {
        if (status !== undefined) await sleep(250);
        status = await get(two);
        assert.equal(status, issuer.asked === 1 ? 200 : 429);
      }
      assert.deepEqual([await get(two), await calls(), issuer.asked], [429, 3, 2]);
    } finally {
      await bouncer.stop();
      issuer.stop();
      origin.stop();
    }
  });
});
