// What one decision of the counting core costs, in nanoseconds, beside `governor`, and what it costs to find the rules of a
// request: runs durable/benches/take.rs and benches/route.rs and puts Criterion's medians into tables. A slow machine is slow
// and no failure; ratios are what lasts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Advice, ROOT, runQuietly, tell } from "./run.mjs";

const PATHS = ["ordinary", "exempt", "space", "encoded-slash", "16-kb-of-slashes", "16-kb-of-all"];
const RESULTS = join(ROOT, "target", "criterion");
const ALGORITHMS = ["fixed-window", "sliding-log", "sliding-window", "token-bucket"];

/** The median of one measurement, in nanoseconds. */
function median_ns(subject, measurement) {
  const file = join(RESULTS, `${subject}_${measurement}`, "new", "estimates.json");
  return JSON.parse(readFileSync(file, "utf8")).median.point_estimate;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]));
  return rows.map((row) => row.map(cell).join("   ")).join("\n");
}

await tell(() => {
  console.log("bench:core: measuring, for a minute once it is built");
  for (const [crate, bench] of [["bouncer-durable", "take"], ["bouncer", "route"]]) {
    const args = ["bench", "-p", crate, "--bench", bench, "--", "--quiet"];
    if (!runQuietly("cargo", args, { env: { CRITERION_HOME: RESULTS } })) {
      throw new Advice("The benchmark did not run; cargo says why above.");
    }
  }
  const governor = { admitted: median_ns("governor", "one-limit"), refused: median_ns("governor", "refused") };
  const ns = (value) => value.toFixed(1);
  const ratio = (value, to) => `x${(value / to).toFixed(2)}`;
  const rows = ALGORITHMS.map((name) => {
    const [alone, one, three, refused] = ["alone", "one-limit", "three-limits", "refused"].map((what) => median_ns(name, what));
    return [
      name,
      ...[ns(alone), ratio(alone, governor.admitted)],
      ...[ns(one), ratio(one, governor.admitted), ns(three)],
      ...[ns(refused), ratio(refused, governor.refused)],
    ];
  });
  const names = ["ns a decision", "alone", "", "1 limit", "", "3 limits", "refused", ""];
  const last = ["governor", ns(governor.admitted), "x1.00", "", "", "", ns(governor.refused), "x1.00"];
  console.log(`\n${table([names, ...rows, last])}`);
  console.log("\nalone: one limit and its state, as governor is. 1 limit, 3 limits, refused: a counter. x: to governor.");
  const routes = PATHS.map((path) => [path, ns(median_ns("route", path))]);
  console.log(`\n${table([["ns to find the rules of a path", ""], ...routes])}`);
});
