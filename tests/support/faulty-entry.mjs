// The product, with objects that fail on request, and a recorder in place of the binding ANALYTICS, which exists only at
// Cloudflare. POST /-/fault/OBJECT with "throws", "hangs", "slow" or "" says what the object does from now on;
// GET /-/points gives the data points that were written; POST /-/fault/ANALYTICS with "throws" lets none be.

import product, { Ledger as Product } from "../../src/entry.mjs";

const faults = new Map();
const points = [];
const ANALYTICS = {
  writeDataPoint(point) {
    if (faults.get("ANALYTICS") === "throws") throw new Error("this dataset is broken");
    points.push(point);
  },
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/-/points") return Response.json(points);
    const [, object] = pathname.match(/^\/-\/fault\/(.+)$/) ?? [];
    if (object === undefined) return product.fetch(request, { ...env, ANALYTICS }, ctx);
    faults.set(decodeURIComponent(object), await request.text());
    return new Response();
  },
};

export class Ledger extends Product {
  async call(message) {
    switch (faults.get(this.ctx.id.name)) {
      case "throws":
        throw new Error("this object is broken");
      case "hangs":
        return new Promise(() => {});
      case "late":
        await new Promise((resolve) => setTimeout(resolve, 150));
        break;
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, 600));
    }
    return super.call(message);
  }
}
