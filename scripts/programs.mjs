// The origin API and the load tester, as programs to run: built for speed.

import { join } from "node:path";
import { Advice, ROOT, run, runQuietly } from "./run.mjs";

export const program = (name) => join(ROOT, "target", "release", name);

export function buildPrograms() {
  if (!run("cargo", ["build", "--quiet", "--release", "-p", "origin-api", "-p", "loadtest"])) {
    throw new Advice("The origin API or the load tester did not build; the compiler says why above.");
  }
}

/** Makes the demo's accounts and their tasks; what more there is to say is in `args`. */
export function seed(database, ...args) {
  if (!runQuietly(program("origin-api"), ["seed", "--database", database, ...args.map(String)])) {
    throw new Advice("The demo database could not be made; the origin says why above.");
  }
}
