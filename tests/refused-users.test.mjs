// The gate sees a limiter that refuses people it should not.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ENV, ROOT } from "../scripts/run.mjs";
import { policy, startOrigin } from "./support/stack.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const LOADTEST = join(ROOT, "target", "debug", "loadtest");

async function loadtest(...args) {
  const child = spawn(LOADTEST, args.map(String), { cwd: ROOT, env: ENV });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [status] = await once(child, "close");
  return { status, output };
}

describe("a policy that refuses everybody", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-gate-"));
  let origin, bouncer;
  before(async () => {
    origin = await startOrigin({ users: 6 });
    const rules = [{ name: "read", match: ["GET /api/v1/**"], key: "global", limit: "1/year" }];
    bouncer = await startWorkerd(policy(origin.url, { rules }));
  });
  after(async () => {
    await bouncer?.stop();
    await origin?.stop();
    rmSync(folder, { recursive: true });
  });

  it("fails the thresholds of the gate, by the users that it refuses", async () => {
    const json = join(folder, "report.json");
    const run = await loadtest("scenario", bouncer.url, "--users", 6, "--ramp-s", 1, "--duration-s", 6, "--json", json);
    assert.equal(run.status, 0, run.output);
    const lax = ["--p95-ms", "none", "--p99-ms", "none", "--failures-percent", "none"];
    const judged = await loadtest("check", json, ...lax, "--refused-users-percent", 1);
    assert.equal(judged.status, 1, judged.output);
    assert.match(judged.output, /^FAIL refused users \d+(\.\d+)? %, at most 1 %$/m);
    assert.equal((await loadtest("check", json, ...lax)).status, 0, "nothing else is wrong with it");
  });
});
