// The whole suite, in the order in which failures are cheapest to find, with one closing line. `npm test -- NAME...`
// runs the suites of these names only; each file of tests/ is one too: `npm test -- evasions`.

import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { DEMO, build, checkPolicy } from "./build.mjs";
import { browser, python } from "./clients.mjs";
import { Advice, ENV, ROOT, TOOLS, tell } from "./run.mjs";

const DRY_RUN = join(ROOT, "target", "e2e-worker");
const WASM_TARGET = ["--target", "wasm32-unknown-unknown"];

let passed = 0;
let failed = 0;
let wasm;

function count(passes, failures) {
  passed += passes;
  failed += failures;
}

/** Runs a program with its output shown and read. */
function show(program, args, env = {}) {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: ROOT,
    env: { ...ENV, ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  process.stdout.write(stdout ?? "");
  if (error) console.error(error.message);
  return { ok: status === 0, stdout: stdout ?? "" };
}

/** A check that holds or does not. */
function one(ok) {
  count(ok ? 1 : 0, ok ? 0 : 1);
}

/** A test runner that counts for itself. A run that fails without a failed test, one that did not compile say, is one. */
function counted({ ok, stdout }, pattern) {
  let failures = 0;
  for (const [, passes, fails] of stdout.matchAll(pattern)) {
    count(Number(passes), Number(fails));
    failures += Number(fails);
  }
  if (!ok && failures === 0) count(0, 1);
}

const CARGO_RESULT = /test result: \S+ (\d+) passed; (\d+) failed/g;
const NODE_RESULT = /^. pass (\d+)\n. fail (\d+)/gm;

/**
 * Whether the demo ended well and told what it is for: all served without Bouncer, five of them with it, a refusal in a fraction of
 * the time of a log-in, and a neighbour who waits only without it.
 */
function tellsBothHalves({ ok, stdout }) {
  const told = ["answers: 200 x 200", "answers: 200 x 5, 429 x 195", "HTTP/1.1 429 Too Many Requests"];
  const missing = told.filter((text) => !stdout.includes(text));
  for (const text of missing) console.error(`the demo did not print: ${text}`);
  const ratio = (what) => Number(stdout.match(new RegExp(`${what}.* ([\\d.]+)x$`, "m"))?.[1]);
  const ratios = { "a refusal, half of them within": 10, "another user's log-in": 2 };
  const small = Object.keys(ratios).filter((what) => !(ratio(what) >= ratios[what]));
  for (const what of small) console.error(`the demo did not print at least ${ratios[what]}x of: ${what}`);
  return ok && missing.length === 0 && small.length === 0;
}

/** Whether a short comparison found what Bouncer is for: the attack ends at the edge, and no user is turned away for it. */
function comparesBothSides({ ok }) {
  if (!ok) return false;
  const { unprotected, protected: through } = JSON.parse(readFileSync(join(ROOT, "target", "compare", "report.json"), "utf8"));
  const { attack, victims, origin } = through;
  const wrong = {
    "most of the attack was not refused": attack.refused.count < 4 * (attack.served.count + attack.failed.count),
    "users were refused": victims.refused.count > 0,
    "users' requests failed": victims.failed.count > 0,
    "the origin had no less to do": origin.requests >= unprotected.origin.requests,
    "some of the attack was refused without Bouncer": unprotected.attack.refused.count > 0,
  };
  const found = Object.keys(wrong).filter((problem) => wrong[problem]);
  for (const problem of found) console.error(`compare: ${problem}`);
  return found.length === 0;
}

const SUITES = {
  format: () => one(show("cargo", ["fmt", "--all", "--check"]).ok),
  clippy: () => {
    const deny = ["--", "-D", "warnings"];
    one(show("cargo", ["clippy", "--workspace", "--all-targets", "--features", "check", ...deny]).ok);
    // Without the algorithms that can be left out.
    one(show("cargo", ["clippy", "-p", "bouncer", "--all-targets", "--no-default-features", ...deny]).ok);
    one(show("cargo", ["clippy", "-p", "bouncer", "--lib", "--test", "wasm", ...WASM_TARGET, ...deny], wasm.env).ok);
  },
  policy: () => {
    one(checkPolicy("--config", DEMO));
    one(checkPolicy("--config", "wrangler.template.toml"));
  },
  native: () => {
    // What runs at the edge has its properties tried more often than their library does by itself.
    const cases = { PROPTEST_CASES: process.env.PROPTEST_CASES ?? "10000" };
    const edge = ["-p", "bouncer", "-p", "bouncer-durable", "--features", "bouncer/check"];
    counted(show("cargo", ["test", ...edge], cases), CARGO_RESULT);
    counted(show("cargo", ["test", "-p", "origin-api", "-p", "loadtest"]), CARGO_RESULT);
  },
  wasm: () => {
    const runner = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(TOOLS, "wasm-bindgen-test-runner") };
    const args = ["test", "-p", "bouncer", "--test", "wasm", ...WASM_TARGET];
    counted(show("cargo", args, { ...wasm.env, ...runner }), CARGO_RESULT);
  },
  deploy: () => {
    rmSync(DRY_RUN, { recursive: true, force: true });
    one(show("wrangler", ["deploy", "--dry-run", "--outdir", DRY_RUN, "--config", DEMO]).ok);
  },
  e2e: () => endToEnd(FILES),
  demo: () => one(tellsBothHalves(show("node", ["scripts/start.mjs", "--once"]))),
  compare: () => one(comparesBothSides(show("node", ["scripts/compare.mjs", "--users", "8", "--duration-s", "6", "--ramp-s", "2"]))),
  gate: () => one(show("node", ["scripts/gate.mjs"]).ok),
};

/** Files whose tests need the machine for themselves: they measure memory or time, build, start slow programs, or take fixed ports. */
const ALONE = ["clients", "durability", "front-door", "fuzz", "hostile", "policies", "proxy", "proxy-bounds", "set-up"];

/** The end-to-end tests, by file. */
const FILES = readdirSync(join(ROOT, "tests"))
  .filter((file) => file.endsWith(".test.mjs"))
  .map((file) => file.replace(".test.mjs", ""));

/** The tests of these files, on what `deploy` has made: three files at a time, since they mostly wait. */
function endToEnd(files) {
  // Here, where it is seen and takes no test's time.
  for (const { skip } of [browser(), python()]) if (skip) console.log(`Some tests will be skipped: ${skip}`);
  one(show("cargo", ["build", "-p", "origin-api", "-p", "loadtest"]).ok);
  const isAlone = (file) => ALONE.includes(file);
  for (const [together, concurrency] of [[files.filter((file) => !isAlone(file)), 3], [files.filter(isAlone), 1]]) {
    if (together.length === 0) continue;
    const args = ["--test", "--test-reporter=spec", "--test-timeout=300000", `--test-concurrency=${concurrency}`];
    counted(show("node", [...args, ...together.map((file) => `tests/${file}.test.mjs`)]), NODE_RESULT);
  }
}

/** What these names stand for, by name: the suites above, and the files of end-to-end tests, all in one. */
function suitesOf(names) {
  const files = names.filter((name) => FILES.includes(name));
  const unknown = names.find((name) => !(name in SUITES) && !FILES.includes(name));
  if (unknown !== undefined) {
    throw new Advice(`There is no suite "${unknown}"; there are ${[...Object.keys(SUITES), ...FILES].join(", ")}.`);
  }
  const suites = names.filter((name) => name in SUITES).map((name) => [name, SUITES[name]]);
  const someFiles = () => {
    SUITES.deploy();
    endToEnd(files);
  };
  return files.length > 0 ? [...suites, [files.join(" "), someFiles]] : suites;
}

await tell(() => {
  const names = process.argv.slice(2);
  const suites = suitesOf(names.length > 0 ? names : Object.keys(SUITES));
  wasm = build("--config", DEMO);
  for (const [name, run] of suites) {
    console.log(`\n== ${name}`);
    const [passedBefore, failedBefore] = [passed, failed];
    run();
    console.log(`== ${name}: ${passed - passedBefore} passed, ${failed - failedBefore} failed`);
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
});
