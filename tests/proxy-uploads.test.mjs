// Uploads: those that are refused, those that drip, and those whose length cannot be.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { request } from "node:http";
import { after, afterEach, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { python } from "../scripts/clients.mjs";
import { chunk, startPassage } from "./support/passage.mjs";
import { sleep } from "./support/stack.mjs";

const MEGABYTE = 1 << 20;
const CLOSING = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
const run = promisify(execFile);

const URLLIB = `
import sys, urllib.request, urllib.error
data = b"x" * int(sys.argv[2])
headers = {"Expect": "100-continue"} if sys.argv[3] == "expects" else {}
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=data, headers=headers, method="POST"), timeout=60)
except urllib.error.HTTPError as error:
    print(error.code, error.headers["Retry-After"], len(error.read()))
`;

/** What a client reads of the answer that sends all of its body before it looks. */
const CLIENTS = {
  "Python's urllib": async (url, bytes, expects) => (await run(python().program ?? "python3", ["-c", URLLIB, url, String(bytes), expects ? "expects" : ""])).stdout.trim(),
  "Node's http": (url, bytes, expects) =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Length": bytes, ...(expects ? { Expect: "100-continue" } : {}) };
      const sent = request(url, { method: "POST", headers }, async (response) => {
        let length = 0;
        for await (const part of response) length += part.length;
        resolve(`${response.statusCode} ${response.headers["retry-after"]} ${length}`);
      });
      sent.on("error", reject).end(Buffer.alloc(bytes));
    }),
  curl: async (url, bytes, expects) => {
    const form = "%{http_code} %header{retry-after} %{size_download}";
    const expect = expects ? [] : ["-H", "Expect:"];
    const child = run("curl", ["-s", "-o", "/dev/null", "-w", form, ...expect, "--data-binary", "@-", url], { timeout: 60_000 });
    child.child.stdin.on("error", () => {}).end(Buffer.alloc(bytes));
    return (await child).stdout.trim();
  },
};

describe("a refused upload", () => {
  let passage;
  before(async () => (passage = await startPassage({ default: { limit: "0/minute", key: "ip" } })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  for (const [name, upload] of Object.entries(CLIENTS)) {
    it(`has its 429 and its Retry-After read by ${name}`, async () => {
      for (const [megabytes, expects] of [[0, false], [0.06, false], [1, false], [1, true], [5, false], [5, true], [20, false]]) {
        const read = await upload(passage.url, Math.floor(megabytes * MEGABYTE), expects);
        assert.match(read, /^429 60 [1-9]\d*$/, `${megabytes} MB${expects ? " with Expect" : ""}`);
      }
      assert.equal(passage.origin.count(), 0);
    });
  }

  const refused = async (...lines) => {
    const client = await passage.send("POST /", ...lines);
    const head = await client.head();
    assert.equal(head.status, 429);
    assert.equal((await client.body(head)).length, Number(head.get("Content-Length")));
    return client;
  };

  it("is answered before it has come, whole and with its length", async () => {
    for (const header of [`Content-Length: ${20 * MEGABYTE}`, "Transfer-Encoding: chunked"]) await refused(header);
  });

  it("is not heard out for ever: a client that drips is hung up on", async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => refused(`Content-Length: ${MEGABYTE}`)));
    const drip = setInterval(() => clients.forEach(({ socket }) => socket.write("x")), 200);
    try {
      await Promise.all(clients.map(({ closed }) => closed));
    } finally {
      clearInterval(drip);
    }
  });

  it("is not asked for where the client waits to be asked", async () => {
    const client = await passage.send("POST /", `Content-Length: ${MEGABYTE}`, "Expect: 100-continue");
    assert.equal((await client.head()).status, 429);
  });
});

describe("an upload that drips", () => {
  const TIMEOUT_MS = 600;
  let passage;
  const limits = { default: { limit: "1000/day", key: "ip", algorithm: "token-bucket" } };
  before(async () => (passage = await startPassage({ ...limits, upload_timeout_ms: TIMEOUT_MS })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const left = (answer) => Number(answer.head.get("X-RateLimit-Remaining"));

  it("ends for the client and for the origin, and is charged", async () => {
    const before = left(await ask());
    const held = await Promise.all(
      Array.from({ length: 29 }, async (_, index) => {
        const header = index % 2 ? "Transfer-Encoding: chunked" : "Content-Length: 1000000";
        return { ...(await passage.reach("POST /", header)), part: index % 2 ? chunk("x") : "x" };
      }),
    );
    const drip = setInterval(() => held.forEach(({ client, part }) => client.socket.write(part)), 100);
    try {
      const answers = await Promise.all(held.map(({ client }) => client.json()));
      for (const { status, error } of answers) assert.deepEqual([status, error], [400, "request_incomplete"]);
      await Promise.all(held.map(({ wire }) => wire.closed));
    } finally {
      clearInterval(drip);
    }
    assert.equal(left(await ask()), before - 30);
  });

  /** A plain request that the origin answers, on a connection that is used for no other. */
  async function ask() {
    const { client, wire } = await passage.reach("GET /");
    await wire.write(CLOSING);
    wire.socket.end();
    return client.json();
  }

  it("of which nothing comes at all ends too", async () => {
    const { client, wire } = await passage.reach("POST /", "Content-Length: 10");
    assert.equal((await client.json()).error, "request_incomplete");
    await wire.closed;
  });

  it("fast enough is waited for, for as long as it takes", async () => {
    const { client, wire, seen } = await passage.reach("POST /", "Content-Length: 8000");
    for (let sent = 0; sent < 8_000; sent += 400) {
      await client.write("x".repeat(400));
      await sleep(100);
    }
    assert.equal((await wire.body(seen)).length, 8_000);
    await wire.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    assert.equal((await client.json()).status, 200);
  });

  it("to an origin that has answered in full is not held", async () => {
    const { client, wire } = await passage.reach("POST /", "Content-Length: 1000000", "", "x");
    await wire.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n{}");
    assert.equal((await client.json()).status, 413);
    const drip = setInterval(() => client.socket.write("x"), 100);
    try {
      await wire.closed;
    } finally {
      clearInterval(drip);
    }
  });
});

describe("an upload to an origin that has begun to answer", () => {
  const TIMEOUT_MS = 600;
  const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  let passage;
  before(async () => (passage = await startPassage({ upload_timeout_ms: TIMEOUT_MS })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  /** An upload of which the origin has had a part, and of whose response the client has had the head and a part. */
  async function begun(header, part) {
    const { client, wire } = await passage.reach("POST /", header);
    await client.write(part);
    await wire.write(HEAD + chunk("first"));
    assert.equal((await client.head()).status, 200);
    assert.equal((await client.chunk()).toString(), "first");
    return { client, wire };
  }

  for (const [kind, header, frame] of [
    ["of a known length", "Content-Length: 8000", (data) => data],
    ["in chunks", "Transfer-Encoding: chunked", chunk],
  ]) {
    const part = frame("x".repeat(400));

    it(`goes on beside the response, ${kind}, for as long as it is fast enough`, async () => {
      const { client, wire } = await begun(header, part);
      const received = () => (frame === chunk ? wire.chunked(400) : wire.bytes(400));
      await received();
      for (let sent = 400; sent < 8_000; sent += 400) {
        await client.write(part);
        assert.equal((await received()).length, 400);
        await wire.write(chunk(`echo of ${sent}`));
        assert.equal((await client.chunk()).toString(), `echo of ${sent}`);
        await sleep(100);
      }
    });

    it(`ends, ${kind}, for the client and for the origin when it drips, however long the response would go on`, async () => {
      const { client, wire } = await begun(header, frame("x"));
      const drip = setInterval(() => {
        client.socket.write(frame("x"));
        wire.socket.write(chunk("more"));
      }, 100);
      try {
        await Promise.all([client.closed, wire.closed]);
        assert.doesNotMatch(client.unread(), /(^|\n)0\r\n/, "half a response does not look whole");
      } finally {
        clearInterval(drip);
      }
    });

    const [looks, behind] = frame === chunk ? ["is ended by the runtime", "0\r\n\r\n"] : ["does not look complete", ""];
    it(`${looks}, ${kind}, when its client breaks off`, async () => {
      const { client, wire } = await begun(header, part);
      await (frame === chunk ? wire.chunked(400) : wire.bytes(400));
      client.socket.destroy();
      await wire.closed;
      assert.equal(wire.unread(), behind);
    });

    it(`takes no time from a response that goes on when it is complete, ${kind}`, async () => {
      const { client, wire } = await begun(header, frame("x".repeat(8_000)) + (frame === chunk ? chunk("") : ""));
      for (let sent = 0; sent < 4; sent += 1) {
        await sleep(TIMEOUT_MS);
        await wire.write(chunk(`part ${sent}`));
        assert.equal((await client.chunk()).toString(), `part ${sent}`);
      }
      await wire.write(chunk(""));
      assert.equal((await client.chunk()).length, 0);
    });
  }
});

describe("a length that cannot be", () => {
  let passage;
  before(async () => (passage = await startPassage({ default: { limit: "1000/day", key: "ip", algorithm: "token-bucket" } })));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  it("is refused by the runtime, and not charged, if it is no number", async () => {
    const before = await left();
    for (const method of ["POST", "GET"]) {
      for (const length of ["+5", "-1", "0x10", "1e3", "5.0", "5,5", "5, 5", "5, 6", "5 5", "5;", ""]) {
        const client = await passage.send(`${method} /`, `Content-Length: ${length}`);
        const { status } = await client.head();
        assert.equal(status, 400, `${method} ${length}`);
      }
    }
    assert.equal(passage.origin.count(), 1, "the request that asked what is left");
    assert.equal(await left(), before - 1);
  });

  it("is decimal whatever zeros stand before it, and refused with more digits than a length has", async () => {
    const before = await left();
    const { client, wire, seen } = await passage.reach("POST /", "Content-Length: 010");
    assert.equal(seen.get("Content-Length"), "10");
    await client.write("x".repeat(10));
    assert.equal((await wire.body(seen)).length, 10);
    await wire.write(CLOSING);
    wire.socket.end();
    assert.equal((await client.json()).status, 200);
    const { status, error } = await (await passage.send("POST /", `Content-Length: ${"0".repeat(16)}5`)).json();
    assert.deepEqual([status, error], [400, "bad_request"]);
    assert.equal(await left(), before - 2);
  });

  /** What the client has left behind a request that asks for that, on a connection that is used for no other. */
  async function left() {
    const { client, wire } = await passage.reach("GET /");
    await wire.write(CLOSING);
    wire.socket.end();
    return Number((await client.json()).head.get("X-RateLimit-Remaining"));
  }

  it("is refused, not charged, and nobody's fault in the log", async () => {
    const before = await left();
    passage.forget();
    for (const method of ["POST", "PUT", "GET", "DELETE"]) {
      for (const length of ["9007199254740992", "9007199254740993", "10000000000000000000", "12345678901234567890"]) {
        const client = await passage.send(`${method} /`, `Content-Length: ${length}`);
        const { status, error, head } = await client.json();
        assert.deepEqual([status, error, head.get("RateLimit")], [400, "bad_request", undefined], `${method} ${length}`);
      }
    }
    const { client, wire } = await passage.reach("GET /");
    await wire.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    assert.equal(Number((await client.json()).head.get("X-RateLimit-Remaining")), before - 1);
    assert.equal(passage.origin.count(), 1);
    assert.doesNotMatch(passage.logs(), /origin/);
  });
});

describe("an origin that answers early and closes", () => {
  let passage;
  before(async () => (passage = await startPassage()));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const ANSWER = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 6\r\n\r\ntoobig";
  for (const [kind, header, frame] of [
    ["of a known length", `Content-Length: ${5 * MEGABYTE}`, (data) => data],
    ["in chunks", "Transfer-Encoding: chunked", chunk],
  ]) {
    it(`is served with its own answer, for an upload ${kind}`, async () => {
      const { client, wire } = await passage.reach("POST /", header);
      await client.write(frame("x".repeat(MEGABYTE)));
      await (frame === chunk ? wire.chunked(MEGABYTE) : wire.bytes(MEGABYTE));
      await wire.write(ANSWER);
      wire.socket.end();
      // Behind it the runtime closes the connection: a client that sends on before it reads can lose it.
      const head = await client.head();
      const body = (await client.body(head)).toString();
      for (let sent = 0; sent < 4; sent += 1) client.socket.write(frame("x".repeat(MEGABYTE)));
      assert.deepEqual([head.status, body], [413, "toobig"]);
    });
  }
});
