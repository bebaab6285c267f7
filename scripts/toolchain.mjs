// The Rust toolchain that builds wasm: rustup's where it has the target or can get it, else Debian's packages.

import { mkdtempSync, mkdirSync, readdirSync, copyFileSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Advice, answers, read, run, runQuietly } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const DEBIAN_STD = `/usr/lib/rustlib/${TARGET}/lib`;

// With rustup nothing needs to be said. Debian's compiler is in /usr/bin, behind rustup's on the PATH, and has no
// linker for wasm under the name that rustc expects.
const RUSTUP = { name: "rustup", env: {} };
const DEBIAN = {
  name: "Debian",
  env: { PATH: `/usr/bin:${process.env.PATH}`, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: "wasm-ld-19" },
};

/** The toolchain for wasm builds, installed if need be. `BOUNCER_WASM_TOOLCHAIN` (rustup or debian) chooses. */
export function wasmToolchain() {
  const wanted = process.env.BOUNCER_WASM_TOOLCHAIN;
  if (wanted !== "debian" && fromRustup()) return RUSTUP;
  if (wanted === "rustup") {
    throw new Advice(`rustup could not add ${TARGET}; rustup says why above.`);
  }
  fromDebian();
  return DEBIAN;
}

function fromRustup() {
  if (!answers("rustup", "--version")) return false;
  if (read("rustup", "target", "list", "--installed")?.includes(TARGET)) return true;
  console.log(`setup: adding the Rust target ${TARGET} with rustup`);
  return run("rustup", ["target", "add", TARGET]);
}

function fromDebian() {
  if (existsSync(DEBIAN_STD) && readdirSync(DEBIAN_STD).some((file) => file.startsWith("libcore-"))) return;
  const install = `apt-get update && apt-get install --yes --no-install-recommends ${DEBIAN_PACKAGES.join(" ")}`;
  const sudo = process.getuid() === 0 ? [] : ["sudo", "--non-interactive"];
  if (!answers("apt-get", "--version")) {
    throw new Advice(
      `Rust has no ${TARGET} here: rustup cannot get it, and this is no Debian with packages for it. ` +
        `Run where rustup's server can be reached: rustup target add ${TARGET}`,
    );
  }
  if (sudo.length > 0 && !answers(...sudo, "true")) {
    throw new Advice(
      `Rust has no ${TARGET} here, and installing Debian's needs root. Run once as root, in this folder: ` +
        `BOUNCER_WASM_TOOLCHAIN=debian node scripts/setup.mjs`,
    );
  }
  console.log("setup: installing Debian's Rust compiler for wasm, since rustup cannot get the target");
  if (!run([...sudo, "sh"][0], [...sudo.slice(1), ...(sudo.length ? ["sh"] : []), "-c", install])) {
    throw new Advice(`Debian's compiler could not be installed; apt-get says why above. The command was: ${install}`);
  }
  buildDebianStd(sudo);
}

/** Debian packages the source of the standard library for wasm and not the library. */
function buildDebianStd(sudo) {
  console.log(`setup: building the standard library for ${TARGET} from Debian's source (half a minute, once)`);
  const folder = mkdtempSync(join(tmpdir(), "wasm-std-"));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src", "lib.rs"), "#![no_std]\n");
  writeFileSync(join(folder, "Cargo.toml"), '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n');
  // Building the standard library needs the compiler's unstable options, for this one build.
  const env = { RUSTC_BOOTSTRAP: "1", RUSTC: "/usr/bin/rustc" };
  const args = ["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,test"];
  if (!runQuietly("/usr/bin/cargo", [...args, "--manifest-path", join(folder, "Cargo.toml")], { env })) {
    throw new Advice("The standard library for wasm could not be built; cargo says why above.");
  }
  const built = join(folder, "target", TARGET, "release", "deps");
  const libraries = readdirSync(built).filter((file) => file.endsWith(".rlib") && !file.startsWith("libempty"));
  const install = [["mkdir", "-p", DEBIAN_STD], ["cp", ...libraries.map((file) => join(built, file)), DEBIAN_STD]];
  for (const command of install) {
    const [program, ...rest] = [...sudo, ...command];
    if (!run(program, rest)) throw new Advice(`The libraries could not be copied into ${DEBIAN_STD}.`);
  }
}
