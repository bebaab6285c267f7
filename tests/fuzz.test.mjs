// The origin as Schemathesis tries it: thousands of requests made from the API's own description, right ones and wrong ones.
// None may be answered with a 5xx, nor with anything that the description does not say.
// BOUNCER_FUZZ_SEED and BOUNCER_FUZZ_EXAMPLES (requests by chance for each operation) look elsewhere, and longer.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { python } from "../scripts/clients.mjs";
import { ROOT } from "../scripts/run.mjs";
import { startOrigin, temporary, token } from "./support/stack.mjs";

const SEED = process.env.BOUNCER_FUZZ_SEED ?? "20261124";
const EXAMPLES = process.env.BOUNCER_FUZZ_EXAMPLES ?? "60";
const CONFIG = join(ROOT, "tests", "schemathesis.toml");
/** The one route that answers 500, and is there to do so. */
const ON_PURPOSE = "/api/v1/debug/fail";

const { program, skip = false } = python();

describe("the origin, whatever it is asked", { skip }, () => {
  let origin;
  let folder;
  before(async () => {
    origin = await startOrigin();
    folder = temporary();
  });
  after(async () => {
    await origin?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  /** A token for a user who exists and, so that no operation is closed, may do everything. */
  async function everybodysToken() {
    const account = { username: "fuzz", password: "a password of the fuzz" };
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(new URL("/api/v1/auth/register", origin.url), { method: "POST", headers, body: JSON.stringify(account) });
    assert.equal(answer.status, 201);
    return token((await answer.json()).id, { role: "admin" });
  }

  it(`answers as its description says, and never with a 5xx (seed ${SEED})`, async (t) => {
    const description = join(folder, "openapi.json");
    writeFileSync(description, await (await fetch(new URL("/api/openapi.json", origin.url))).text());
    const args = ["--config-file", CONFIG, "run", description, "--url", origin.url, "--seed", SEED, "--max-examples", EXAMPLES];
    const chosen = ["--exclude-path", ON_PURPOSE, "--continue-on-failure", "--header", `Authorization: Bearer ${await everybodysToken()}`];
    // In a folder of its own, since it leaves files where it runs.
    const schemathesis = spawn(join(program, "..", "schemathesis"), [...args, ...chosen, "--no-color"], { cwd: folder });
    const ended = new Promise((resolve) => schemathesis.on("close", resolve));
    const [said, complained, status] = await Promise.all([text(schemathesis.stdout), text(schemathesis.stderr), ended]);
    assert.equal(status, 0, said + complained);
    const tried = Number(said.match(/(\d+) generated/)?.[1]);
    assert.ok(tried > 1_000, `only ${tried} requests were tried:\n${said}`);
    t.diagnostic(`${tried} requests, seed ${SEED}`);
  });
});
