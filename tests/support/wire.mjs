// A client and an origin that read and write bytes, so that a test sees what is really sent: no library between them and
// the wire adds a header, follows a redirect or decodes a body.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** One end of a connection. What it reads comes as latin1, a character for each byte. */
export class Wire {
  #read = Buffer.alloc(0);
  #wake = () => {};
  /** How it came to its end: "end", or the code of an error such as "ECONNRESET". */
  how;

  constructor(socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      const end = (how) => {
        this.how ??= how;
        resolve(this.how);
        this.#wake();
      };
      socket.on("error", ({ code }) => end(code));
      socket.on("end", () => end("end"));
      socket.on("close", () => end("close"));
    });
    socket.on("data", (bytes) => {
      this.#read = Buffer.concat([this.#read, bytes]);
      this.#wake();
    });
  }

  write(data) {
    return new Promise((resolve) => this.socket.write(data, "latin1", resolve));
  }

  /** Ends the connection with a reset, as a process does that has crashed. */
  reset() {
    this.socket.resetAndDestroy();
  }

  async #until(found) {
    for (;;) {
      const at = found(this.#read);
      if (at >= 0) {
        const bytes = this.#read.subarray(0, at);
        this.#read = this.#read.subarray(at);
        return bytes;
      }
      if (this.how) throw new Error(`the connection ended (${this.how}) after ${this.#read.length} bytes`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  async bytes(count) {
    return this.#until((read) => (read.length >= count ? count : -1));
  }

  async line() {
    const line = await this.#until((read) => read.indexOf("\n") + 1 || -1);
    return line.toString("latin1").replace(/\r?\n$/, "");
  }

  /** The first line of a message and its headers, each as it stands there. */
  async head() {
    const head = { start: await this.line(), lines: [] };
    for (let line = await this.line(); line !== ""; line = await this.line()) head.lines.push(line);
    head.status = Number(head.start.match(/^HTTP\/1\.1 (\d{3})/)?.[1]);
    head.all = (name) =>
      head.lines.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`)).map((line) => line.slice(name.length + 1).trim());
    head.get = (name) => head.all(name)[0];
    return head;
  }

  /** What has come and was not read. */
  unread() {
    return this.#read.toString("latin1");
  }

  /** One chunk of a chunked body; an empty one is the last. */
  async chunk() {
    const size = Number.parseInt(await this.line(), 16);
    const bytes = await this.bytes(size + 2);
    return bytes.subarray(0, size);
  }

  /** So many bytes of a chunked body, in however many chunks. */
  async chunked(count) {
    const chunks = [];
    for (let left = count; left > 0; left -= chunks.at(-1).length) chunks.push(await this.chunk());
    return Buffer.concat(chunks);
  }

  /** The body under this head, to its end. */
  async body(head) {
    if (head.get("Content-Length") !== undefined) return this.bytes(Number(head.get("Content-Length")));
    const chunks = [];
    for (let chunk = await this.chunk(); chunk.length > 0; chunk = await this.chunk()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** A response of which the whole body is read, as JSON. */
  async json() {
    const head = await this.head();
    return { status: head.status, head, ...JSON.parse(await this.body(head)) };
  }
}

/** Opens a connection to a server and sends what is given. */
export async function dial(url, ...lines) {
  const { hostname, port } = new URL(url);
  const wire = new Wire(connect(Number(port), hostname));
  await once(wire.socket, "connect");
  if (lines.length > 0) await wire.write(lines.join("\r\n") + "\r\n\r\n");
  return wire;
}

/** An origin that leaves every connection to the test that asks for it. */
export async function startRawOrigin() {
  const all = new Set();
  const arrived = [];
  const waiting = [];
  const server = createServer((socket) => {
    const wire = new Wire(socket);
    all.add(wire);
    arrived.push(wire);
    waiting.shift()?.();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    count: () => all.size,
    /** The next connection that comes. */
    async connection() {
      if (arrived.length === 0) await new Promise((resolve) => waiting.push(resolve));
      return arrived.shift();
    },
    /** Closes every connection, so that the next test has one of its own. */
    forget() {
      for (const wire of all) wire.socket.destroy();
      for (const list of [arrived, waiting]) list.length = 0;
      all.clear();
    },
    stop() {
      this.forget();
      server.close();
    },
  };
}
