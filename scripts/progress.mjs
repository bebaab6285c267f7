// Runs a program that takes long: `node progress.mjs WHAT PROGRAM ARGS...`. Its output is kept and shown only if it fails; instead
// there is a line every few seconds that says what is going on and how far. Of cargo that is how many crates are done.

import { spawn } from "node:child_process";

const EVERY_MS = 8_000;

const [what, program, ...args] = process.argv.slice(2);
const started_ms = Date.now();
const progress = { CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "120" };
const child = spawn(program, args, { env: { ...process.env, ...progress }, stdio: ["ignore", "pipe", "pipe"] });

let kept = "";
let [done, total] = [0, 0];
for (const stream of [child.stdout, child.stderr]) {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop();
    for (const line of lines) {
      const found = line.match(/\] (\d+)\/(\d+)/);
      if (found) [, done, total] = found;
      else kept = `${kept}${line}\n`.slice(-60_000);
    }
  });
  stream.on("end", () => (kept += rest));
}

const seconds = () => `${Math.round((Date.now() - started_ms) / 1_000)} s`;
const timer = setInterval(() => {
  const howFar = total > 0 ? `, ${done} of ${total} crates` : "";
  console.log(`${what}: ${seconds()}${howFar}`);
}, EVERY_MS);

function end(code) {
  clearInterval(timer);
  if (code !== 0) process.stderr.write(kept);
  process.exitCode = code;
}
child.on("error", (error) => {
  kept += `${error.message}\n`;
  end(1);
});
child.on("close", (code) => end(code ?? 1));
