// What somebody reads whose machine lacks something, or who has broken something: one sentence that says what to do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT, read } from "../scripts/run.mjs";

const temporary = () => mkdtempSync(join(tmpdir(), "bouncer-test-"));

/** Runs a script of the project to its end, as it is or with another PATH, here or in a copy of the project. */
async function script(args, { PATH = process.env.PATH, root = ROOT } = {}) {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, PATH } });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (out[name] += text));
  const [status] = await once(child, "close");
  return { status, ...out };
}

/** What it says last, when it has failed as it should: with exit code 1, one line after an empty one, and no stack. */
function advice({ status, stderr }) {
  assert.equal(status, 1, stderr);
  assert.doesNotMatch(stderr, /^\s+at .*:\d+/m);
  const [, sentence] = stderr.match(/(?:^|\n)\n(.+)\n$/) ?? assert.fail(`no closing sentence: ${stderr}`);
  return sentence;
}

/** Nothing but that sentence. */
function onlyAdvice(run) {
  const sentence = advice(run);
  assert.equal(run.stderr, `\n${sentence}\n`);
  return sentence;
}

describe("a machine that lacks something", () => {
  let folder;
  before(() => (folder = temporary()));
  after(() => rmSync(folder, { recursive: true }));

  /** A PATH on which these programs are and no others. */
  function pathWith(...programs) {
    const bin = mkdtempSync(join(folder, "bin-"));
    for (const program of programs) symlinkSync(read("which", program).trim(), join(bin, program));
    return bin;
  }

  it("is told to install Rust when there is no cargo", async () => {
    const run = await script(["scripts/setup.mjs"], { PATH: pathWith("node", "cc") });
    assert.equal(onlyAdvice(run), "Rust is missing; install it with rustup (https://rustup.rs), then run this again.");
  });

  it("is told which package has the C compiler when there is none", async () => {
    const run = await script(["scripts/setup.mjs"], { PATH: pathWith("node", "cargo") });
    assert.match(onlyAdvice(run), /^A C compiler is missing, .* run: apt-get install build-essential$/);
  });

  for (const [name, port] of [["Bouncer", 8787], ["the origin API", 8000]]) {
    it(`is told that port ${port} is in use, and how to see by what`, async () => {
      const other = createServer().on("error", () => {}); // Taken already, which is as good.
      other.listen(port, "127.0.0.1");
      await Promise.race([once(other, "listening"), once(other, "error")]);
      const run = await script(["scripts/start.mjs", "--once"]);
      other.close();
      assert.match(onlyAdvice(run), new RegExp(`^Port ${port}, which ${name} needs, is in use .*'sport = :${port}'`));
    });
  }
});

describe("a project that somebody has changed", () => {
  let root;
  before(() => {
    root = temporary();
    const settings = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json", "wrangler.toml"];
    const sources = ["src", "benches", "durable", "origin-api", "loadtest", "scripts", "build"];
    for (const path of [...settings, ...sources]) cpSync(join(ROOT, path), join(root, path), { recursive: true });
    // What was downloaded or compiled for the project serves its copy too.
    for (const path of ["node_modules", ".tools", "target"]) symlinkSync(join(ROOT, path), join(root, path));
  });
  after(() => rmSync(root, { recursive: true }));

  /** Builds while one file is different. */
  async function buildWith(path, change) {
    const file = join(root, path);
    const text = readFileSync(file, "utf8");
    assert.notEqual(change(text), text);
    writeFileSync(file, change(text));
    const run = await script(["scripts/build.mjs"], { root });
    writeFileSync(file, text);
    return run;
  }

  it("is not built under a policy that is not valid, and the field is named", async () => {
    const run = await buildWith("wrangler.toml", (text) => text.replace('"10/minute;', '"10/moment;'));
    assert.match(advice(run), /^The policy in wrangler\.toml is not valid, so nothing was built; the line above says/);
    assert.match(run.stderr, /^wrangler\.toml:\d+: BOUNCER\.rules\[0\]\.limit: /m);
  });

  it("is not built when the policy check does not compile, which is not called a policy that is not valid", async () => {
    const run = await buildWith("src/lib.rs", (text) => `${text}\ncompile_error!("on purpose");\n`);
    assert.match(advice(run), /^The policy check did not build, .* the compiler says why above\.$/);
    assert.match(run.stderr, /on purpose\n *--> src\/lib\.rs:\d+/);
  });

  it("is not built when the Worker does not compile, and the compiler says where", async () => {
    const run = await buildWith("durable/src/object.rs", (text) => `${text}\ncompile_error!("on purpose");\n`);
    assert.equal(advice(run), "The Worker did not build; the compiler says why above.");
    assert.match(run.stderr, /on purpose\n *--> durable\/src\/object\.rs:\d+/);
  });

  it("is not built when the wasm has grown beyond its bound", async () => {
    const run = await buildWith("scripts/build.mjs", (text) => text.replace("MAX_GZIPPED = 360_000", "MAX_GZIPPED = 300"));
    assert.match(advice(run), /^The wasm is \d+ bytes gzipped and may be 300; find out what has grown\.$/);
  });
});

describe("a project that is set up", () => {
  it("is not set up again", async () => {
    const run = await script(["scripts/setup.mjs"]);
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, "setup: everything is there\n", ""]);
  });

  it("names its suites to whoever asks for one that it has not", async () => {
    const run = await script(["scripts/test.mjs", "nosuch"]);
    assert.match(onlyAdvice(run), /^There is no suite "nosuch"; there are format, .*e2e.*\.$/);
  });
});
