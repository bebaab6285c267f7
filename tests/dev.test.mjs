// `npm run dev`, while the policy is edited: whatever way an editor saves, what is right is served, and what is wrong is not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT, start } from "../scripts/run.mjs";
import { startHttpServer } from "./support/http-server.mjs";
import { sleep } from "./support/stack.mjs";

describe("a policy that is edited while the Worker runs", () => {
  // Where the Worker's configuration is, its parts are found relative to it.
  const folder = mkdtempSync(join(ROOT, "target", "dev-"));
  const file = join(folder, "wrangler.toml");
  let origin, dev, url;
  const lines = [];
  const policyOf = (limit, more = "") => `name = "bouncer"
main = "../../src/entry.mjs"
compatibility_date = "2026-11-01"
compatibility_flags = ["enable_request_signal"]

[[durable_objects.bindings]]
name = "LEDGERS"
class_name = "Ledger"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Ledger"]

[vars.BOUNCER]
origin = "${origin.url}"
default = { limit = "${limit}", key = "ip" }
${more}`;

  /** Waits until something holds; what it found last is in the error. */
  async function until(found, holds) {
    let last;
    for (const end_ms = Date.now() + 60_000; Date.now() < end_ms; await sleep(200)) {
      last = await found();
      if (holds(last)) return last;
    }
    assert.fail(`${JSON.stringify(last)}\n${lines.slice(-20).join("\n")}`);
  }

  const limitServed = async () => {
    try {
      const response = await fetch(url);
      await response.arrayBuffer();
      return response.headers.get("RateLimit-Policy");
    } catch (error) {
      return error.message;
    }
  };
  const isServed = (limit) => until(limitServed, (found) => found?.includes(`q=${limit};`));
  const isSaid = (said, since) => until(() => lines.slice(since), (found) => found.some((line) => said.test(line)));

  before(async () => {
    origin = await startHttpServer((request, response) => response.end("here"));
    writeFileSync(file, policyOf("1000/day"));
    dev = start("node", ["scripts/dev.mjs", "--config", file, "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"], {
      onLine: (line) => lines.push(line),
    });
    const ready = await until(() => lines.find((line) => /Ready on (\S+)/.test(line)), (found) => found !== undefined);
    [, url] = ready.match(/Ready on (\S+)/);
  });
  after(async () => {
    await dev?.stop();
    origin?.stop();
    rmSync(folder, { recursive: true });
  });

  it("is served from the start, and said to be", async () => {
    assert.ok(lines.some((line) => line.includes(`dev: serving the policy in ${file} as saved by `)), lines.join("\n"));
    await isServed(1_000);
  });

  it("is served however it is saved: in place, and by renaming another file over it, at once after another save", async () => {
    writeFileSync(file, policyOf("1001/day"));
    await isServed(1_001);
    for (const limit of [1_002, 1_003]) {
      execFileSync("touch", [file]);
      execFileSync("sed", ["-i", "-E", `s#[0-9]+/day#${limit}/day#`, file]);
      await isServed(limit);
    }
    writeFileSync(`${file}.new`, policyOf("1004/day"));
    rmSync(file);
    await sleep(600);
    renameSync(`${file}.new`, file);
    await isServed(1_004);
  });

  it("is not served while it is wrong, which is said with its line, and is again once it is right", async () => {
    const since = lines.length;
    writeFileSync(file, policyOf("1005/dya"));
    await isSaid(/wrangler\.toml:16: BOUNCER\.default\.limit: /, since);
    await isSaid(/^dev: the policy saved at .* is wrong, .* serving the one before until it is right/, since);
    assert.match(await limitServed(), /q=1004;/);
    writeFileSync(file, policyOf("1006/day"));
    await isServed(1_006);
    await isSaid(/^dev: serving the policy saved at /, since);
  });

  it("is served from a file of its own, too", async () => {
    writeFileSync(join(folder, "bouncer.toml"), `origin = "${origin.url}"\ndefault = { limit = "1007/day" }\n`);
    const inFile = policyOf("1/day").replace(/\[vars\.BOUNCER\][^]*/, '[vars]\nBOUNCER = "bouncer.toml"\n');
    writeFileSync(file, inFile);
    await isServed(1_007);
    writeFileSync(join(folder, "bouncer.toml.new"), readFileSync(join(folder, "bouncer.toml"), "utf8").replace("1007", "1008"));
    renameSync(join(folder, "bouncer.toml.new"), join(folder, "bouncer.toml"));
    await isServed(1_008);
  });

  it("leaves nothing beside it when it is over", async () => {
    await dev.stop();
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".bouncer-dev")), []);
  });
});
