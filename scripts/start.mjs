// The demo: an API without a limiter, the same API behind Bouncer, and the difference in numbers. Then it keeps serving
// until Ctrl-C; with --once it ends after the story.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WATCHED, build } from "./build.mjs";
import { buildPrograms, program, seed } from "./programs.mjs";
import { setup } from "./setup.mjs";
import { Advice, ROOT, run, runQuietly, start, tell } from "./run.mjs";

const HOST = "127.0.0.1";
const ORIGIN = { name: "the origin API", port: 8000 };
const BOUNCER = { name: "Bouncer", port: 8787 };
const url = ({ port }, path) => `http://${HOST}:${port}${path}`;

const REQUESTS = 200;
const LOGIN = "/api/v1/auth/login";
const ACCOUNT = JSON.stringify({ username: "demo1", password: "correct horse battery staple" });

const ONCE = process.argv.includes("--once");

const folder = mkdtempSync(join(tmpdir(), "bouncer-demo-"));
const servers = [];
let showOutput = false;

async function main() {
  let isInterrupted = false;
  const interrupted = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      // Not once: a terminal's Ctrl-C reaches npm too, which passes it on, and the second must not end the cleaning up.
      process.on(signal, () => resolve((isInterrupted = true)));
    }
  });
  try {
    for (const server of [ORIGIN, BOUNCER]) await assertFree(server);
    prepare();
    await Promise.race([serve().then(tellStory), interrupted]);
    if (!ONCE && !isInterrupted) {
      console.log("\nServing until Ctrl-C.");
      showOutput = true;
      await Promise.race([interrupted, ...servers.map(failure)]);
    }
  } catch (error) {
    await new Promise(setImmediate); // A signal that ended a child may be on its way to this process too.
    if (!isInterrupted) throw error;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
  if (isInterrupted) console.log("\nInterrupted; everything is stopped.");
}

async function assertFree({ name, port }) {
  const error = await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", resolve);
    probe.listen(port, HOST, () => probe.close(() => resolve(undefined)));
  });
  if (error) {
    throw new Advice(
      `Port ${port}, which ${name} needs, is in use (${error.code}); stop what uses it (ss -ltnp 'sport = :${port}' shows it), then run this again.`,
    );
  }
}

function prepare() {
  setup();
  buildPrograms();
  build();
}

async function serve() {
  console.log(`start: a database with demo users, the origin API on ${url(ORIGIN, "")}, Bouncer on ${url(BOUNCER, "")}`);
  const database = join(folder, "tasks.sqlite");
  seed(database);
  const JWT_SECRET = readFileSync(join(ROOT, ".dev.vars"), "utf8").match(/^JWT_SECRET="?([^"\n]+)/m)?.[1];
  if (!JWT_SECRET) {
    throw new Advice("The file .dev.vars has no JWT_SECRET; delete the file and run this again to get a new one.");
  }
  const listen = ["serve", "--listen", `${HOST}:${ORIGIN.port}`, "--database", database];
  await started(ORIGIN, program("origin-api"), listen, { JWT_SECRET });
  const leavesNothingBehind = { TMPDIR: folder, WRANGLER_LOG_PATH: join(folder, "logs") };
  const dev = ["dev", "--persist-to", join(folder, "objects")];
  await started(BOUNCER, "wrangler", dev, { ...WATCHED, ...leavesNothingBehind });
}

async function started(server, command, args, env) {
  const onLine = (line) => showOutput && !isRequest(line) && console.log(line);
  const running = start(command, args, { env, onLine });
  servers.push({ ...running, name: server.name });
  const deadline_ms = Date.now() + 60_000;
  const dead = failure({ ...running, name: server.name });
  dead.catch(() => {}); // Told below, or by whoever waits for it later.
  while (Date.now() < deadline_ms) {
    const answer = await Promise.race([fetch(url(server, "/health")).catch(() => undefined), dead]);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Advice(`No answer from ${server.name} within a minute. It said:\n${lastOf(running.output())}`);
}

async function failure({ name, ended, output }) {
  const how = await ended;
  throw new Advice(`${name} ended (${how}). It said:\n${lastOf(output())}`);
}

/** wrangler's log has a line for every request. */
const isRequest = (line) => /^\[wrangler:info\] [A-Z]+ \//.test(line);

const lastOf = (output) => output.split("\n").filter((line) => !isRequest(line)).slice(-30).join("\n");

/** Sends requests all at once. The load tester prints what came of it, unless it is told to be quiet. */
function hammer(server, path, label, options, { isQuiet = false } = {}) {
  const json = join(folder, `${label}.json`);
  const args = ["hammer", url(server, path), "-n", REQUESTS, "-c", REQUESTS, "--label", label, "--json", json, ...options];
  const report = isQuiet ? runQuietly : run;
  if (!report(program("loadtest"), args.map(String))) {
    throw new Advice(`${server.name} could not be measured; the load tester says why above.`);
  }
  return JSON.parse(readFileSync(json, "utf8"));
}

/** One client logs in, over and over: the kind of flood that hurts, since checking a password is work. */
const AS_LOGIN = ["-X", "POST", "-H", "Content-Type: application/json", "--body", ACCOUNT];

async function tellStory() {
  const title = (text) => console.log(`\n── ${text} ${"─".repeat(Math.max(0, 96 - text.length))}\n`);

  title(`(a) ${REQUESTS} logins at once by one client, straight at the API`);
  const straight = hammer(ORIGIN, LOGIN, "unprotected", AS_LOGIN);

  title("(b) the same through Bouncer, and (c) one refusal, whole");
  hammer(BOUNCER, "/health", "warm", [], { isQuiet: true });
  const through = hammer(BOUNCER, LOGIN, "protected", [...AS_LOGIN, "--show-refusal"]);
  const proxied = hammer(BOUNCER, "/health", "exempt", [], { isQuiet: true });

  const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
  console.log(
    `\nUnprotected, the API did all ${straight.served.count}, half of them took longer than ${seconds(straight.served.p50_ms)}, ` +
      `and for ${seconds(straight.wall_ms)} it had no time for anybody else.\n` +
      `Protected, it did ${through.served.count}. The other ${through.refused.count} never reached it, and it was over in ${seconds(through.wall_ms)}.\n` +
      `(Part of that is wrangler's development server: ${REQUESTS} requests that are not even counted took ${seconds(proxied.wall_ms)} through it.)`,
  );

  title("(d) what to try next");
  console.log(ONCE ? "# npm start, without --once, keeps it serving and prints a TOKEN; then:" : `TOKEN=${await demoToken()}`);
  console.log(`
# where you stand, on every response: 60 reads a minute for this user
curl -i -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks?limit=1")}"

# search is limited to 10 a minute: the last two are refused
for i in $(seq 12); do curl -s -o /dev/null -w "%{http_code} " -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks/search?q=report")}"; done; echo

# health is exempt: never counted, never stamped
curl -i ${url(BOUNCER, "/health")}

# the limits themselves are in wrangler.toml, under [vars.BOUNCER]; change one and this Worker reloads`);
}

async function demoToken() {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url(ORIGIN, LOGIN), { method: "POST", headers, body: ACCOUNT });
  return (await answer.json()).access_token;
}

await tell(main);
