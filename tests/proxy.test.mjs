// The proxy is transparent: bodies and answers pass as they are, and as soon as they come.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { EMPTY, chunk, startPassage } from "./support/passage.mjs";
import { sleep } from "./support/stack.mjs";

const MEGABYTE = 1 << 20;
const BODY_MEGABYTES = 50;
// workerd may grow by this much while a body passes that is larger.
const FLAT_MEGABYTES = 30;

describe("the proxy", () => {
  let passage;
  before(async () => (passage = await startPassage()));
  afterEach(() => passage.forget());
  after(() => passage?.stop());

  const peakMegabytes = () => Number(readFileSync(`/proc/${passage.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]) / 1024;

  describe("bodies", () => {
    for (const [kind, header, frame] of [
      ["of a known length", `Content-Length: ${2 * MEGABYTE}`, (data) => data],
      ["in chunks", "Transfer-Encoding: chunked", chunk],
    ]) {
      const half = "x".repeat(MEGABYTE);
      const read = (wire) => (kind === "in chunks" ? wire.chunked(MEGABYTE) : wire.bytes(MEGABYTE));

      it(`${kind} go up before their last byte is sent`, async () => {
        const { client, wire, seen } = await passage.reach("POST /upload", header);
        assert.equal(seen.lines.includes(header), true);
        await client.write(frame(half));
        assert.equal((await read(wire)).toString(), half);
        await client.write(frame(half));
        assert.equal((await read(wire)).toString(), half);
      });

      it(`${kind} come down before their last byte is sent`, async () => {
        const { client, wire, head } = await passage.answered(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`);
        assert.equal(head.lines.includes(header), true);
        await wire.write(frame(half));
        assert.equal((await read(client)).toString(), half);
        await wire.write(frame(half));
        assert.equal((await read(client)).toString(), half);
      });
    }

    const megabyte = Buffer.alloc(MEGABYTE, "0123456789abcdef");
    const all = BODY_MEGABYTES * MEGABYTE;
    const pass = async (from, to) => {
      const before = peakMegabytes();
      to.socket.pause();
      const written = Array.from({ length: BODY_MEGABYTES }, () => from.write(megabyte));
      await sleep(500); // Whoever does not wait for the reader has taken all of it by now.
      to.socket.resume();
      for (const _ of written) assert.ok((await to.bytes(MEGABYTE)).equals(megabyte));
      await Promise.all(written);
      const grown = peakMegabytes() - before;
      assert.ok(grown < FLAT_MEGABYTES, `workerd has grown by ${grown} MB`);
    };

    it(`of ${BODY_MEGABYTES} MB go up without being held in memory`, async () => {
      const { client, wire } = await passage.reach("PUT /upload", `Content-Length: ${all}`);
      await pass(client, wire);
    });

    it(`of ${BODY_MEGABYTES} MB come down without being held in memory`, async () => {
      const { client, wire } = await passage.answered(`HTTP/1.1 200 OK\r\nContent-Length: ${all}\r\n\r\n`);
      await pass(wire, client);
    });

    it("that wait for a 100 are asked for", async () => {
      const { client, wire, seen } = await passage.reach("POST /", "Content-Length: 3", "Expect: 100-continue");
      assert.equal((await client.head()).status, 100);
      await client.write("abc");
      assert.equal((await wire.body(seen)).toString(), "abc");
      await wire.write(EMPTY);
      assert.equal((await client.head()).status, 200);
    });

    it("of a GET pass too", async () => {
      const { wire, seen } = await passage.reach("GET /_search", "Content-Length: 3", "", "abc");
      assert.equal((await wire.body(seen)).toString(), "abc");
    });

    it("that end with the connection end for the client, and are complete", async () => {
      const { client, wire, head } = await passage.answered("HTTP/1.1 200 OK\r\n\r\nabc");
      wire.socket.end();
      assert.equal((await client.body(head)).toString(), "abc");
    });

    it("are not awaited when the origin answers before it has them, and reads no more of them", async () => {
      const { client, wire } = await passage.reach("POST /", "Content-Length: 1000", "", "abc");
      await wire.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\n\r\nabc");
      const head = await client.head();
      await sleep(50);
      await wire.write("def");
      wire.socket.end();
      await client.write("more").catch(() => {});
      assert.deepEqual([head.status, (await client.body(head)).toString()], [413, "abcdef"]);
    });

    it("that are events come one by one", async () => {
      const { client, wire } = await passage.answered(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /events",
        "Accept: text/event-stream",
      );
      for (const event of ["data: 1\n\n", "data: 2\n\n", ": still there\n\n"]) {
        await wire.write(chunk(event));
        assert.equal((await client.chunk()).toString(), event);
        await sleep(20);
      }
    });
  });

  describe("answers", () => {
    for (const status of [200, 201, 202, 203, 205, 226, 299, 400, 404, 410, 418, 421, 451, 499, 500, 503, 599]) {
      it(`of status ${status} keep it`, async () => {
        const { head } = await passage.answered(`HTTP/1.1 ${status} My Reason\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n`);
        assert.deepEqual([head.start, head.get("Retry-After")], [`HTTP/1.1 ${status} My Reason`, "7"]);
      });
    }
    for (const status of [301, 302, 303, 307, 308]) {
      it(`of status ${status} are not followed`, async () => {
        const { head } = await passage.answered(`HTTP/1.1 ${status} Elsewhere\r\nLocation: ${passage.origin.url}/there\r\nContent-Length: 0\r\n\r\n`);
        assert.deepEqual([head.status, head.get("Location")], [status, `${passage.origin.url}/there`]);
        assert.equal(passage.origin.count(), 1);
      });
    }

    it("without a body have none, and the next one follows on the same connection", async () => {
      for (const status of [204, 304]) {
        const { client, wire, head } = await passage.answered(`HTTP/1.1 ${status} None\r\nETag: "a"\r\n\r\n`, "GET /", 'If-None-Match: "a"');
        assert.deepEqual([head.status, head.get("ETag")], [status, '"a"']);
        await client.write("GET /next HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
        assert.equal((await wire.head()).start, "GET /base/next HTTP/1.1");
        await wire.write(EMPTY);
        assert.equal((await client.head()).status, 200);
        passage.origin.forget();
      }
    });

    it("to conditions and ranges are the origin's own", async () => {
      const conditions = ["Range: bytes=1-2", 'If-Range: "a"', 'If-Match: "a"', "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT"];
      const { client, wire, seen } = await passage.reach("GET /file", ...conditions);
      for (const condition of conditions) assert.ok(seen.lines.includes(condition), condition);
      await wire.write("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/9\r\nContent-Length: 2\r\n\r\nbc");
      const head = await client.head();
      assert.deepEqual([head.status, head.get("Content-Range"), head.get("Content-Length")], [206, "bytes 1-2/9", "2"]);
      assert.equal((await client.body(head)).toString(), "bc");
    });

    it("that are only on the way are passed over", async () => {
      const early = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
      const { head } = await passage.answered(early + EMPTY);
      assert.deepEqual([head.status, head.get("Link")], [200, undefined]);
    });

    it("to HEAD say how long the body would be, and have none", async () => {
      const { head, client } = await passage.answered("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", "HEAD /", "Connection: close");
      assert.equal(head.get("Content-Length"), "12345");
      await client.closed;
      await assert.rejects(client.bytes(1));
    });

    it("set each cookie by itself", async () => {
      const cookies = ["a=1; Expires=Mon, 01 Jan 2024 00:00:00 GMT; Path=/", "b=2, 3; HttpOnly", "a=4"];
      const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join("");
      const { head } = await passage.answered(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`);
      assert.deepEqual(head.all("Set-Cookie"), cookies);
    });

    const text = "hello hello hello";
    const bodies = { gzip: gzipSync(text), br: brotliCompressSync(text), zstd: Buffer.from("not looked into"), "x-own": Buffer.from("\x00\xff", "latin1") };
    for (const [coding, body] of Object.entries(bodies)) {
      for (const accepted of [undefined, "identity", "gzip", "br;q=0.5, gzip, *;q=0"]) {
        it(`in ${coding} are not recoded for a client that accepts ${accepted ?? "whatever"}`, async () => {
          const { client, wire, seen } = await passage.reach("GET /", ...(accepted ? [`Accept-Encoding: ${accepted}`] : []));
          assert.equal(seen.get("Accept-Encoding"), accepted);
          await wire.write(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`);
          await wire.write(body);
          const head = await client.head();
          assert.deepEqual([head.get("Content-Encoding"), head.get("Content-Length")], [coding, String(body.length)]);
          assert.ok((await client.body(head)).equals(body));
        });
      }
    }
  });
});
