// The Worker on workerd before an origin that answers with the headers it is asked for, and whose requests are from where.

import { policy, whole } from "./stack.mjs";
import { startWorkerd } from "./workerd.mjs";

export const X_RATELIMIT = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];
export const DRAFT = ["RateLimit", "RateLimit-Policy"];

export const rule = (name, limit, more = {}) => ({ name, match: [`GET /${name}`], key: "ip", limit, ...more });

let clients = 0;
/** An address that nobody has had. */
export const somewhere = () => `2001:db8:${(clients += 1).toString(16)}::1`;

/** The Worker under these rules, and requests of a client of its own where none is named. */
export async function startStamped(origin, rules, changes = {}) {
  const bouncer = await startWorkerd(policy(origin.url, { rules, default: { limit: "5/day", key: "ip" }, ...changes }));
  const ask = async (path, { address = somewhere(), headers = {}, ...init } = {}) =>
    whole(await fetch(new URL(path, bouncer.url), { ...init, headers: { "CF-Connecting-IP": address, ...headers } }));
  return { ...bouncer, ask };
}
