// Calm when the origin breaks: what a client is told, and what is left running. And origins that are no address: a bound
// Worker, and by mistake the Worker itself.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { policy, sleep } from "./support/stack.mjs";
import { dial, startRawOrigin } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const TIMEOUT_MS = 400;
const COUNTED = { rules: [], default: { limit: "1000/day", key: "ip", algorithm: "token-bucket" }, origin_timeout_ms: TIMEOUT_MS };

const sendTo = (bouncer, start = "GET /", ...lines) =>
  dial(bouncer.url, `${start} HTTP/1.1`, "Host: api.example.com", "CF-Connecting-IP: 203.0.113.7", ...lines);

describe("an origin that fails", () => {
  let origin;
  let bouncer;

  before(async () => {
    origin = await startRawOrigin();
    bouncer = await startWorkerd(policy(origin.url, COUNTED));
  });
  afterEach(() => origin.forget());
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  async function reach(...request) {
    const client = await sendTo(bouncer, ...request);
    const wire = await origin.connection();
    return { client, wire, seen: await wire.head() };
  }

  function isUnreachable({ status, error, head }) {
    assert.deepEqual([status, error], [502, "origin_unreachable"]);
    assert.deepEqual([head.get("Content-Type"), head.get("Cache-Control")], ["application/json", "no-store"]);
    assert.match(head.get("RateLimit"), /^"default-1d";r=\d+;t=\d+$/);
  }

  /** What is left after a request that the origin fails like this. */
  async function left(fail = () => {}) {
    const { client, wire } = await reach();
    fail(wire);
    return Number((await client.json()).head.get("X-RateLimit-Remaining"));
  }

  it("because nothing listens there is unreachable", async () => {
    const gone = await startRawOrigin();
    gone.stop();
    const lonely = await startWorkerd(policy(gone.url, COUNTED));
    try {
      isUnreachable(await (await sendTo(lonely)).json());
    } finally {
      await lonely.stop();
    }
  });

  const WAYS = {
    "closes before it answers": (wire) => wire.socket.end(),
    "resets before it answers": (wire) => wire.reset(),
    "closes in the middle of the head": async (wire) => (await wire.write("HTTP/1.1 200 OK\r\nContent-"), wire.socket.end()),
    "resets in the middle of the head": async (wire) => (await wire.write("HTTP/1.1 200 OK\r\nContent-"), wire.reset()),
    "speaks another protocol": (wire) => wire.write("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "answers with a status that there is not": (wire) => wire.write("HTTP/1.1 999 Go Away\r\nContent-Length: 0\r\n\r\n"),
  };
  for (const [way, fail] of Object.entries(WAYS)) {
    it(`and ${way} is unreachable`, async () => {
      const { client, wire } = await reach();
      await fail(wire);
      isUnreachable(await client.json());
    });
  }

  it("is unreachable for an upload too, which is not waited for", async () => {
    const { client, wire } = await reach("POST /", "Content-Length: 1000", "", "abc");
    wire.reset();
    isUnreachable(await client.json());
  });

  for (const [kind, start, rest] of [
    ["of a known length", "Content-Length: 100\r\n\r\nabc", 3],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 8],
  ]) {
    for (const end of ["reset", "close"]) {
      it(`with a ${end} in the middle of a body ${kind} does not look complete`, async () => {
        const { client, wire } = await reach();
        await wire.write(`HTTP/1.1 200 OK\r\n${start}`);
        const head = await client.head();
        assert.equal((await client.bytes(rest)).toString().replaceAll(/\r\n|^3/g, ""), "abc");
        if (end === "reset") wire.reset();
        else wire.socket.end();
        await client.closed;
        await assert.rejects(client.body(head), /after 0 bytes/);
      });
    }
  }

  it("to answer in time is timed out, and its request is cancelled", async () => {
    const start_ms = Date.now();
    const { client, wire } = await reach();
    const { status, error, head } = await client.json();
    const waited_ms = Date.now() - start_ms;
    assert.deepEqual([status, error, head.get("Cache-Control")], [504, "origin_timeout", "no-store"]);
    assert.ok(waited_ms >= TIMEOUT_MS && waited_ms < TIMEOUT_MS + 2_000, `after ${waited_ms} ms`);
    await wire.closed;
  });

  it("in whatever way is charged for, since nothing proves that it has done nothing", async () => {
    const late = () => {};
    const first = await left(late);
    assert.equal(await left(late), first - 1);
    assert.equal(await left((wire) => wire.reset()), first - 2);
    assert.equal(await left(late), first - 3);
  });

  it("is charged for a request that its client breaks off, and is not called unreachable for it", async () => {
    const broken = async (breakOff) => {
      const { client, wire } = await reach("POST /", "Transfer-Encoding: chunked");
      await client.write("3\r\nabc\r\n");
      await wire.bytes(3);
      await breakOff(client);
      return client;
    };
    const before = await left();
    const answer = await (await broken((client) => client.write("zz\r\n"))).json();
    assert.deepEqual([answer.status, answer.error, answer.head.get("Cache-Control")], [400, "request_incomplete", "no-store"]);
    assert.equal(Number(answer.head.get("X-RateLimit-Remaining")), before - 1);
    await broken((client) => client.reset());
    await sleep(100);
    assert.equal(await left(), before - 3);
    assert.doesNotMatch(bouncer.logs(), /abandoned/);
  });

  it("with a status that cannot be passed on is unreachable, and is charged for", async () => {
    const before = await left();
    const { client, wire } = await reach();
    await wire.write("HTTP/1.1 999 Strange\r\nContent-Length: 3\r\n\r\nabc");
    const answer = await client.json();
    isUnreachable(answer);
    assert.equal(Number(answer.head.get("X-RateLimit-Remaining")), before - 1);
  });

  it("with a body where there may be none has it dropped", async () => {
    const { client, wire } = await reach();
    await wire.write("HTTP/1.1 205 Reset Content\r\nX-Own: 1\r\nContent-Length: 3\r\n\r\nabc");
    const head = await client.head();
    assert.deepEqual([head.status, head.get("X-Own")], [205, "1"]);
  });

  it("to end its head in time is timed out", async () => {
    const { client, wire } = await reach();
    await wire.write("HTTP/1.1 200 OK\r\nX-Slow: ");
    assert.equal((await client.json()).status, 504);
  });

  it("to answer a sent body in time is timed out", async () => {
    const { client, wire, seen } = await reach("POST /", "Content-Length: 3", "", "abc");
    await wire.body(seen);
    assert.equal((await client.json()).status, 504);
    await wire.closed;
  });

  it("is not one that answers in time, however long the body takes, up or down", async () => {
    const { client, wire, seen } = await reach("POST /", "Content-Length: 6");
    await client.write("abc");
    await sleep(TIMEOUT_MS * 2);
    await client.write("def");
    assert.equal((await wire.body(seen)).toString(), "abcdef");
    await wire.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    const head = await client.head();
    await sleep(TIMEOUT_MS * 2);
    await wire.write("def");
    assert.equal((await client.body(head)).toString(), "abcdef");
  });
});

describe("an origin that is no address", () => {
  const BOUND = `export default {
    async fetch(request) {
      const { url, method, headers } = request;
      if (url.endsWith("/fails")) throw new Error("on purpose");
      if (url.endsWith("/never")) return new Promise((resolve) => setTimeout(resolve, 60_000));
      if (url.endsWith("/early")) {
        await request.body.cancel();
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        setTimeout(async () => (await writer.write(new TextEncoder().encode("all of it")), writer.close()), 300);
        return new Response(readable, { status: 413 });
      }
      const seen = { url, method, headers: [...headers], body: await request.text() };
      return new Response(JSON.stringify(seen), { headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["Keep-Alive", "timeout=9"]] });
    },
  };`;
  const withoutOrigin = (changes = {}) => policy(undefined, { ...COUNTED, ...changes });

  describe("but a Worker bound as ORIGIN", () => {
    let bouncer;
    before(async () => (bouncer = await startWorkerd(withoutOrigin(), { origin: BOUND })));
    after(() => bouncer?.stop());

    it("gets the client's own URL, method, headers and body", async () => {
      const client = await sendTo(
        bouncer, "POST /a%2Fb^//?q=%20'", "Content-Length: 3", "X-Kept: 1", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=9",
        "X-Bouncer-Secret: guessed", "", "abc",
      );
      const { status, head, url, method, headers, body } = await client.json();
      assert.deepEqual([status, method, url, body], [200, "POST", "http://api.example.com/a%2Fb^//?q=%20'", "abc"]);
      const names = headers.map(([name]) => name);
      for (const name of ["x-hop", "connection", "keep-alive", "x-bouncer-secret"]) assert.ok(!names.includes(name), name);
      const values = Object.fromEntries(headers);
      assert.deepEqual([values["x-kept"], values["x-forwarded-for"], values.host], ["1", "203.0.113.7", "api.example.com"]);
      assert.deepEqual([head.all("Set-Cookie"), head.get("Keep-Alive")], [["a=1", "b=2"], undefined]);
      assert.ok(head.get("RateLimit"));
    });

    it("gets dots resolved, before anything is decoded, as they were matched", async () => {
      for (const [sent, path] of [["/a%2Fb/../login", "/login"], ["/../x/%2e%2e/./y\\z", "/y/z"], ["/login//..", "/login/"]]) {
        const client = await sendTo(bouncer, `GET ${sent}?q`);
        assert.equal((await client.json()).url, `http://api.example.com${path}?q`, sent);
      }
    });

    it("may answer at length what it does not want to hear to its end", async () => {
      const client = await sendTo(bouncer, "POST /early", "Content-Length: 1000", "", "abc");
      const head = await client.head();
      await client.write("d".repeat(500));
      assert.deepEqual([head.status, (await client.body(head)).toString()], [413, "all of it"]);
    });

    it("is unreachable when it throws, and timed out when it is late", async () => {
      assert.equal((await (await sendTo(bouncer, "GET /fails")).json()).error, "origin_unreachable");
      assert.equal((await (await sendTo(bouncer, "GET /never")).json()).error, "origin_timeout");
    });

    it("is timed out when it takes nothing of what it is sent", async () => {
      const client = await sendTo(bouncer, "POST /never", "Content-Length: 3", "", "abc");
      assert.equal((await client.json()).error, "origin_timeout");
    });
  });

  it("nor bound is a policy error that says what to write", async () => {
    const bouncer = await startWorkerd(withoutOrigin());
    try {
      assert.equal((await (await sendTo(bouncer)).json()).error, "policy_invalid");
      assert.match(bouncer.logs(), /BOUNCER\.origin: missing, and no service is bound as ORIGIN; write/);
    } finally {
      await bouncer.stop();
    }
  });

  const isLoop = ({ status, error, head }) => {
    assert.deepEqual([status, error, head.get("Cache-Control")], [508, "loop_detected", "no-store"]);
  };

  it("but the Worker itself is a loop, which ends after one round and is charged once", async () => {
    const bouncer = await startWorkerd(withoutOrigin(), { origin: "itself" });
    try {
      const answer = await (await sendTo(bouncer, "POST /", "Content-Length: 3", "", "abc")).json();
      isLoop(answer);
      assert.equal(answer.head.get("X-RateLimit-Remaining"), "999");
    } finally {
      await bouncer.stop();
    }
  });

  it("but an address that leads back is a loop too, also through another proxy", async () => {
    const between = await startRawOrigin();
    const bouncer = await startWorkerd(policy(between.url, COUNTED));
    try {
      const client = await sendTo(bouncer);
      const wire = await between.connection();
      const { lines } = await wire.head();
      const again = await dial(bouncer.url, "GET / HTTP/1.1", ...lines.filter((line) => !line.startsWith("Host")), "Host: a");
      isLoop(await again.json());
      const forged = await sendTo(bouncer, "GET /", "CDN-Loop: bouncer, bouncer-0000000000000000, cloudflare; loops=1");
      const passed = await between.connection();
      assert.match((await passed.head()).get("CDN-Loop"), /cloudflare; loops=1, bouncer-[0-9a-f]{16}$/);
      for (const end of [client, again, forged]) end.socket.destroy();
    } finally {
      await bouncer.stop();
      between.stop();
    }
  });
});
