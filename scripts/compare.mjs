// The before and after in percentiles: the same load with an attack in it, straight at the API and through Bouncer, and
// through Bouncer without the attack. Writes target/compare/report.html and report.json. Further arguments go to
// `loadtest compare`; see `npm run compare -- --help`.

import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { loadtest, withStack } from "./loaded-stack.mjs";
import { Advice, ROOT, tell } from "./run.mjs";

const OUT = join(ROOT, "target", "compare");
const ARGS = process.argv.slice(2);

/** What an argument of the load tester says, or it says itself if it is not told. */
const told = (name, otherwise) => Number(ARGS[ARGS.indexOf(name) + 1 || ARGS.length] ?? otherwise);

/** One for each user and each attacker. */
const USERS = told("--users", 50) + told("--attackers", 6);

await tell(() =>
  withStack({ users: USERS }, async ({ origin, bouncer }) => {
    mkdirSync(OUT, { recursive: true });
    const [json, html] = ["report.json", "report.html"].map((name) => join(OUT, name));
    const where = ["--origin", origin, "--through", bouncer, "--json", json, "--html", html];
    if (!(await loadtest("compare", ...where, ...ARGS))) {
      throw new Advice("The comparison did not take place; the load tester says why above.");
    }
    console.log(`\nThe same as a page: ${relative(process.cwd(), html)}`);
  }),
);
