// Several rules on one request, plans, roles and API keys: who is charged where, all or nothing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { policy, startBouncer, startOrigin, token, whole } from "./support/stack.mjs";

const bucket = { algorithm: "token-bucket" };
const rule = (name, limit, more = {}) => ({ name, match: [`GET /${name}`], limit, ...bucket, ...more });
const sha256 = (key) => createHash("sha256").update(key).digest("hex");
const [PRO_KEY, PLAIN_KEY] = ["a key on the plan pro", "a key without a plan"];

describe("several rules on one request", () => {
  let origin;
  let bouncer;
  let clients = 0;

  before(async () => {
    origin = await startOrigin();
    const rules = [
      { name: "exempt", match: ["GET /ready"], exempt: true },
      { name: "org", also: true, match: ["GET /together"], key: "tenant", limit: "3/day", ...bucket },
      { name: "second", also: true, match: ["GET /together"], key: "user-or-ip", limit: "5/hour", ...bucket },
      rule("together", "4/day"),
      rule("search", "3/day", { bucket: "heavy" }),
      rule("export", "2/day", { bucket: "heavy" }),
      rule("planned", {
        role: { admin: "9/day", root: "unlimited" },
        plan: { pro: "5/day" },
        default: "2/day",
      }),
      rule("keyed", { plan: { pro: "5/day" }, default: "2/day" }, { key: "api-key" }),
      rule("vip", { role: { admin: "unlimited" }, default: "1/day" }),
      { name: "vips", also: true, match: ["GET /vip"], key: "tenant", limit: "2/day", ...bucket },
    ];
    const api_keys = { keys: [{ sha256: sha256(PRO_KEY), plan: "pro" }, { sha256: sha256(PLAIN_KEY) }] };
    bouncer = await startBouncer(policy(origin.url, { rules, api_keys }));
  });
  after(async () => {
    await bouncer?.stop();
    await origin?.stop();
  });

  const someone = () => `user-${(clients += 1)}`;
  const somewhere = () => `198.51.100.${(clients += 1)}`;
  const get = async (path, client) => whole(await bouncer.fetch(path, client));
  /** Whether each was let through: the origin knows none of these paths and says so. */
  const admitted = async (path, ...clients) => {
    const found = [];
    for (const client of clients) found.push((await get(path, client)).status === 404);
    return found;
  };
  const times = (count, client) => Array.from({ length: count }, () => client);
  const allBut = (count, last) => [...times(count - last, true), ...times(last, false)];
  const left = ({ headers }) =>
    Object.fromEntries([...headers.get("RateLimit").matchAll(/"([^"]+)";r=(\d+)/g)].map(([, name, r]) => [name, Number(r)]));

  it("stamps each rule's limits, in one order, and charges all of them", async () => {
    const client = { token: token(someone(), { org: someone() }) };
    const { headers } = await get("/together", client);
    assert.equal(headers.get("RateLimit-Policy"), '"together-1d";q=4;w=86400,"org-1d";q=3;w=86400,"second-1h";q=5;w=3600');
    assert.deepEqual(left({ headers }), { "together-1d": 3, "org-1d": 2, "second-1h": 4 });
    assert.equal(headers.get("X-RateLimit-Limit"), "3");
    assert.equal(headers.get("X-RateLimit-Remaining"), "2");
  });

  it("shares a tenant's limit between all its users, and charges a refused user nothing", async () => {
    const org = someone();
    const [ada, bob] = [someone(), someone()].map((sub) => ({ token: token(sub, { org }) }));
    assert.deepEqual(await admitted("/together", ada, bob, ada), [true, true, true]);
    for (let tries = 0; tries < 5; tries += 1) {
      const refused = await get("/together", bob);
      assert.equal(refused.status, 429);
      assert.equal(JSON.parse(refused.text).message, "Rate limit exceeded: 3 per 1 day");
      assert.deepEqual(left(refused), { "together-1d": 3, "org-1d": 0, "second-1h": 4 });
    }
    // The same user for another tenant: of her own limits, only the one that was let through has been charged.
    const elsewhere = { token: token(JSON.parse(atob(bob.token.split(".")[1])).sub, { org: someone() }) };
    assert.deepEqual(left(await get("/together", elsewhere)), { "together-1d": 2, "org-1d": 2, "second-1h": 3 });
  });

  it("charges a tenant nothing for a user who is refused", async () => {
    const sub = someone();
    const orgs = [someone(), someone()];
    assert.deepEqual(await admitted("/together", ...orgs.flatMap((org) => times(2, { token: token(sub, { org }) }))), allBut(4, 0));
    const refused = await get("/together", { token: token(sub, { org: orgs[0] }) });
    assert.equal(refused.status, 429);
    assert.deepEqual(left(refused), { "together-1d": 0, "org-1d": 1, "second-1h": 1 });
    assert.deepEqual(left(await get("/together", { token: token(someone(), { org: orgs[0] }) }))["org-1d"], 0);
  });

  it("never admits more than a tenant's limit to users who come at once", async () => {
    const org = someone();
    const crowd = Array.from({ length: 20 }, () => get("/together", { token: token(someone(), { org }) }));
    const statuses = (await Promise.all(crowd)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 404).length, 3);
  });

  it("does not apply a rule in addition to who lacks what it counts by", async () => {
    const { headers } = await get("/together", { address: somewhere() });
    assert.equal(headers.get("RateLimit-Policy"), '"together-1d";q=4;w=86400,"second-1h";q=5;w=3600');
  });

  it("counts rules that share a bucket together, each up to its own limit", async () => {
    const client = { token: token(someone()) };
    assert.deepEqual(await admitted("/export", client, client, client), [true, true, false]);
    assert.deepEqual(await admitted("/search", client, client), [true, false]);
  });

  it("gives a plan its limits and keeps what was used when the plan changes", async () => {
    const sub = someone();
    const [free, pro] = ["free", "pro"].map((plan) => ({ token: token(sub, { plan }) }));
    assert.deepEqual(await admitted("/planned", ...times(3, free)), allBut(3, 1));
    assert.deepEqual(await admitted("/planned", ...times(4, pro)), allBut(4, 1));
  });

  it("gives a role its limits and a counter of its own", async () => {
    const sub = someone();
    const member = { token: token(sub) };
    const admin = { token: token(sub, { role: ["member", "admin"] }) };
    assert.deepEqual(await admitted("/planned", ...times(3, member)), allBut(3, 1));
    assert.deepEqual(await admitted("/planned", ...times(10, admin)), allBut(10, 1));
  });

  it("lets pass whoever is unlimited, unstamped, but not past the limits of others", async () => {
    const root = { token: token(someone(), { role: "root" }) };
    assert.deepEqual(await admitted("/planned", ...times(12, root)), allBut(12, 0));
    assert.equal((await get("/planned", root)).headers.get("RateLimit-Policy"), null);
    const admin = { token: token(someone(), { role: "admin", org: someone() }) };
    assert.deepEqual(await admitted("/vip", ...times(3, admin)), allBut(3, 1));
  });

  it("believes no role, plan or tenant of a token that is not verified", async () => {
    const address = somewhere();
    const claims = { role: "root", plan: "pro", org: someone(), secret: "another secret of 32 bytes or more.." };
    const forged = Array.from({ length: 3 }, () => ({ address, token: token(someone(), claims) }));
    assert.deepEqual(await admitted("/planned", ...forged), allBut(3, 1));
  });

  it("counts a known API key as itself wherever it comes from, and names it by its hash", async () => {
    const client = (key) => ({ address: somewhere(), headers: { "X-API-Key": key } });
    assert.deepEqual(await admitted("/keyed", client(PLAIN_KEY), client(PLAIN_KEY), client(PLAIN_KEY)), allBut(3, 1));
    assert.deepEqual(await admitted("/keyed", ...times(6, client(PRO_KEY))), allBut(6, 1));
    const disk = await bouncer.worker.getDurableObjectStorage("LEDGERS", { name: `api-key:${sha256(PRO_KEY)}` });
    const tables = (await disk.exec("SELECT name FROM sqlite_master")).map(({ name }) => name);
    assert.ok(tables.includes("_cf_KV"), "the object of that name holds the counter");
  });

  it("counts an unknown, empty or doubled API key by address, so that inventing keys gains nothing", async () => {
    const address = somewhere();
    const sent = ["invented", "", `${PRO_KEY}, ${PRO_KEY}`, `${PRO_KEY} x`, sha256(PRO_KEY), PRO_KEY.toUpperCase()];
    const clients = sent.map((key) => ({ address, headers: { "X-API-Key": key } }));
    assert.deepEqual(await admitted("/keyed", ...clients), allBut(6, 4));
  });

  it("takes the plan of the user before that of a key that came along, and the key's where it counts by it", async () => {
    const headers = { "X-API-Key": PRO_KEY };
    const free = { headers, token: token(someone(), { plan: "free" }) };
    assert.deepEqual(await admitted("/planned", ...times(3, free)), allBut(3, 1));
    const anonymous = { headers, address: somewhere() };
    assert.deepEqual(await admitted("/planned", ...times(6, anonymous)), allBut(6, 1));
  });
});
