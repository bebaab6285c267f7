// Running other programs: with their output shown, with their output read, or in the background until they are stopped.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const TOOLS = join(ROOT, ".tools", "bin");
const PACKAGES = join(ROOT, "node_modules", ".bin");

// Our own tools come first, and the Node that wrangler needs before an older one of the machine.
export const ENV = {
  ...process.env,
  PATH: [TOOLS, PACKAGES, process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  // Else every call of cargo looks for what rust-toolchain.toml names and is missing, and fails where it cannot be had.
  RUSTUP_AUTO_INSTALL: "0",
  // Where rustup or worker-build failed inside itself tells nobody what to do.
  RUST_BACKTRACE: "0",
  CARGO_TERM_COLOR: process.env.CARGO_TERM_COLOR ?? (process.stdout.isTTY ? "always" : "never"),
};

/** A failure that the person at the terminal can do something about: one sentence, no stack. */
export class Advice extends Error {}

/** Whether this module is the program that was started, and not imported by another. */
export function isMain(url) {
  return realpathSync(process.argv[1]) === fileURLToPath(url);
}

/** Runs `main`; an `Advice` ends the process with its sentence and exit code 1. */
export async function tell(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Advice)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

/** Whether the program is there and answers. */
export function answers(program, ...args) {
  return spawnSync(program, args, { cwd: ROOT, env: ENV, stdio: "ignore" }).status === 0;
}

/** What a program prints, or undefined if it fails. */
export function read(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { cwd: ROOT, env: ENV, encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

/** Runs a program with its output shown. True if it succeeded. */
export function run(program, args, { env = {}, cwd = ROOT } = {}) {
  return spawnSync(program, args, { cwd, env: { ...ENV, ...env }, stdio: "inherit" }).status === 0;
}

/**
 * The same, while what runs in the background is listened to: who writes a log that nobody reads stands still once the
 * pipe is full.
 */
export async function runBeside(program, args) {
  const child = spawn(program, args, { cwd: ROOT, env: ENV, stdio: "inherit" });
  const code = await new Promise((resolve) => child.on("error", resolve).on("exit", resolve));
  return code === 0;
}

/** Runs a program with its output kept, and shown only when it fails. */
export function runQuietly(program, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    env: { ...ENV, ...options.env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) process.stderr.write((stdout ?? "") + (stderr ?? ""));
  return status === 0;
}

/** Runs a program of which only what it warns of is shown. */
export function runTold(program, args) {
  return spawnSync(program, args, { cwd: ROOT, env: ENV, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

/** The same for a program that takes long, with a line every few seconds that says so. */
export function runLong(what, program, args, options = {}) {
  return run(process.execPath, [join(ROOT, "scripts", "progress.mjs"), what, program, ...args], options);
}

/** Starts a program in the background, in a process group of its own so that stopping it stops its children too. */
export function start(program, args, { env = {}, onLine = () => {} } = {}) {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...ENV, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  // One listener for each child, and a file of tests may start many.
  process.setMaxListeners(0);
  // Whoever dies without stopping them takes them along.
  process.once("exit", () => signal(child, "SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-20_000);
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      lines.forEach(onLine);
    });
  }
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const kill = () => signal(child, "SIGKILL") && ended;
  return { pid: child.pid, ended, output: () => output, kill, stop: () => stop(child, ended) };
}

/** The same, once the program has written a line like `ready`: what that has in its first group is `found`. */
export async function startUntil(program, args, ready, { env, onLine = () => {} } = {}) {
  let find;
  const found = new Promise((resolve) => (find = resolve));
  const look = (line) => {
    const match = line.match(ready);
    if (match) find(match[1]);
    onLine(line);
  };
  const server = start(program, args, { env, onLine: look });
  const failed = server.ended.then((how) => {
    throw new Error(`${program} ended (${how}): ${server.output()}`);
  });
  failed.catch(() => {}); // Later it is expected to end.
  return { ...server, found: await Promise.race([found, failed]) };
}

/** Sends a signal to a whole process group. False if nobody is left in it. */
function signal(child, name) {
  try {
    return process.kill(-child.pid, name);
  } catch {
    return false;
  }
}

async function stop(child, ended) {
  for (const name of ["SIGTERM", "SIGKILL"]) {
    if (!signal(child, name)) break;
    let timer;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, 5_000)));
    const stopped = await Promise.race([ended, patience]);
    clearTimeout(timer);
    if (stopped !== undefined) break;
  }
}

export function isInstalled(file) {
  return existsSync(join(ROOT, file));
}
