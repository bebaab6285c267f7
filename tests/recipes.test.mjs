// The policies of docs/recipes.md do what is said of them.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT } from "../scripts/run.mjs";
import { startHttpServer } from "./support/http-server.mjs";
import { roomInWindow, startBouncer, token, whole } from "./support/stack.mjs";

/** The policy under a heading of the page, in front of another origin. */
function recipe(heading, origin) {
  const page = readFileSync(join(ROOT, "docs", "recipes.md"), "utf8");
  const [, section] = page.split(`\n## ${heading}\n`);
  const [, text] = section.match(/```toml\n([^]*?)```/);
  const folder = mkdtempSync(join(tmpdir(), "bouncer-recipe-"));
  writeFileSync(join(folder, "wrangler.toml"), text);
  const { BOUNCER } = readConfig({ config: join(folder, "wrangler.toml") }).vars;
  rmSync(folder, { recursive: true });
  return { ...BOUNCER, origin };
}

function describeRecipe(heading, tell) {
  describe(`the recipe "${heading}"`, () => {
    let origin, bouncer;
    before(async () => {
      // Answers with the status that is asked for.
      origin = await startHttpServer((request, response) => {
        request.resume().on("end", () => {
          response.statusCode = Number(request.headers["x-answer"] ?? 200);
          response.end();
        });
      });
      bouncer = await startBouncer(recipe(heading, origin.url));
      await roomInWindow(60_000, 20_000);
    });
    after(async () => {
      await bouncer?.stop();
      origin?.stop();
    });

    /** How many of so many requests, one after the other, are not refused. */
    async function admitted(count, path, init = {}) {
      let sum = 0;
      for (let tries = 0; tries < count; tries += 1) {
        const { status } = await whole(await bouncer.fetch(path, init));
        sum += status === 429 ? 0 : 1;
      }
      return sum;
    }
    tell(admitted);
  });
}

describeRecipe("Partners by key, users by token, everybody else by address", (admitted) => {
  it("counts each by what it has, with the plan that belongs to it", async () => {
    const partner = { headers: { "X-API-Key": "partner-key" } };
    const [ada, eve] = [token("ada", { plan: "pro" }), token("eve")];
    assert.equal(await admitted(32, "/", partner), 30);
    assert.equal(await admitted(1, "/", { ...partner, token: eve }), 0, "a token beside the key changes nothing");
    assert.equal(await admitted(22, "/", { token: ada }), 20);
    assert.equal(await admitted(12, "/", { token: eve }), 10);
    assert.equal(await admitted(12, "/"), 10);
    assert.equal(await admitted(1, "/", { headers: { "X-API-Key": "made-up" } }), 0, "an unknown key is no key");
    assert.equal(await admitted(1, "/", { address: "192.0.2.77" }), 1);
  });
});

describeRecipe("A log-in", (admitted) => {
  const answers = (status) => ({ method: "POST", headers: { "x-answer": String(status) } });
  it("counts failures, and a successful one not at all", async () => {
    const [user, guesser] = ["192.0.2.11", "192.0.2.12"];
    assert.equal(await admitted(10, "/login", { ...answers(200), address: user }), 10);
    assert.equal(await admitted(8, "/login", { ...answers(401), address: guesser }), 5);
    assert.equal(await admitted(1, "/login", { ...answers(200), address: guesser }), 0);
    assert.equal(await admitted(1, "/other", { ...answers(200), address: guesser }), 1);
  });

  it("bounds all attempts of an address", async () => {
    assert.equal(await admitted(33, "/login", { ...answers(200), address: "192.0.2.13" }), 30);
  });
});

describeRecipe("A webhook", (admitted) => {
  it("takes a burst, and leaves the rest of the network alone", async () => {
    const address = "192.0.2.21";
    const found = await admitted(30, "/hooks/stripe", { method: "POST", address });
    assert.ok(found >= 20 && found < 30, `${found}, with what has come back meanwhile`);
    assert.equal(await admitted(5, "/", { address }), 5);
  });
});

describeRecipe("Uploads", (admitted) => {
  it("cost ten times as much, out of the same bucket", async () => {
    const ada = { token: token("ada") };
    assert.equal(await admitted(2, "/files/1", { ...ada, method: "PUT", body: "x" }), 2);
    assert.equal(await admitted(12, "/files/1", ada), 10);
    assert.equal(await admitted(1, "/files/1", { ...ada, method: "PUT", body: "x" }), 0);
    assert.equal(await admitted(1, "/other", ada), 1);
  });
});
