// The gate: half a minute of the Task Manager's users and some attackers through the built stack, and the thresholds that
// what the users felt must keep. Exit code 1 with a line that says FAIL when it does not. Further arguments go to
// `loadtest check` and are added to the thresholds here, as in `npm run gate -- --p95-ms 50`.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadtest, withStack } from "./loaded-stack.mjs";
import { buildPrograms, program } from "./programs.mjs";
import { Advice, ROOT, tell } from "./run.mjs";
import { setup } from "./setup.mjs";

const OUT = join(ROOT, "target", "gate");
const LOAD = ["--users", 20, "--ramp-s", 5, "--duration-s", 30, "--attackers", 6, "--label", "gate"];

/** Loose enough for a machine that is shared with others: what breaks them is broken. */
const LOOSE = { "--p95-ms": 1_000, "--p99-ms": 2_500, "--failures-percent": 1, "--refused-users-percent": 1 };

/** What was asked for, and of the rest what is not asked for otherwise. */
function thresholds(asked) {
  const isAsked = (name) => asked.some((arg) => arg === name || arg.startsWith(`${name}=`));
  return [...Object.entries(LOOSE).filter(([name]) => !isAsked(name)).flat(), ...asked];
}

/** An argument that is wrong is told before half a minute of load, and help is asked for without any. */
function assertRight(asked) {
  const example = join(ROOT, "loadtest", "tests", "fixtures", "good.json");
  const { status, stdout, stderr } = spawnSync(program("loadtest"), ["check", example, ...thresholds(asked).map(String)], { encoding: "utf8" });
  if (status === 2) throw new Advice(stderr.trim());
  if (asked.includes("--help") || asked.includes("-h")) {
    console.log(stdout);
    process.exit(0);
  }
}

await tell(() => {
  const asked = process.argv.slice(2);
  setup();
  buildPrograms();
  assertRight(asked);
  return withStack({ users: 30 }, async ({ origin, bouncer }) => {
    mkdirSync(OUT, { recursive: true });
    const json = join(OUT, "report.json");
    if (!(await loadtest("scenario", bouncer, "--origin", origin, ...LOAD, "--json", json))) {
      throw new Advice("The scenario did not take place; the load tester says why above.");
    }
    console.log();
    if (!(await loadtest("check", json, ...thresholds(asked)))) process.exitCode = 1;
  });
});
