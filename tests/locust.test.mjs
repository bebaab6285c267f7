// The locustfile, run by Locust itself against the stack, and its results judged by the load tester.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { python } from "../scripts/clients.mjs";
import { ENV, ROOT } from "../scripts/run.mjs";
import { policy, startOrigin, temporary } from "./support/stack.mjs";
import { startWorkerd } from "./support/workerd.mjs";

const { program, skip = false } = python();

async function run(command, args) {
  const child = spawn(command, args.map(String), { cwd: ROOT, env: ENV });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [status] = await once(child, "close");
  return { status, output };
}

describe("Locust", { skip }, () => {
  let origin, bouncer, folder;
  before(async () => {
    folder = temporary();
    origin = await startOrigin({ users: 3 });
    bouncer = await startWorkerd(policy(origin.url));
  });
  after(async () => {
    await bouncer?.stop();
    await origin?.stop();
    rmSync(folder, { recursive: true });
  });

  const locust = (users, host, prefix) =>
    run(join(dirname(program), "locust"), ["-f", "loadtest/locustfile.py", "--headless", "-u", users, "-r", 3, "-t", "8s", "--stop-timeout", 2, "--host", host, "--csv", prefix]);

  it("asks as the users of a scenario do, and what it writes can be judged", async () => {
    const prefix = join(folder, "run");
    const { status, output } = await locust(3, bouncer.url, prefix);
    assert.equal(status, 0, output);
    const rows = readFileSync(`${prefix}_stats.csv`, "utf8").trim().split("\n").map((line) => line.split(","));
    const counts = Object.fromEntries(rows.map(([method, name, count, failures]) => [`${method} ${name}`, [Number(count), Number(failures)]]));
    assert.deepEqual(counts["POST /api/v1/auth/login"], [3, 0]);
    assert.ok(counts["GET /api/v1/tasks"][0] > 0, output);
    const [requests, failures] = counts[" Aggregated"];
    assert.ok(requests > 6 && failures === 0, output);
    const judged = await run(join(ROOT, "target", "debug", "loadtest"), ["check", `${prefix}_stats.csv`, "--p95-ms", "none", "--p99-ms", "none"]);
    assert.equal(judged.status, 0, judged.output);
    assert.match(judged.output, /^NOTE the line Aggregated of a Locust run: \d+ requests, 0 failed$/m);
  });

  it("says which accounts are missing where there are fewer than users", async () => {
    const { output } = await locust(5, bouncer.url, join(folder, "many"));
    assert.match(output, /demo[45] cannot log in; one account is needed for each user/);
  });
});
