// The Worker on workerd alone, as it was built, with nothing of wrangler's before it or behind it: `wrangler dev` has a
// proxy of its own in front, which re-encodes bodies, drops headers, and is the slower of the two by far.

import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { Advice, ROOT, runQuietly, startUntil } from "./run.mjs";

/** The demo's, which is what is measured and tested. */
export const CONFIG = join(ROOT, "demo", "wrangler.toml");

/** Bundles the Worker, as it would be deployed, into a folder. */
export function bundle(folder) {
  rmSync(folder, { recursive: true, force: true });
  if (!runQuietly("wrangler", ["deploy", "--dry-run", "--outdir", folder, "--config", CONFIG])) {
    throw new Advice("The Worker could not be bundled; wrangler says why above.");
  }
}

/** The demo's policy, in front of another origin and with other fields where they are needed. */
export function policyFor(origin, changes = {}) {
  return { ...readConfig({ config: CONFIG }).vars.BOUNCER, origin, ...changes };
}

/**
 * Starts a built Worker in a folder of its own, under a policy and with its secrets. With `origin`, the source of a
 * Worker's module, that Worker is bound as `ORIGIN`; with "itself", the same Worker is.
 */
export async function startWorkerd({ worker, folder, policy, secrets, origin, port = 0, onLine }) {
  mkdirSync(join(folder, "disk"));
  cpSync(worker, folder, { recursive: true }); // What a configuration embeds lies beside it.
  const config = join(folder, "workerd.capnp");
  writeFileSync(config, configOf(folder, { BOUNCER: policy, secrets, origin, port }));
  // The control messages say which port was free.
  const ready = /^\{"event":"listen".*"port":(\d+)/;
  const server = await startUntil("workerd", ["serve", "--experimental", "--control-fd=1", config], ready, { onLine });
  return {
    url: `http://127.0.0.1:${server.found}`,
    pid: server.pid,
    ended: server.ended,
    logs: server.output,
    stop: server.kill, // It would wait for connections that are still open.
  };
}

const text = JSON.stringify;

function configOf(folder, { BOUNCER, secrets, origin, port }) {
  const { compatibility_date, compatibility_flags } = readConfig({ config: CONFIG });
  const wasm = readdirSync(folder).find((name) => name.endsWith(".wasm"));
  const modules = [
    `(name = "entry.js", esModule = embed "entry.js")`,
    `(name = ${text(`./${wasm}`)}, wasm = embed ${text(wasm)})`,
  ];
  const bindings = [
    `(name = "BOUNCER", json = ${text(text(BOUNCER))})`,
    `(name = "LEDGERS", durableObjectNamespace = "Ledger")`,
    ...Object.entries(secrets).map(([name, secret]) => `(name = ${text(name)}, text = ${text(secret)})`),
    origin && `(name = "ORIGIN", service = ${text(origin === "itself" ? "bouncer" : "origin")})`,
  ];
  const like = `compatibilityDate = ${text(compatibility_date)}, compatibilityFlags = ${text(compatibility_flags)}`;
  const worker = (...fields) => `(${like}, ${fields.join(", ")})`;
  const bouncer = worker(
    `modules = [${modules}]`,
    `bindings = [${bindings.filter(Boolean)}]`,
    `durableObjectNamespaces = [(className = "Ledger", uniqueKey = "ledger", enableSql = true)]`,
    `durableObjectStorage = (localDisk = "disk")`,
  );
  const behind = worker(`modules = [(name = "origin.js", esModule = ${text(origin ?? "")})]`);
  const services = [
    `(name = "bouncer", worker = ${bouncer})`,
    `(name = "disk", disk = (path = ${text(join(folder, "disk"))}, writable = true))`,
    `(name = "internet", network = (allow = ["public", "private"]))`,
    origin && origin !== "itself" && `(name = "origin", worker = ${behind})`,
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.filter(Boolean)}],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "bouncer")],
);
`;
}
