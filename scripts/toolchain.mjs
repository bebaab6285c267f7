// The Rust toolchain that builds wasm: rustup's where it has the target or can get it, else Debian's packages.
// Run by itself it installs that toolchain and nothing else.

import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Advice, ENV, answers, isMain, read, run, runQuietly, tell } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-19"];
const DEBIAN_STD = `/usr/lib/rustlib/${TARGET}/lib`;
const SUDO = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];

// With rustup nothing needs to be said. Debian's compiler is in /usr/bin, behind rustup's on the PATH, and has no
// linker for wasm under the name that rustc expects.
const RUSTUP = { name: "rustup", env: {} };
const DEBIAN = {
  name: "Debian",
  env: { PATH: `/usr/bin:${ENV.PATH}`, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: "wasm-ld-19" },
};

/**
 * The toolchain for wasm builds: one that is there, else one that can be installed. `BOUNCER_WASM_TOOLCHAIN` (rustup or
 * debian) leaves no choice.
 */
export function wasmToolchain() {
  const wanted = process.env.BOUNCER_WASM_TOOLCHAIN;
  if (wanted !== "debian" && rustupHasTarget()) return RUSTUP;
  if (wanted !== "rustup" && debianCompiles()) return DEBIAN;
  if (wanted !== "debian" && addToRustup()) return RUSTUP;
  if (wanted === "rustup") {
    throw new Advice(`rustup could not add ${TARGET}; rustup says why above.`);
  }
  installFromDebian();
  return DEBIAN;
}

function rustupHasTarget() {
  return read("rustup", "target", "list", "--installed")?.includes(TARGET) ?? false;
}

function addToRustup() {
  if (!answers("rustup", "--version")) return false;
  console.log(`setup: adding the Rust target ${TARGET} with rustup`);
  return run("rustup", ["target", "add", TARGET]);
}

/** Whether Debian's compiler has a standard library for wasm that it can read; after an upgrade it has the last one's. */
function debianCompiles() {
  return answers("/usr/bin/rustc", "--target", TARGET, "--crate-type=lib", "--emit=dep-info=-", "-");
}

function installFromDebian() {
  if (!answers("apt-get", "--version")) {
    throw new Advice(
      `Rust has no ${TARGET} here: rustup cannot get it, and this is no Debian with packages for it. ` +
        `Run where rustup's server can be reached: rustup target add ${TARGET}`,
    );
  }
  if (!answers(...SUDO, "true")) {
    throw new Advice(
      `Rust has no ${TARGET} here, and installing Debian's needs root. Run once as root, in this folder: ` +
        `BOUNCER_WASM_TOOLCHAIN=debian node scripts/toolchain.mjs`,
    );
  }
  console.log(`setup: installing Debian's Rust compiler for wasm (${DEBIAN_PACKAGES.join(", ")})`);
  // Whether every source of packages could be read matters less than whether these can be installed.
  asRoot("apt-get", "--quiet", "update");
  if (!asRoot("apt-get", "--quiet", "install", "--yes", "--no-install-recommends", ...DEBIAN_PACKAGES)) {
    throw new Advice("Debian's Rust compiler could not be installed; apt-get says why above.");
  }
  // The packages have the source of the standard library for wasm and not the library.
  if (!debianCompiles()) buildDebianStd();
}

function buildDebianStd() {
  console.log(`setup: building the standard library for ${TARGET} from Debian's source (half a minute, once)`);
  const folder = mkdtempSync(join(tmpdir(), "wasm-std-"));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src", "lib.rs"), "#![no_std]\n");
  writeFileSync(join(folder, "Cargo.toml"), '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n');
  // Building the standard library needs the compiler's unstable options, for this one build.
  const env = { RUSTC_BOOTSTRAP: "1", RUSTC: "/usr/bin/rustc", CARGO_TARGET_DIR: join(folder, "target") };
  const args = ["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,test"];
  if (!runQuietly("/usr/bin/cargo", [...args, "--manifest-path", join(folder, "Cargo.toml")], { env })) {
    throw new Advice("The standard library for wasm could not be built; cargo says why above.");
  }
  const built = join(folder, "target", TARGET, "release", "deps");
  const libraries = readdirSync(built).filter((file) => file.endsWith(".rlib") && !file.startsWith("libempty"));
  const copied =
    asRoot("rm", "-rf", DEBIAN_STD) &&
    asRoot("mkdir", "-p", DEBIAN_STD) &&
    asRoot("cp", ...libraries.map((file) => join(built, file)), DEBIAN_STD);
  rmSync(folder, { recursive: true });
  if (!copied) throw new Advice(`The standard library for wasm could not be copied into ${DEBIAN_STD}.`);
}

/** Runs a program as root, through sudo where this is not root already. True if it succeeded. */
function asRoot(...command) {
  const [program, ...args] = [...SUDO, ...command];
  return run(program, args);
}

if (isMain(import.meta.url)) await tell(wasmToolchain);
