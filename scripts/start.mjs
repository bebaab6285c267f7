// The demo: an API without a limiter, the same API behind Bouncer, and the difference in numbers. Then it keeps serving
// until Ctrl-C; with --once it ends after the story.

import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEMO, build } from "./build.mjs";
import { buildPrograms, program, seed } from "./programs.mjs";
import { setup } from "./setup.mjs";
import { Advice, runBeside, start, tell } from "./run.mjs";

const HOST = "127.0.0.1";
const ORIGIN = { name: "the origin API", port: 8000 };
const BOUNCER = { name: "Bouncer", port: 8787 };
const url = ({ port }, path) => `http://${HOST}:${port}${path}`;

const REQUESTS = 200;
const LOGIN = "/api/v1/auth/login";
const NEIGHBOUR = "198.51.100.7";

const HELP = `usage: npm start [-- --once]

Builds everything, shows an API without a limiter and the same behind Bouncer, and keeps serving both until Ctrl-C.

  --once   end after the story`;

const ARGS = process.argv.slice(2);
const ONCE = ARGS.includes("--once");

const folder = mkdtempSync(join(tmpdir(), "bouncer-demo-"));
const servers = [];
let showOutput = false;

async function main() {
  if (ARGS.includes("--help") || ARGS.includes("-h")) return console.log(HELP);
  const unknown = ARGS.find((arg) => arg !== "--once");
  if (unknown !== undefined) throw new Advice(`${unknown} is no option of this command.\n\n${HELP}`);
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
  build("--config", DEMO);
}

async function serve() {
  console.log(`start: a database with demo users, the origin API on ${url(ORIGIN, "")}, Bouncer on ${url(BOUNCER, "")}`);
  const database = join(folder, "tasks.sqlite");
  seed(database);
  // One secret for both: the API signs its tokens with it, and Bouncer verifies them.
  const JWT_SECRET = randomBytes(32).toString("hex");
  const listen = ["serve", "--listen", `${HOST}:${ORIGIN.port}`, "--database", database];
  await answering(ORIGIN, start(program("origin-api"), listen, { env: { JWT_SECRET }, onLine: shown }));
  // It needs what the build has installed.
  const { bundle, policyFor, startWorkerd } = await import("./workerd.mjs");
  const worker = join(folder, "worker");
  bundle(worker);
  const run = join(folder, "run");
  mkdirSync(run);
  const policy = policyFor(url(ORIGIN, ""));
  const workerd = await startWorkerd({ worker, folder: run, policy, secrets: { JWT_SECRET }, port: BOUNCER.port, onLine: shown });
  await answering(BOUNCER, { ...workerd, output: workerd.logs });
}

const shown = (line) => showOutput && console.log(line);

async function answering(server, running) {
  servers.push({ ...running, name: server.name });
  const deadline_ms = Date.now() + 60_000;
  const dead = failure({ ...running, name: server.name });
  dead.catch(() => {}); // Told below, or by whoever waits for it later.
  while (Date.now() < deadline_ms) {
    const answer = await Promise.race([fetch(url(server, "/health")).catch(() => undefined), dead]);
    if (answer?.ok) return;
    await pause(100);
  }
  throw new Advice(`No answer from ${server.name} within a minute. It said:\n${lastOf(running.output())}`);
}

async function failure({ name, ended, output }) {
  const how = await ended;
  throw new Advice(`${name} ended (${how}). It said:\n${lastOf(output())}`);
}

const lastOf = (output) => output.split("\n").slice(-30).join("\n");

const pause = (duration_ms) => new Promise((resolve) => setTimeout(resolve, duration_ms));

/** One client logs in, over and over: the kind of flood that hurts, since checking a password is work. */
const AS_LOGIN = ["-X", "POST", "-H", "Content-Type: application/json", "--body", accountOf("demo1")];

/** Sends log-ins, and reads what the load tester found. */
async function hammer(server, label, ...options) {
  const json = join(folder, `${label}.json`);
  const args = ["hammer", url(server, LOGIN), "--label", label, "--json", json, ...AS_LOGIN, ...options];
  if (!(await runBeside(program("loadtest"), args.map(String)))) {
    throw new Advice(`${server.name} could not be measured; the load tester says why above.`);
  }
  return JSON.parse(readFileSync(json, "utf8"));
}

/** Sends log-ins all at once, beside a neighbour. The load tester prints what came of it. */
async function flood(server, label, ...options) {
  let isOver = false;
  const found = hammer(server, label, "-n", REQUESTS, "-c", REQUESTS, ...options).finally(() => (isOver = true));
  const neighbour = neighbourOf(server, () => isOver);
  return { ...(await found), neighbour: await neighbour };
}

/**
 * Another user, at another address, who logs in and reads for as long as it lasts. How long each took. (At its own address: on
 * Cloudflare's network nobody can choose it, and here the header does.)
 */
async function neighbourOf(server, isOver) {
  const found = { logins_ms: [], reads_ms: [] };
  const headers = { "CF-Connecting-IP": NEIGHBOUR, "Content-Type": "application/json" };
  for (let round = 0; round < 4 && (round === 0 || !isOver()); round += 1) {
    await pause(round === 0 ? 120 : 400); // The flood comes first, and takes a moment to begin.
    const [login_ms, answer] = await timed(url(server, LOGIN), { method: "POST", headers, body: accountOf("demo2") });
    found.logins_ms.push(login_ms);
    const { access_token } = JSON.parse(answer);
    for (let read = 0; read < 5 && (read === 0 || !isOver()); read += 1) {
      const [read_ms] = await timed(url(server, "/api/v1/tasks?limit=1"), { headers: { ...headers, Authorization: `Bearer ${access_token}` } });
      found.reads_ms.push(read_ms);
    }
  }
  return found;
}

async function timed(address, init) {
  const start_ms = performance.now();
  const answer = await fetch(address, init);
  const text = await answer.text();
  if (!answer.ok) throw new Advice(`The neighbour was answered ${answer.status} by ${address}: ${text}`);
  return [performance.now() - start_ms, text];
}

function accountOf(username) {
  return JSON.stringify({ username, password: "correct horse battery staple" });
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.ceil(values.length / 2) - 1];

async function tellStory() {
  const title = (text) => console.log(`\n── ${text} ${"─".repeat(Math.max(0, 96 - text.length))}\n`);

  title(`(a) ${REQUESTS} logins at once by one client, straight at the API, beside another user`);
  const straight = await flood(ORIGIN, "unprotected");

  title("(b) the same through Bouncer, and (c) one refusal, whole");
  // The first request of all starts the Worker.
  await timed(url(BOUNCER, "/health"));
  const through = await flood(BOUNCER, "protected", "--show-refusal");
  // It goes on trying: what a refusal takes that is no longer news.
  const later = await hammer(BOUNCER, "later", "-n", REQUESTS, "-c", 10);

  title("(d) the difference");
  const ms = (value) => (value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(1)} ms`);
  const row = (what, ...cells) => console.log(`${what.padEnd(44)}${cells.map((cell) => String(cell).padStart(16)).join("")}`);
  const compared = (what, before, after) => row(what, ms(before), ms(after), `${(before / after).toFixed(1)}x`);
  row("", "straight", "through Bouncer", "");
  row("log-ins of the flood that the API did", straight.served.count, through.served.count);
  compared("how long it had to do with them", straight.wall_ms, through.wall_ms);
  compared("another user's log-in, the longest", Math.max(...straight.neighbour.logins_ms), Math.max(...through.neighbour.logins_ms));
  compared("another user's read, half of them within", median(straight.neighbour.reads_ms), median(through.neighbour.reads_ms));
  row("", "a log-in", "a refusal", "");
  compared("a refusal, half of them within", through.served.p50_ms, later.refused.p50_ms);
  console.log("\nReads hardly wait for log-ins, since the API hashes passwords beside them; who wants to log in waits for all of them.");

  title("(e) what to try next");
  console.log(ONCE ? "# npm start, without --once, keeps it serving and prints a TOKEN; then:" : `TOKEN=${await demoToken()}`);
  console.log(`
# where you stand, on every response: 60 reads a minute for this user
curl -i -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks?limit=1")}"

# search is limited to 10 a minute: the last two are refused
for i in $(seq 12); do curl -s -o /dev/null -w "%{http_code} " -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks/search?q=report")}"; done; echo

# health is exempt: never counted, never stamped
curl -i ${url(BOUNCER, "/health")}

# the limits themselves are in demo/wrangler.toml, under [vars.BOUNCER]; yours go into wrangler.toml, which npm run dev serves`);
}

async function demoToken() {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url(ORIGIN, LOGIN), { method: "POST", headers, body: accountOf("demo1") });
  return (await answer.json()).access_token;
}

await tell(main);
