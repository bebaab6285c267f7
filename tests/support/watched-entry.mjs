// The product, with an object that counts what it writes, and a door through which a test can speak to objects:
// POST /-/OBJECT sends the body to it as a message, GET /-/OBJECT asks how many rows it has written, how many messages it got,
// and how many bytes came with them that are no part of them.

import product, { Ledger as Product } from "../../src/entry.mjs";

export default {
  async fetch(request, env, ctx) {
    const [, object] = new URL(request.url).pathname.match(/^\/-\/(.+)$/) ?? [];
    if (object === undefined) return product.fetch(request, env, ctx);
    const ledger = env.LEDGERS.getByName(decodeURIComponent(object));
    if (request.method === "GET") return Response.json(await ledger.seen());
    try {
      return new Response(await ledger.call(new Uint8Array(await request.arrayBuffer())));
    } catch (error) {
      return new Response(error.message, { status: 400 });
    }
  },
};

export class Ledger extends Product {
  #rows = 0;
  #calls = 0;
  #spareBytes = 0;

  constructor(ctx, env) {
    const { storage } = ctx;
    const count = () => (this.#rows += 1);
    // Each `put` and each `setAlarm` is a row.
    for (const method of ["put", "setAlarm"]) {
      const original = storage[method].bind(storage);
      storage[method] = (...args) => count() && original(...args);
    }
    super(ctx, env);
  }

  call(message) {
    this.#calls += 1;
    this.#spareBytes += message.buffer.byteLength - message.byteLength;
    return super.call(message);
  }

  seen() {
    return { rows: this.#rows, calls: this.#calls, spareBytes: this.#spareBytes };
  }
}
