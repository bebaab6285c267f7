// A client and an origin that read and write bytes, and the Worker on workerd between them.

import { policy } from "./stack.mjs";
import { dial, startRawOrigin } from "./wire.mjs";
import { startWorkerd } from "./workerd.mjs";

/** Starts the Worker before a new origin, whose base path is `/base`. It limits nothing, unless the policy changes that. */
export async function startPassage(changes = {}, options = {}) {
  const origin = await startRawOrigin();
  const bouncer = await startWorkerd(policy(`${origin.url}/base`, { rules: [], default: { limit: "unlimited" }, ...changes }), options);
  const clients = [];

  /** A client that has sent these lines. */
  async function sendLines(lines) {
    const client = await dial(bouncer.url, ...lines);
    clients.push(client);
    return client;
  }

  /** A client that has sent this head. */
  const send = (start, ...lines) =>
    sendLines([`${start} HTTP/1.1`, "Host: api.example.com", "CF-Connecting-IP: 203.0.113.7", ...lines]);

  /** The same, once its head has reached the origin. */
  async function reach(start, ...lines) {
    const client = await send(start, ...lines);
    const wire = await origin.connection();
    return { client, wire, seen: await wire.head() };
  }

  /** What the client sees of an origin's answer. */
  async function answered(reply, start = "GET /", ...lines) {
    const { client, wire } = await reach(start, ...lines);
    await wire.write(reply);
    return { client, wire, head: await client.head() };
  }

  return {
    origin,
    url: bouncer.url,
    pid: bouncer.pid,
    logs: bouncer.logs,
    sendLines,
    send,
    reach,
    answered,
    /** Closes every connection, so that the next test has its own. */
    forget() {
      for (const client of clients.splice(0)) client.socket.destroy();
      origin.forget();
    },
    async stop() {
      await bouncer.stop();
      origin.stop();
    },
  };
}

/** A chunk of a chunked body. */
export const chunk = (data) => `${data.length.toString(16)}\r\n${data}\r\n`;

export const EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
