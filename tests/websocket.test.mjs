// WebSocket through the proxy, handshake and frames as bytes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { policy } from "./support/stack.mjs";
import { dial, startRawOrigin } from "./support/wire.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const LIMIT = 6;
const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10];
const KEY = Buffer.alloc(16, 7).toString("base64");
const accepts = (key) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** A frame (RFC 6455, section 5.2); those of a client are masked, here with zeros. */
function frame(opcode, data, { isMasked = false } = {}) {
  const { length } = data;
  const size = length < 126 ? [length] : [126, length >> 8, length & 255];
  if (isMasked) size[0] |= 128;
  return Buffer.concat([Buffer.from([128 | opcode, ...size, ...(isMasked ? [0, 0, 0, 0] : [])]), data]);
}

/** The next frame, as its opcode and data. */
async function nextFrame(wire) {
  const [first, second] = await wire.bytes(2);
  let length = second & 127;
  if (length === 126) length = (await wire.bytes(2)).readUInt16BE();
  const mask = second & 128 ? await wire.bytes(4) : Buffer.alloc(4);
  const data = (await wire.bytes(length)).map((byte, index) => byte ^ mask[index % 4]);
  return [first & 15, Buffer.from(data)];
}

describe("a WebSocket", () => {
  let origin;
  let bouncer;
  let clients = 0;

  before(async () => {
    origin = await startRawOrigin();
    const limit = { limit: `${LIMIT}/day`, key: "ip", algorithm: "token-bucket" };
    bouncer = await startWorkerd(policy(origin.url, { rules: [], default: limit }));
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  const upgrade = (address, ...lines) =>
    dial(
      bouncer.url, "GET /socket?a=1 HTTP/1.1", "Host: api.example.com", `CF-Connecting-IP: ${address}`,
      "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${KEY}`, ...lines,
    );

  /** Both ends, once they are connected. */
  async function connected() {
    const client = await upgrade(`203.0.113.${(clients += 1)}`, "Sec-WebSocket-Protocol: chat, other", "Origin: https://app.example");
    const server = await origin.connection();
    const seen = await server.head();
    const accept = `Sec-WebSocket-Accept: ${accepts(seen.get("Sec-WebSocket-Key"))}`;
    const lines = ["Connection: Upgrade", "Upgrade: websocket", accept, "Sec-WebSocket-Protocol: chat", "X-Own: 1", "Set-Cookie: a=1"];
    await server.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
    return { client, server, seen, head: await client.head() };
  }

  it("is connected to the origin, under the stamp", async () => {
    const { seen, head } = await connected();
    assert.equal(seen.start, "GET /socket?a=1 HTTP/1.1");
    assert.deepEqual([seen.get("Upgrade"), seen.get("Sec-WebSocket-Protocol"), seen.get("Origin")], ["websocket", "chat, other", "https://app.example"]);
    assert.deepEqual([head.status, head.get("Sec-WebSocket-Accept"), head.get("Sec-WebSocket-Protocol")], [101, accepts(KEY), "chat"]);
    assert.deepEqual([head.get("X-Own"), head.get("Set-Cookie")], ["1", "a=1"]);
    assert.deepEqual([head.get("X-RateLimit-Limit"), head.get("X-RateLimit-Remaining")], [String(LIMIT), String(LIMIT - 1)]);
  });

  it("carries messages both ways, and the code and reason with which either side closes it", async () => {
    const closing = Buffer.concat([Buffer.from([4321 >> 8, 4321 & 255]), Buffer.from("enough")]);
    for (const closesFirst of ["client", "server"]) {
      const { client, server } = await connected();
      const fromClient = (opcode, data) => client.write(frame(opcode, data, { isMasked: true }));
      for (const [opcode, data] of [[TEXT, Buffer.from("h\u00e9llo")], [BINARY, Buffer.from([0, 255, 10])], [TEXT, Buffer.alloc(5_000, "x")]]) {
        await fromClient(opcode, data);
        assert.deepEqual(await nextFrame(server), [opcode, data]);
        await server.write(frame(opcode, data));
        assert.deepEqual(await nextFrame(client), [opcode, data]);
      }
      const close = { client: () => fromClient(CLOSE, closing), server: () => server.write(frame(CLOSE, closing)) };
      const [other, answer] = closesFirst === "client" ? [server, close.server] : [client, close.client];
      await close[closesFirst]();
      assert.deepEqual(await nextFrame(other), [CLOSE, closing]);
      await answer();
    }
  });

  it("is kept alive by whoever is at its other end", async () => {
    const { client, server } = await connected();
    const data = Buffer.from("there?");
    await client.write(frame(PING, data, { isMasked: true }));
    assert.deepEqual(await nextFrame(server), [PING, data]);
    await server.write(frame(PONG, data));
    assert.deepEqual(await nextFrame(client), [PONG, data]);
  });

  it("ends at one end when it breaks at the other", async () => {
    const one = await connected();
    one.client.reset();
    await one.server.closed;
    const two = await connected();
    two.server.reset();
    await two.client.closed;
  });

  it("that the origin refuses is refused in its words", async () => {
    const client = await upgrade("203.0.113.200");
    const server = await origin.connection();
    await server.head();
    await server.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    const head = await client.head();
    assert.deepEqual([head.status, (await client.body(head)).toString()], [403, "no"]);
    server.socket.destroy();
  });

  it("beyond the limit is refused with 429, and the origin does not hear of it", async () => {
    const reply = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for (let used = 0; used < LIMIT; used += 1) {
      const client = await upgrade("203.0.113.201");
      const server = await origin.connection();
      await server.head();
      await server.write(reply);
      assert.equal((await client.head()).status, 403);
      server.socket.end();
    }
    const before = origin.count();
    const refused = await (await upgrade("203.0.113.201")).json();
    assert.deepEqual([refused.status, refused.error], [429, "rate_limit_exceeded"]);
    assert.ok(Number(refused.head.get("Retry-After")) > 0);
    assert.equal(origin.count(), before);
  });
});
