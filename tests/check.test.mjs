// What `npm run check` says of policies that are wrong. Each file in wrong-policies/ ends with the message to expect,
// which begins with the line it is about.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ENV, ROOT } from "../scripts/run.mjs";

const check = (...args) =>
  spawnSync(join(ROOT, "target", "debug", "bouncer-check"), args, { cwd: ROOT, env: ENV, encoding: "utf8" });

describe("a policy that is wrong", () => {
  const folder = join("tests", "wrong-policies");
  for (const name of readdirSync(join(ROOT, folder))) {
    it(`is told so: ${name.replace(".toml", "").replaceAll("-", " ")}`, () => {
      const file = join(folder, name);
      const [, message] = readFileSync(join(ROOT, file), "utf8").match(/\n# (.+)\n$/);
      const place = /^\d+: /.test(message) ? `${file}:` : `${file}: `;
      const { status, stdout, stderr } = check("--config", file);
      assert.deepEqual([status, stdout, stderr], [1, "", `${place}${message}\n`]);
    });
  }
});

describe("the policy of this repository", () => {
  it("is shown as a table", () => {
    const { status, stdout, stderr } = check();
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^login +POST \/api\/v1\/auth\/login +ip +5 per 1 minute; 20 per 1 hour +sliding-log$/m);
  });

  it("explains what happens to a request, however its path is spelled", () => {
    const { stdout } = check("POST /api/v1//auth/LOGIN?x=1");
    assert.match(stdout, /is matched as +\/api\/v1\/auth\/login\n +rule +login\n +counted by +ip\n/);
    assert.match(check("GET /health/").stdout, /rule +default\n[^]*not health: only its exact path is exempt/);
    assert.match(check("GET /health").stdout, /is exempt/);
  });

  it("asks for a method and a path when it is given something else", () => {
    const { status, stderr } = check("login");
    assert.equal(status, 1);
    assert.match(stderr, /^found "login"; write a method and a path/);
    assert.equal(check("--nonsense").status, 2);
  });
});
