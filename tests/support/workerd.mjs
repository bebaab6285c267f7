// The Worker on workerd alone, as it was built, with nothing of wrangler's before it or behind it: `wrangler dev` has a
// proxy of its own in front, which re-encodes bodies and drops headers, and the test harness sends requests from Node.

import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { start } from "../../scripts/run.mjs";
import { BUILT_WORKER, CONFIG, SECRET, temporary } from "./stack.mjs";

/**
 * Starts the Worker under a policy. With `origin`, the source of a Worker's module, that Worker is bound as `ORIGIN`;
 * with "itself", the same Worker is.
 */
export async function startWorkerd(BOUNCER, { origin } = {}) {
  const folder = temporary();
  mkdirSync(join(folder, "disk"));
  cpSync(BUILT_WORKER, folder, { recursive: true }); // What a configuration embeds lies beside it.
  const config = join(folder, "workerd.capnp");
  writeFileSync(config, configOf(folder, BOUNCER, origin));
  let found;
  const port = new Promise((resolve) => (found = resolve));
  // The control messages say which port was free.
  const onLine = (line) => line.startsWith('{"event":"listen"') && found(JSON.parse(line).port);
  const server = start("workerd", ["serve", "--experimental", "--control-fd=1", config], { onLine });
  const failed = server.ended.then((how) => {
    throw new Error(`workerd ended (${how}): ${server.output()}`);
  });
  failed.catch(() => {}); // Later it is expected to end.
  return {
    url: `http://127.0.0.1:${await Promise.race([port, failed])}`,
    pid: server.pid,
    logs: server.output,
    async stop() {
      await server.kill(); // It would wait for connections that are still open.
      rmSync(folder, { recursive: true });
    },
  };
}

const text = JSON.stringify;

function configOf(folder, BOUNCER, origin) {
  const { compatibility_date, compatibility_flags } = readConfig({ config: CONFIG });
  const wasm = readdirSync(BUILT_WORKER).find((name) => name.endsWith(".wasm"));
  const modules = [
    `(name = "entry.js", esModule = embed "entry.js")`,
    `(name = ${text(`./${wasm}`)}, wasm = embed ${text(wasm)})`,
  ];
  const bindings = [
    `(name = "BOUNCER", json = ${text(text(BOUNCER))})`,
    `(name = "JWT_SECRET", text = ${text(SECRET)})`,
    `(name = "LEDGERS", durableObjectNamespace = "Ledger")`,
    origin && `(name = "ORIGIN", service = ${text(origin === "itself" ? "bouncer" : "origin")})`,
  ];
  const worker = (...fields) => `(compatibilityDate = ${text(compatibility_date)}, compatibilityFlags = ${text(compatibility_flags)}, ${fields.join(", ")})`;
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
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bouncer")],
);
`;
}
