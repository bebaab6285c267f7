// What each algorithm of tokens adds to the Worker's wasm: builds it without any, with each alone, and with all.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { setup } from "./setup.mjs";
import { Advice, ROOT, TOOLS, runQuietly, tell } from "./run.mjs";

const FEATURES = [
  ["HS256, HS384, HS512", ""],
  ["and ES256", "es256"],
  ["and EdDSA", "eddsa"],
  ["and RS256", "rs256"],
  ["all of them", "es256,eddsa,rs256"],
];
const TARGET = "wasm32-unknown-unknown";
const OUT = join(ROOT, "target", "size");

/** The bytes of the wasm, gzipped as it is deployed: without function names. */
function gzippedWith(features, { env }) {
  const cargo = ["build", "--package", "bouncer", "--lib", "--profile", "edge", "--target", TARGET];
  const raw = join(ROOT, "target", TARGET, "edge", "bouncer.wasm");
  const bound = join(OUT, "bouncer_bg.wasm");
  const steps = [
    ["cargo", [...cargo, "--no-default-features", "--features", features], { env }],
    [join(TOOLS, "wasm-bindgen"), ["--target", "web", "--no-typescript", "--out-dir", OUT, raw]],
    ["wasm-opt", ["-Oz", "--all-features", "--strip-debug", bound, "-o", bound]],
  ];
  for (const [program, args, options] of steps) {
    if (!runQuietly(program, args, options)) throw new Advice(`${program} failed; it says why above.`);
  }
  return gzipSync(readFileSync(bound), { level: 9 }).length;
}

await tell(() => {
  const wasm = setup();
  let least;
  for (const [what, features] of FEATURES) {
    const gzipped = gzippedWith(features, wasm);
    least ??= gzipped;
    console.log(`${what.padEnd(22)}${String(gzipped).padStart(9)} bytes gzipped${gzipped > least ? `, ${gzipped - least} more` : ""}`);
  }
});
