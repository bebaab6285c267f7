// The product, with an object whose disk fails on request, and a door through which a test can speak to it: POST /-/OBJECT
// sends the body to it as a message, GET /-/OBJECT asks how many rows it has written and for when its alarm is set, and
// GET /-/OBJECT?fail=N has the next N writes of its ledger rejected.

import product, { Ledger as Product } from "../../src/entry.mjs";

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const [, object] = pathname.match(/^\/-\/(.+)$/) ?? [];
    if (object === undefined) return product.fetch(request, env, ctx);
    const ledger = env.LEDGERS.getByName(decodeURIComponent(object));
    if (searchParams.has("fail")) return Response.json(await ledger.fail(Number(searchParams.get("fail"))));
    if (request.method === "GET") return Response.json(await ledger.seen());
    return new Response(await ledger.call(new Uint8Array(await request.arrayBuffer())));
  },
};

export class Ledger extends Product {
  #rows = 0;
  #failing = 0;

  constructor(ctx, env) {
    const { storage } = ctx;
    const put = storage.put.bind(storage);
    const setAlarm = storage.setAlarm.bind(storage);
    storage.put = (...args) => {
      if (this.#failing > 0) {
        this.#failing -= 1;
        return Promise.reject(new Error("the disk is broken"));
      }
      this.#rows += 1;
      return put(...args);
    };
    storage.setAlarm = (...args) => {
      this.#rows += 1;
      return setAlarm(...args);
    };
    super(ctx, env);
  }

  fail(writes) {
    this.#failing = writes;
    return null;
  }

  async seen() {
    return { rows: this.#rows, alarm_ms: await this.ctx.storage.getAlarm() };
  }
}
