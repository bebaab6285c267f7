// The built Worker under Miniflare's own API, as somebody would try it in a test of their own.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";
import { CONFIG } from "../scripts/workerd.mjs";
import { startHttpServer } from "./support/http-server.mjs";
import { BUILT_WORKER, SECRET, policy, token } from "./support/stack.mjs";

describe("the Worker under Miniflare", () => {
  let origin, miniflare;
  before(async () => {
    origin = await startHttpServer((request, response) => response.end(request.url));
    const wasm = readdirSync(BUILT_WORKER).find((name) => name.endsWith(".wasm"));
    const { compatibility_date, compatibility_flags } = readConfig({ config: CONFIG });
    const worker = {
      name: "bouncer",
      modules: [
        { type: "ESModule", path: "entry.js", contents: readFileSync(join(BUILT_WORKER, "entry.js"), "utf8") },
        { type: "CompiledWasm", path: wasm, contents: readFileSync(join(BUILT_WORKER, wasm)) },
      ],
      compatibilityDate: compatibility_date,
      compatibilityFlags: compatibility_flags,
      durableObjects: { LEDGERS: { className: "Ledger", useSQLite: true } },
      bindings: { BOUNCER: policy(origin.url, { rules: [], default: { limit: "3/day" } }), JWT_SECRET: SECRET },
    };
    // The options that its documentation has, which it takes in another form.
    miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [worker] }));
    await miniflare.ready;
  });
  after(async () => {
    await miniflare?.dispose();
    origin?.stop();
  });

  const get = (headers) => miniflare.dispatchFetch("http://a/path?x=1", { headers });

  it("counts, stamps, forwards and refuses", async () => {
    const address = { "CF-Connecting-IP": "192.0.2.1" };
    for (const remaining of ["2", "1", "0"]) {
      const response = await get(address);
      assert.deepEqual([response.status, await response.text()], [200, "/path?x=1"]);
      assert.equal(response.headers.get("X-RateLimit-Remaining"), remaining);
    }
    const refused = await get(address);
    assert.equal(refused.status, 429);
    assert.equal((await refused.json()).error, "rate_limit_exceeded");
    const user = await get({ ...address, Authorization: `Bearer ${token("ada")}` });
    assert.equal(user.status, 200);
    await user.text();
  });
});
