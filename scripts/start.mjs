// The demo: an API without a limiter, the same API behind Bouncer, and the difference in numbers. Then it keeps serving
// until Ctrl-C; with --once it ends after the story.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Advice, ROOT, read, run, runQuietly, start, tell } from "./run.mjs";

const HOST = "127.0.0.1";
const ORIGIN = { name: "the origin API", port: 8000 };
const BOUNCER = { name: "Bouncer", port: 8787 };
const url = ({ port }, path) => `http://${HOST}:${port}${path}`;

const REQUESTS = 200;
const LOGIN = "/api/v1/auth/login";
const ACCOUNT = JSON.stringify({ username: "demo1", password: "correct horse battery staple" });
const program = (name) => join(ROOT, "target", "release", name);

const folder = mkdtempSync(join(tmpdir(), "bouncer-demo-"));
const servers = [];

async function main() {
  const interrupted = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, resolve);
  });
  try {
    for (const server of [ORIGIN, BOUNCER]) await assertFree(server);
    prepare();
    await Promise.race([serve().then(tellStory), interrupted]);
    if (!process.argv.includes("--once")) {
      console.log("\nServing until Ctrl-C.");
      await Promise.race([interrupted, ...servers.map(failure)]);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
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
  build();
  console.log("start: building the origin API and the load tester (a few minutes the first time)");
  if (!run("cargo", ["build", "--quiet", "--release", "-p", "origin-api", "-p", "loadtest"])) {
    throw new Advice("The origin API or the load tester did not build; the compiler says why above.");
  }
}

async function serve() {
  console.log(`start: a database with demo users, the origin API on ${url(ORIGIN, "")}, Bouncer on ${url(BOUNCER, "")}`);
  const database = join(folder, "tasks.sqlite");
  if (!runQuietly(program("origin-api"), ["seed", "--database", database])) {
    throw new Advice("The demo database could not be made; the origin says why above.");
  }
  const JWT_SECRET = readFileSync(join(ROOT, ".dev.vars"), "utf8").match(/^JWT_SECRET="?([^"\n]+)/m)?.[1];
  if (!JWT_SECRET) {
    throw new Advice("The file .dev.vars has no JWT_SECRET; delete the file and run this again to get a new one.");
  }
  const listen = ["serve", "--listen", `${HOST}:${ORIGIN.port}`, "--database", database];
  await started(ORIGIN, program("origin-api"), listen, { JWT_SECRET });
  await started(BOUNCER, "wrangler", ["dev", "--persist-to", join(folder, "objects")]);
}

async function started(server, command, args, env) {
  const running = start(command, args, { env });
  servers.push({ ...running, name: server.name });
  const deadline_ms = Date.now() + 60_000;
  const dead = failure({ ...running, name: server.name });
  dead.catch(() => {}); // Told below, or by whoever waits for it later.
  while (Date.now() < deadline_ms) {
    const answer = await Promise.race([fetch(url(server, "/health")).catch(() => undefined), dead]);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Advice(`No answer from ${server.name} within a minute. It said:\n${running.output()}`);
}

async function failure({ name, ended, output }) {
  const how = await ended;
  throw new Advice(`${name} ended (${how}). It said:\n${output()}`);
}

/** One client logs in, over and over, as fast as it can: the kind of flood that hurts, since checking a password is work. */
function hammer(server, label, ...options) {
  const args = ["hammer", url(server, LOGIN), "-n", REQUESTS, "-c", REQUESTS, "-X", "POST", "--label", label];
  const body = ["-H", "Content-Type: application/json", "--body", ACCOUNT];
  const json = join(folder, `${server.port}.json`);
  if (!run(program("loadtest"), [...args.map(String), ...body, "--json", json, ...options])) {
    throw new Advice(`${server.name} could not be measured; the load tester says why above.`);
  }
  return JSON.parse(readFileSync(json, "utf8"));
}

async function tellStory() {
  const title = (text) => console.log(`\n── ${text} ${"─".repeat(Math.max(0, 96 - text.length))}\n`);

  title(`(a) ${REQUESTS} logins at once by one client, straight at the API`);
  const straight = hammer(ORIGIN, "unprotected");

  title("(b) the same through Bouncer, and (c) one refusal, whole");
  const through = hammer(BOUNCER, "protected", "--show-refusal");

  const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
  console.log(
    `\nUnprotected, the API did all ${straight.served.count} and half of them took longer than ${seconds(straight.served.p50_ms)}; ` +
      `it was busy for ${seconds(straight.wall_ms)}.\n` +
      `Protected, ${through.served.count} were allowed, the slowest in ${seconds(through.served.max_ms)}, ` +
      `and ${through.refused.count} refused without reaching it; it was over in ${seconds(through.wall_ms)}.`,
  );

  title("(d) what to try next");
  const { access_token } = await (
    await fetch(url(ORIGIN, LOGIN), { method: "POST", headers: { "Content-Type": "application/json" }, body: ACCOUNT })
  ).json();
  console.log(`TOKEN=${access_token}

# where you stand, on every response: 60 reads a minute for this user
curl -i -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks?limit=1")}"

# search is limited to 10 a minute: the last two are refused
for i in $(seq 12); do curl -s -o /dev/null -w "%{http_code} " -H "Authorization: Bearer $TOKEN" "${url(BOUNCER, "/api/v1/tasks/search?q=report")}"; done; echo

# health is exempt: never counted, never stamped
curl -i ${url(BOUNCER, "/health")}

# the limits themselves are in wrangler.toml, under [vars.BOUNCER]; change one and this Worker reloads`);
}

await tell(main);
