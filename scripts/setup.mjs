// Installs what building and running needs. Every step says what it does, does nothing when it is done already, and
// takes from nowhere but package registries and rustup. Runs before anything is installed, so it has no dependencies.

import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wasmToolchain } from "./toolchain.mjs";
import { Advice, ROOT, TOOLS, answers, isInstalled, isMain, read, run, runLong, tell } from "./run.mjs";

const WASM_TOOLS = [
  // The lock file of wasm-bindgen-cli names a crate that was withdrawn.
  { crate: "worker-build", version: "0.8.7", locked: ["--locked"] },
  { crate: "wasm-bindgen-cli", binary: "wasm-bindgen", version: "0.2.130", locked: [] },
];

// They run for seconds, so most of what an optimiser could do for them takes longer than it saves.
const LIGHTLY = { CARGO_PROFILE_RELEASE_OPT_LEVEL: "1", CARGO_PROFILE_RELEASE_LTO: "off", CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16" };

export function setup() {
  compilers();
  packages();
  const wasm = wasmToolchain();
  tools();
  localSecret();
  localConfig();
  return wasm;
}

function say(what) {
  console.log(`setup: ${what}`);
}

function compilers() {
  if (!answers("cargo", "--version") && answers("rustup", "--version")) {
    say("installing the Rust that rust-toolchain.toml names, with rustup");
    if (!run("rustup", ["toolchain", "install"])) {
      throw new Advice(
        "The Rust that rust-toolchain.toml names could not be installed, and rustup says why above; " +
          "if a newer one is there, set RUSTUP_TOOLCHAIN to its name and run this again.",
      );
    }
  }
  if (!answers("cargo", "--version")) {
    throw new Advice("Rust is missing; install it with rustup (https://rustup.rs), then run this again.");
  }
  if (!answers("cc", "--version")) {
    throw new Advice(
      "A C compiler is missing, which linking and SQLite need; on Debian or Ubuntu run: apt-get install build-essential",
    );
  }
}

function packages() {
  const stamp = join(ROOT, "node_modules", ".bouncer-lock");
  const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  if (!answers("npm", "--version")) {
    throw new Advice("npm is missing, which installs the packages; on Debian or Ubuntu run: apt-get install npm");
  }
  say("installing the npm packages (wrangler, workerd, esbuild, binaryen, node)");
  // Not `npm ci`: it wants every platform's workerd in the lock file, and a registry may carry only some of them.
  if (!runLong("setup: installing the npm packages", "npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"])) {
    throw new Advice("The npm packages could not be installed; npm says why above. Is the package registry reachable?");
  }
  writeFileSync(stamp, lock);
}

function tools() {
  for (const { crate, binary = crate, version, locked } of WASM_TOOLS) {
    if (read(join(TOOLS, binary), "--version")?.includes(version)) continue;
    say(`compiling ${crate} ${version} into .tools, once`);
    const args = ["install", crate, "--version", version, "--root", ".tools", "--force", "--target-dir", join("target", "tools"), ...locked];
    if (!runLong(`setup: compiling ${crate}`, "cargo", args, { env: LIGHTLY })) {
      throw new Advice(`${crate} could not be installed; cargo says why above. Is the crates registry reachable?`);
    }
  }
}

/** wrangler reads local secrets from .dev.vars; the demo's origin signs its tokens with the same one. */
function localSecret() {
  if (isInstalled(".dev.vars")) return;
  say("writing .dev.vars with a random JWT_SECRET for local use");
  writeFileSync(join(ROOT, ".dev.vars"), `JWT_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}

/** What the operator writes is theirs, so it is no file of the project's: an update meets none of it. */
function localConfig() {
  if (["wrangler.json", "wrangler.jsonc", "wrangler.toml"].some(isInstalled)) return;
  say("writing wrangler.toml, your configuration, from wrangler.template.toml");
  copyFileSync(join(ROOT, "wrangler.template.toml"), join(ROOT, "wrangler.toml"));
}

if (isMain(import.meta.url)) {
  await tell(() => {
    setup();
    say("everything is there");
  });
}
