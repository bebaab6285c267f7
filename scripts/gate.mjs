// The gate: half a minute of the Task Manager's users and some attackers through the built stack, and the thresholds that
// what the users felt must keep. Exit code 1 with a line that says FAIL when it does not. Further arguments go to
// `loadtest check`, as in `npm run gate -- --p95-ms 50`.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadtest, withStack } from "./loaded-stack.mjs";
import { Advice, ROOT, tell } from "./run.mjs";

const OUT = join(ROOT, "target", "gate");
const LOAD = ["--users", 20, "--ramp-s", 5, "--duration-s", 30, "--attackers", 6, "--label", "gate"];

/** Loose enough for a machine that is shared with others: what breaks them is broken. */
const LOOSE = ["--p95-ms", 1_000, "--p99-ms", 2_500, "--failures-percent", 1, "--tail-ratio", "none"];

await tell(() =>
  withStack({ users: 30 }, async ({ origin, bouncer }) => {
    mkdirSync(OUT, { recursive: true });
    const json = join(OUT, "report.json");
    if (!(await loadtest("scenario", bouncer, "--origin", origin, ...LOAD, "--json", json))) {
      throw new Advice("The scenario did not take place; the load tester says why above.");
    }
    console.log();
    const asked = process.argv.slice(2);
    if (!(await loadtest("check", json, ...(asked.length > 0 ? asked : LOOSE)))) process.exitCode = 1;
  }),
);
