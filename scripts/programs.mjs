// The programs that run on this machine: the policy check, the origin API and the load tester.

import { join } from "node:path";
import { Advice, ROOT, runLong, runQuietly } from "./run.mjs";

export const program = (name) => join(ROOT, "target", "release", name);

const CHECK = ["-p", "bouncer", "--features", "bouncer/check", "--bin", "bouncer-check"];
const DEMO = ["-p", "origin-api", "--bin", "origin-api", "-p", "loadtest", "--bin", "loadtest"];

let areBuilt = false;

/** Builds the policy check. Together with the others it is built with other features, so not twice in a row. */
export function buildCheck() {
  if (areBuilt) return;
  if (!runLong("build: compiling the policy check", "cargo", ["build", "--release", ...CHECK])) {
    throw new Advice("The policy check did not build, so nothing was built; the compiler says why above.");
  }
}

/** Builds all of them, in one go: what they have in common is compiled once. */
export function buildPrograms() {
  if (!runLong("build: compiling the policy check, the origin API and the load tester", "cargo", ["build", "--release", ...CHECK, ...DEMO])) {
    throw new Advice("The policy check, the origin API or the load tester did not build; the compiler says why above.");
  }
  areBuilt = true;
}

/** Makes the demo's accounts and their tasks; what more there is to say is in `args`. */
export function seed(database, ...args) {
  if (!runQuietly(program("origin-api"), ["seed", "--database", database, ...args.map(String)])) {
    throw new Advice("The demo database could not be made; the origin says why above.");
  }
}
