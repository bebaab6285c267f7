// The before and after in percentiles: the same load with an attack in it, straight at the API and through Bouncer, and
// through Bouncer without the attack. Writes target/compare/report.html and report.json. Further arguments go to
// `loadtest compare`; see `npm run compare -- --help`.

import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { loadtest, withStack } from "./loaded-stack.mjs";
import { Advice, ROOT, tell } from "./run.mjs";

const OUT = join(ROOT, "target", "compare");
/** More than any run here has users and attackers. */
const ACCOUNTS = 40;

await tell(() =>
  withStack({ users: ACCOUNTS }, async ({ origin, bouncer }) => {
    mkdirSync(OUT, { recursive: true });
    const [json, html] = ["report.json", "report.html"].map((name) => join(OUT, name));
    const where = ["--origin", origin, "--through", bouncer, "--json", json, "--html", html];
    if (!(await loadtest("compare", ...where, ...process.argv.slice(2)))) {
      throw new Advice("The comparison did not take place; the load tester says why above.");
    }
    console.log(`\nThe same as a page: ${relative(process.cwd(), html)}`);
  }),
);
