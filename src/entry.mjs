// The JavaScript that wrangler needs around the wasm: the Worker, and a Durable Object class that other Workers can
// call. A class exported from Rust is no subclass of `DurableObject`, and only subclasses have methods that can be
// called from outside.

import { DurableObject } from "cloudflare:workers";
import Bouncer, { LedgerObject } from "../build/index.js";
import policies from "../build/policies.mjs";

let bouncer, known, complete;

// The bindings, with the text of the policy in the place of the file that it stands in.
function completed(env) {
  if (env !== known) [known, complete] = [env, Object.hasOwn(policies, env.BOUNCER) ? { ...env, BOUNCER: policies[env.BOUNCER] } : env];
  return complete;
}

export default {
  fetch(request, env, ctx) {
    bouncer ??= new Bouncer(ctx, env);
    return bouncer.handle(request, completed(env), ctx);
  },
};

export class Ledger extends DurableObject {
  #ledger = new LedgerObject(this.ctx);

  call(message) {
    return this.#ledger.call(message);
  }

  alarm() {
    return this.#ledger.alarm();
  }
}
