// The whole path, one scenario a sentence, under the policy of the repository's own wrangler.toml.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { policy, roomInWindow, stampOf, startBouncer, startDev, startOrigin, token, whole } from "./support/stack.mjs";

const TASKS = "/api/v1/tasks";
const LOGIN = "/api/v1/auth/login";
const NO_STAMP = {
  "X-RateLimit-Limit": null,
  "X-RateLimit-Remaining": null,
  "X-RateLimit-Reset": null,
  RateLimit: null,
  "RateLimit-Policy": null,
};

describe("the front door", () => {
  let origin;
  let bouncer;
  let clients = 0;

  before(async () => {
    origin = await startOrigin();
    bouncer = await startBouncer(policy(origin.url));
  });
  after(async () => {
    await bouncer?.stop();
    await origin?.stop();
  });

  // Every scenario has clients of its own, so that none sees what another has used.
  const someone = () => `user-${(clients += 1)}`;
  const somewhere = () => `198.51.100.${(clients += 1)}`;

  const read = async (client) => whole(await bouncer.fetch(TASKS, client));
  const login = async (client) =>
    whole(
      await bouncer.fetch(LOGIN, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ username: "nobody", password: "not the password" }),
        ...client,
      }),
    );
  const remaining = ({ headers }) => Number(headers.get("X-RateLimit-Remaining"));

  it("counts reads down from 59 to 0 and refuses the 61st of a minute", async () => {
    await roomInWindow(60_000, 20_000);
    const client = { token: token(someone()) };
    for (let left = 59; left >= 0; left -= 1) {
      const { status, headers } = await read(client);
      assert.equal(status, 200);
      assert.equal(headers.get("X-RateLimit-Limit"), "60");
      assert.equal(headers.get("X-RateLimit-Remaining"), String(left));
      assert.match(headers.get("RateLimit"), new RegExp(`^"read-1m";r=${left};t=\\d+$`));
      assert.equal(headers.get("RateLimit-Policy"), '"read-1m";q=60;w=60');
    }

    const before_s = Math.floor(Date.now() / 1000);
    const { status, headers, text } = await read(client);
    const retry_s = Number(headers.get("Retry-After"));
    const boundary_s = (Math.floor(before_s / 60) + 1) * 60;
    assert.equal(status, 429);
    assert.ok(retry_s >= boundary_s - before_s - 1 && retry_s <= boundary_s - before_s, `Retry-After ${retry_s}`);
    assert.equal(
      text,
      `{"error":"rate_limit_exceeded","message":"Rate limit exceeded: 60 per 1 minute","retry_after":${retry_s}}`,
    );
    assert.equal(headers.get("Content-Type"), "application/json");
    assert.equal(headers.get("Cache-Control"), "no-store");
    assert.deepEqual(stampOf({ headers }), {
      "X-RateLimit-Limit": "60",
      "X-RateLimit-Remaining": "0",
      "X-RateLimit-Reset": String(boundary_s),
      RateLimit: `"read-1m";r=0;t=${retry_s}`,
      "RateLimit-Policy": '"read-1m";q=60;w=60',
    });
  });

  it("does not let two users share a counter, and lets one user on two addresses share hers", async () => {
    await roomInWindow(60_000, 10_000);
    const [ada, bob] = [token(someone()), token(someone())];
    const [here, there] = [somewhere(), somewhere()];
    assert.equal(remaining(await read({ token: ada, address: here })), 59);
    assert.equal(remaining(await read({ token: bob, address: here })), 59);
    assert.equal(remaining(await read({ token: ada, address: there })), 58);
  });

  it("counts anonymous clients by address", async () => {
    await roomInWindow(60_000, 10_000);
    const [here, there] = [somewhere(), somewhere()];
    assert.equal(remaining(await read({ address: here })), 59);
    assert.equal(remaining(await read({ address: here })), 58);
    assert.equal(remaining(await read({ address: there })), 59);
  });

  it("counts IPv6 clients by their /64 and IPv4 written as IPv6 as IPv4", async () => {
    await roomInWindow(60_000, 10_000);
    const network = `2001:db8:0:${(clients += 1).toString(16)}`;
    assert.equal(remaining(await read({ address: `${network}::1` })), 59);
    assert.equal(remaining(await read({ address: `${network}:ffff::2` })), 58);
    const address = somewhere();
    assert.equal(remaining(await read({ address })), 59);
    assert.equal(remaining(await read({ address: `::ffff:${address}` })), 58);
  });

  it("counts login by address whatever the token", async () => {
    const address = somewhere();
    const statuses = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      statuses.push((await login({ address, token: token(someone()) })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
  });

  it("names the limit of several that refuses, with where the client stands under each", async () => {
    const address = somewhere();
    for (let attempt = 0; attempt < 5; attempt += 1) await login({ address });
    const { status, headers, text } = await login({ address });
    assert.equal(status, 429);
    assert.equal(JSON.parse(text).message, "Rate limit exceeded: 5 per 1 minute");
    assert.equal(headers.get("RateLimit-Policy"), '"login-1m";q=5;w=60,"login-1h";q=20;w=3600');
    assert.match(headers.get("RateLimit"), /^"login-1m";r=0;t=\d+,"login-1h";r=15;t=\d+$/);
    assert.equal(headers.get("X-RateLimit-Limit"), "5");
  });

  it("never limits nor stamps an exempt route", async () => {
    const address = somewhere();
    const answers = await Promise.all(Array.from({ length: 150 }, () => bouncer.fetch("/health", { address })));
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.deepEqual(stampOf(answer), NO_STAMP);
      assert.deepEqual(await answer.json(), { status: "ok" });
    }
  });

  it("takes a forged, expired, unsigned or malformed token for none at all", async () => {
    await roomInWindow(60_000, 15_000);
    const address = somewhere();
    const user = someone();
    const now_s = Math.floor(Date.now() / 1000);
    const good = token(user);
    const [header, claims, signature] = good.split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const wrong = {
      "signed with another secret": token(user, { secret: "another secret of 32 bytes or more.." }),
      expired: token(user, { exp: now_s - 1 }),
      "without expiry": token(user, { exp: undefined }),
      "not valid yet": token(user, { nbf: now_s + 60 }),
      "alg none without signature": `${none}.${claims}.`,
      "alg none with signature": `${none}.${claims}.${signature}`,
      "another algorithm": token(user, { header: { alg: "HS512" }, hash: "sha512" }),
      "claims exchanged": `${header}.${token("admin").split(".")[1]}.${signature}`,
      "without signature": `${header}.${claims}`,
      malformed: "a.b.c",
      empty: "",
    };
    let left = 60;
    for (const [what, bad] of Object.entries(wrong)) {
      assert.equal(remaining(await read({ address, token: bad })), (left -= 1), what);
    }
    assert.equal(remaining(await read({ address, token: good })), 59, "the user herself has used nothing");
  });

  it("admits exactly the limit of 200 simultaneous requests", async () => {
    await roomInWindow(60_000, 20_000);
    const client = { token: token(someone()) };
    const answers = await Promise.all(Array.from({ length: 200 }, () => read(client)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 60);
    assert.equal(answers.filter(({ status }) => status === 429).length, 140);
  });

  it("does not hand back the quota when the object is evicted", async () => {
    const address = somewhere();
    for (let attempt = 0; attempt < 5; attempt += 1) await login({ address });
    await bouncer.worker.evictDurableObject("LEDGERS", { name: `ip:${address}` });
    assert.equal((await login({ address })).status, 429);

    await roomInWindow(60_000, 30_000);
    const user = someone();
    for (let count = 0; count < 40; count += 1) await read({ token: token(user) });
    await bouncer.worker.evictDurableObject("LEDGERS", { name: `user:${user}` });
    const left = remaining(await read({ token: token(user) }));
    assert.ok(left >= 19 && left <= 22, `at most 5 % of 60 is forgotten: 19 would be nothing, it is ${left}`);
  });

  it("stamps the origin's own failures too", async () => {
    const client = { token: token(someone()) };
    const missing = await whole(await bouncer.fetch(`${TASKS}/999999`, client));
    assert.equal(missing.status, 404);
    assert.equal(JSON.parse(missing.text).error, "task_not_found");
    assert.notDeepEqual(stampOf(missing), NO_STAMP);
    const failed = await whole(await bouncer.fetch("/api/v1/debug/fail", client));
    assert.equal(failed.status, 500);
    assert.equal(JSON.parse(failed.text).error, "deliberate_failure");
    assert.match(failed.headers.get("X-RateLimit-Remaining"), /^\d+$/);
    assert.match(failed.headers.get("RateLimit"), /^"read-1m";r=\d+;t=\d+$/);
  });

  it("gives paths that no rule names the default limit", async () => {
    const { status, headers } = await whole(await bouncer.fetch("/no/such/path", { address: somewhere() }));
    assert.equal(status, 404);
    assert.equal(headers.get("RateLimit-Policy"), '"default-1m";q=100;w=60');
  });
});

describe("as wrangler runs it", () => {
  let origin;
  let bouncer;
  before(async () => {
    origin = await startOrigin();
    bouncer = await startDev(policy(origin.url));
  });
  after(() => bouncer?.stop());

  it("passes a task from register to delete through unchanged", async () => {
    const address = "198.51.100.1";
    const json = { "Content-Type": "application/json" };
    const post = (path, body, client) =>
      bouncer.fetch(path, { method: "POST", headers: json, body: JSON.stringify(body), address, ...client });
    const account = { username: "grace", password: "correct horse battery staple" };
    assert.equal((await whole(await post("/api/v1/auth/register", account))).status, 201);
    const { access_token } = await (await post(LOGIN, account)).json();
    const created = await whole(await post(TASKS, { title: "Zählen & prüfen" }, { token: access_token }));
    assert.equal(created.status, 201);
    const { id, title } = JSON.parse(created.text);
    assert.equal(title, "Zählen & prüfen");
    const found = await bouncer.fetch(`${TASKS}/search?q=${encodeURIComponent("zählen")}`, { token: access_token });
    // Her token names her organisation and its plan, which is free.
    assert.equal(found.headers.get("RateLimit-Policy"), '"search-1m";q=10;w=60,"tenant-1m";q=100;w=60');
    await found.text();
    const straight = await fetch(`${origin.url}${TASKS}/${id}`, { headers: { Authorization: `Bearer ${access_token}` } });
    const through = await whole(await bouncer.fetch(`${TASKS}/${id}`, { token: access_token }));
    assert.equal(through.text, await straight.text());
    const deleted = await whole(await bouncer.fetch(`${TASKS}/${id}`, { method: "DELETE", token: access_token }));
    assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  });

  it("answers 502 in JSON, stamped, when the origin is down", async () => {
    await origin.stop();
    const { status, headers, text } = await whole(await bouncer.fetch(TASKS, { address: "198.51.100.2" }));
    assert.equal(status, 502);
    assert.equal(JSON.parse(text).error, "origin_unreachable");
    assert.equal(headers.get("Content-Type"), "application/json");
    assert.equal(headers.get("X-RateLimit-Limit"), "60");
    const exempt = await whole(await bouncer.fetch("/health"));
    assert.equal(exempt.status, 502);
    assert.deepEqual(stampOf(exempt), NO_STAMP);
  });
});
