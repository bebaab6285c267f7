// The product, with an object that calls itself while it writes, which no runtime does: its ledger is borrowed already, so the
// second call panics.

import product, { Ledger as Product } from "../../src/entry.mjs";

export default product;

export class Ledger extends Product {
  constructor(ctx, env) {
    const { storage } = ctx;
    const put = storage.put.bind(storage);
    let message;
    storage.put = (...args) => {
      super.call(message);
      return put(...args);
    };
    super(ctx, env);
    this.noted = (latest) => (message = latest);
  }

  call(message) {
    this.noted(message);
    return super.call(message);
  }
}
