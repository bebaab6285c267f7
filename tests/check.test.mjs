// What `npm run check` says of policies that are wrong. Each file in wrong-policies/ ends with the message to expect,
// which begins with the line it is about.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { program } from "../scripts/programs.mjs";
import { ENV, ROOT } from "../scripts/run.mjs";

const check = (...args) =>
  spawnSync(program("bouncer-check"), args, { cwd: ROOT, env: ENV, encoding: "utf8" });

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

describe("a policy that is valid and perhaps not what was meant", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-check-"));
  const file = join(folder, "wrangler.toml");
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(file, readFileSync(join(ROOT, "tests", "doubtful-policy.toml")));

  it("is warned about, by name and line, and still shown", () => {
    const { status, stdout, stderr } = check("--config", file);
    assert.equal(status, 0);
    const [, ...rest] = stderr.split(/^.*?(?=:\d+: warning)/m).map((line) => line.slice(0, line.indexOf(": BOUNCER")));
    assert.deepEqual(rest, [":22: warning[key-chosen-by-client]", ":29: warning[key-chosen-by-client]", ":7: warning[unset-secret]"]);
    assert.match(stdout, /^tenant +\* \/\*\* +tenant +role admin: unlimited +fixed-window\n {2}also +plan pro: 500 per 1 minute\n +100 per 1 minute$/m);
  });

  it("is not warned about a secret that is there", () => {
    writeFileSync(join(folder, ".dev.vars"), "OTHER=1\nJWT_SECRET = \"x\"\n");
    assert.doesNotMatch(check("--config", file).stderr, /unset-secret/);
  });

  it("explains every rule that a request falls under", () => {
    const { stdout } = check("--config", file, "GET /export");
    assert.match(stdout, /rule +export\n +counted by +header:x-client\n +in the bucket +heavy\n[^]*and also +tenant\n +counted by +tenant\n +limits +role admin/);
  });
});

describe("a policy under which an identifier with an encoded slash would fall under something stricter", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-check-"));
  const file = join(folder, "wrangler.toml");
  after(() => rmSync(folder, { recursive: true }));
  const write = (changes) =>
    writeFileSync(file, `[vars.BOUNCER]\norigin = "http://127.0.0.1:8000"\ndefault = { limit = "5/minute" }\n${changes}
[[vars.BOUNCER.rules]]\nname = "files"\nmatch = ["GET /files/{id}"]\nlimit = "60/minute"\n`);

  it("is warned about until it says what an encoded slash is", () => {
    write("");
    assert.match(check("--config", file).stderr, /:7: warning\[encoded-slash\]: BOUNCER\.rules\[0\]\.match\[0\]: .* GET \/files\/\{id\} .* "default", which allows less; /);
    for (const said of ["data", "separator"]) {
      write(`encoded_slashes = "${said}"`);
      const { status, stderr } = check("--config", file);
      assert.deepEqual([status, stderr], [0, ""]);
    }
  });

  it("explains each reading of such an identifier", () => {
    write("");
    const { stdout } = check("--config", file, "GET /files/x%2F..%2Fy");
    assert.match(stdout, /is read as +GET \/files\/x%2F\.\.%2Fy +files\n +GET \/files\/x\/\.\.\/y +default\n +GET \/files\/y +files\n[^]* rule +files\n[^]* rule +default\n/);
  });
});

describe("a policy without an origin", () => {
  it("goes to the service that is bound as ORIGIN", () => {
    const folder = mkdtempSync(join(tmpdir(), "bouncer-check-"));
    const file = join(folder, "wrangler.toml");
    const services = '[[services]]\nbinding = "ORIGIN"\nservice = "api"\n';
    writeFileSync(file, `${services}[vars.BOUNCER]\ndefault = { limit = "1/day" }\n`);
    const { status, stdout, stderr } = check("--config", file);
    rmSync(folder, { recursive: true });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^origin is the service bound as ORIGIN\n/);
  });
});

const demo = (...args) => check("--config", join("demo", "wrangler.toml"), ...args);

describe("the policy of the demo", () => {
  it("is shown as a table", () => {
    const { status, stdout, stderr } = demo();
    assert.equal(status, 0);
    assert.match(stderr, /^demo\/wrangler\.toml:\d+: warning\[unset-secret\]: [^\n]*\n$/);
    assert.match(stdout, /^login +POST \/api\/v1\/auth\/login +ip +5 per 1 minute; 20 per 1 hour +sliding-log$/m);
  });

  it("explains what happens to a request, however its path is spelled", () => {
    const { stdout } = demo("POST /x/../api/v1//auth/LOGIN?x=1");
    assert.match(stdout, /is sent as +\/api\/v1\/\/auth\/LOGIN\n/);
    assert.match(stdout, /is read as +POST \/api\/v1\/\/auth\/LOGIN +write, tenant\n +POST \/api\/v1\/auth\/LOGIN +login, tenant\n +rule +login\n +counted by +ip\n/);
    assert.match(demo("GET /health/").stdout, /rule +default\n[^]*not health: only its exact path is exempt/);
    assert.match(demo("GET /health").stdout, /is exempt/);
  });

  it("asks for a method and a path when it is given something else", () => {
    const { status, stderr } = check("login");
    assert.equal(status, 1);
    assert.match(stderr, /^found "login"; write a method and a path/);
    assert.equal(check("--nonsense").status, 2);
  });
});
