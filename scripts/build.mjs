// Builds the Worker's wasm into build/, after checking the policy, and says how large it is. Does nothing when nothing
// it is made from has changed.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { setup } from "./setup.mjs";
import { buildCheck, program } from "./programs.mjs";
import { Advice, ROOT, TOOLS, isMain, run, runLong, runQuietly, runTold, tell } from "./run.mjs";

const WASM = join(ROOT, "build", "index_bg.wasm");
const STAMP = join(ROOT, "build", ".made-from");
const MAX_GZIPPED = 360_000;
const MADE_FROM = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json", "src", "durable"];

/** Shows what the policy means; the arguments are those of `npm run check`. True if it is right. */
export function checkPolicy(...args) {
  buildCheck();
  return run(program("bouncer-check"), args);
}

/**
 * With this in its environment, a build that wrangler starts because something has changed says what is wrong and goes
 * on with what was built before: a typo ends no server, and the next change is built again.
 */
export const WATCHED = { BOUNCER_WATCHED: "1" };

/** The arguments of a command that are about the configuration and the environment, as wrangler has them. */
export function configArgs(args) {
  const found = [];
  for (const [index, arg] of args.entries()) {
    if (/^(--config|-c|--env|-e)$/.test(arg) && args[index + 1] !== undefined) found.push(arg, args[index + 1]);
    else if (/^(--config|--env)=/.test(arg)) found.push(arg);
  }
  return found;
}

/**
 * The same, for a build that wrangler starts: it knows neither of them, so it is told by its environment. Of two, the last one
 * holds.
 */
export function configEnv(args) {
  const value = (long, short) => {
    const found = configArgs(args);
    const values = found.flatMap((arg, index) => {
      if (arg.startsWith(`${long}=`)) return [arg.slice(long.length + 1)];
      return arg === long || arg === short ? [found[index + 1]] : [];
    });
    return values.at(-1);
  };
  const [config, environment] = [value("--config", "-c"), value("--env", "-e")];
  return {
    ...(config !== undefined && { BOUNCER_CONFIG: config }),
    ...(environment !== undefined && { CLOUDFLARE_ENV: environment }),
  };
}

/** The demo's configuration. */
export const DEMO = join("demo", "wrangler.toml");

/**
 * Builds, and says with which toolchain. The policy is that of `wrangler.toml`, or of the file and the environment that `args`
 * name, and goes into the build if it stands in a file of its own.
 */
export function build(...args) {
  const wasm = setup();
  buildCheck();
  const config = process.env.BOUNCER_CONFIG === undefined ? [] : ["--config", process.env.BOUNCER_CONFIG];
  // The demo's secrets are made up when it starts, so nobody is warned of them.
  const check = args.includes(DEMO) ? runQuietly : runTold;
  if (!check(program("bouncer-check"), [...config, ...args, "--bundle", "build"])) {
    throw new Advice("The policy in wrangler.toml is not valid, so nothing was built; the line above says what to change.");
  }
  const madeFrom = fingerprint(wasm.name);
  if (!existsSync(WASM) || !existsSync(STAMP) || readFileSync(STAMP, "utf8") !== madeFrom) {
    console.log(`build: compiling the Worker to wasm with the toolchain of ${wasm.name}`);
    const bin = (name) => join(ROOT, "node_modules", ".bin", name);
    const env = {
      ...wasm.env,
      ESBUILD_BIN: bin("esbuild"),
      WASM_OPT_BIN: bin("wasm-opt"),
      WASM_BINDGEN_BIN: join(TOOLS, "wasm-bindgen"),
    };
    if (!runLong("build: compiling the Worker", join(TOOLS, "worker-build"), ["--profile", "edge"], { env })) {
      throw new Advice("The Worker did not build; the compiler says why above.");
    }
    // worker-build keeps the name of every function, a fifth of the size.
    if (!run(bin("wasm-opt"), ["--strip-debug", WASM, "-o", WASM])) {
      throw new Advice("The names could not be stripped from the wasm; wasm-opt says why above.");
    }
    writeFileSync(STAMP, madeFrom);
  }
  const bytes = readFileSync(WASM);
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  console.log(`build: wasm ${bytes.length} bytes, ${gzipped} gzipped (at most ${MAX_GZIPPED})`);
  if (gzipped > MAX_GZIPPED) {
    throw new Advice(`The wasm is ${gzipped} bytes gzipped and may be ${MAX_GZIPPED}; find out what has grown.`);
  }
  return wasm;
}

function fingerprint(toolchain) {
  const hash = createHash("sha256").update(toolchain);
  const add = (path) => {
    const full = join(ROOT, path);
    if (statSync(full).isDirectory()) {
      readdirSync(full).sort().forEach((name) => add(join(path, name)));
    } else {
      hash.update(`${path}\0`).update(readFileSync(full));
    }
  };
  MADE_FROM.forEach(add);
  return hash.digest("hex");
}

if (isMain(import.meta.url)) {
  await tell(() => {
    try {
      build(...configArgs(process.argv.slice(2)));
    } catch (error) {
      if (!(error instanceof Advice && process.env.BOUNCER_WATCHED)) throw error;
      console.error(error.message);
    }
  });
}
