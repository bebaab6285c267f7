// That what is checked is what is deployed: the file and the environments that wrangler takes, in either format, with all that is
// wrong told at once; a policy in a file of its own; and a client as it is described.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { program } from "../scripts/programs.mjs";
import { ENV, ROOT } from "../scripts/run.mjs";
import { startBouncer, startOrigin, whole } from "./support/stack.mjs";

const BINDING = '[[durable_objects.bindings]]\nname = "LEDGERS"\nclass_name = "Ledger"\n';
const POLICY = '[vars.BOUNCER]\norigin = "https://api.example.com"\ndefault = { limit = "1/day" }\n';

describe("the check", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-check-"));
  after(() => rmSync(folder, { recursive: true }));

  /** Checks what is written into these files, from within their folder as wrangler would be called. */
  function check(files, args = [], env = {}) {
    const here = mkdtempSync(join(folder, "case-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(here, name), text);
        const { status, stdout, stderr } = spawnSync(program("bouncer-check"), args, { cwd: here, env: { ...ENV, CLOUDFLARE_ENV: undefined, ...env }, encoding: "utf8" });
    return { status, stdout, stderr, here };
  }
  const toml = (text) => ({ "wrangler.toml": text });
  const inEnv = (text, name) => text.replaceAll("[vars", `[env.${name}.vars`).replaceAll("[[durable", `[[env.${name}.durable`);

  it("looks at every environment unless one is named, and at that one then", () => {
    const files = toml(POLICY + inEnv(POLICY + BINDING, "good") + inEnv(POLICY.replace("1/day", "5 per fortnight") + BINDING, "bad"));
    const wrong = /^wrangler\.toml:12: env\.bad: BOUNCER\.default\.limit: "5 per ▸fortnight"/;
    const all = check(files);
    assert.equal(all.status, 1);
    assert.match(all.stderr, wrong);
    for (const [args, env] of [[["--env", "bad"], {}], [["-e", "bad"], {}], [["--env=bad"], {}], [[], { CLOUDFLARE_ENV: "bad" }]]) {
      const { status, stderr } = check(files, args, env);
      assert.equal(status, 1, args.join(" "));
      assert.match(stderr, wrong);
    }
    for (const args of [["--env", "good"], ["--env", ""]]) assert.equal(check(files, args).status, 0, args.join(" "));
    assert.match(check(files, ["--env", "good"]).stdout, /^environment good\n\norigin https:\/\/api\.example\.com\n/);
    const unknown = check(files, ["--env", "godo"]);
    assert.deepEqual([unknown.status, unknown.stderr], [1, 'wrangler.toml: has no environment "godo"; it has bad, good\n']);
  });

  it("says of an environment without a policy, without the objects or with another class what to write", () => {
    const without = check(toml(`${POLICY}[env.staging]\nname = "staging"\n`), ["--env", "staging"]);
    assert.equal(without.status, 1);
    assert.equal(without.stderr, "wrangler.toml:4: env.staging: has no policy, and variables are not inherited; write it under [env.staging.vars.BOUNCER]\n");
    const unbound = check(toml(POLICY + BINDING + inEnv(POLICY, "staging")), ["--env", "staging"]);
    assert.match(unbound.stderr, /: env\.staging: binds no objects as LEDGERS, .*write \[\[env\.staging\.durable_objects\.bindings\]\] with name = "LEDGERS" and class_name = "Ledger" \(bindings are not inherited\)\n$/);
    const other = check(toml(inEnv(POLICY + BINDING.replace('"Ledger"', '"Counter"'), "staging")), ["--env", "staging"]);
    assert.match(other.stderr, /: env\.staging: binds LEDGERS to the class "Counter", /);
    const top = check(toml(`main = "src/entry.mjs"\n${POLICY}`));
    assert.match(top.stderr, /^wrangler\.toml: binds no objects as LEDGERS/);
  });

  it("reads wrangler.jsonc and wrangler.json as wrangler does, with the line of each field", () => {
    const jsonc = `{
  // a comment
  "vars": {
    "BOUNCER": {
      "origin": "https://api.example.com",
      "default": { "limit": "1/day" },
      "rules": [
        { "name": "a", "match": "GET /a", "limit": "1/day" },
      ],
    },
  },
}`;
    const expected = 'BOUNCER.rules[0].match: found "GET /a"; write a list, as in ["GET /a"]\n';
    assert.equal(check({ "wrangler.jsonc": jsonc }).stderr, `wrangler.jsonc:8: ${expected}`);
    const both = { "wrangler.jsonc": jsonc, "wrangler.toml": POLICY };
    assert.equal(check(both).stderr, `wrangler.jsonc:8: ${expected}`, "it goes before wrangler.toml");
    assert.equal(check(both, ["-c", "wrangler.toml"]).status, 0);
    const json = jsonc.replace(/ *\/\/.*\n/, "").replace(/,(\s*[\]}])/g, "$1").replace('"GET /a"', '["GET /a"]');
    assert.match(check({ "wrangler.json": json }).stdout, /^a +GET \/a /m);
    assert.match(check({ "wrangler.json": "{" }).stderr, /^wrangler\.json: .* line 1 /);
  });

  it("tells everything that is wrong at once, with the nearest field first", () => {
    const { status, stderr } = check(toml(`[vars.BOUNCER]
origin = "api.example.com"
default = { limit = "5 per fortnight", kye = "ip" }

[[vars.BOUNCER.rules]]
name = "user"
match = ["GET /users/:id"]
limit = "1/day"

[[vars.BOUNCER.rules]]
name = "search"
match = ["GET /search?q=*"]
limit = "1/day"
`));
    assert.equal(status, 1);
    const lines = stderr.trim().split("\n").sort();
    assert.match(lines[0], /^wrangler\.toml:12: BOUNCER\.rules\[1\]\.match\[0\]: found "\/search\?q=\*"; a query is not matched/);
    assert.match(lines[1], /^wrangler\.toml:2: BOUNCER\.origin: /);
    assert.match(lines[2], /^wrangler\.toml:3: BOUNCER\.default\.kye: unknown field `kye`, expected one of `key`, /);
    assert.match(lines[3], /^wrangler\.toml:3: BOUNCER\.default\.limit: "5 per ▸fortnight"/);
    assert.match(lines[4], /^wrangler\.toml:7: BOUNCER\.rules\[0\]\.match\[0\]: found ":id" in "\/users\/:id"; write \{id\}/);
    assert.equal(lines.length, 5);
  });

  it("refuses to deploy what would not work, and warns of what can be read on the way", () => {
    for (const origin of ["http://127.0.0.1:8000", "http://10.0.0.7", "http://localhost:3000", "http://[::1]:80"]) {
      const files = toml(POLICY.replace("https://api.example.com", origin));
      assert.equal(check(files).status, 0, origin);
      const { status, stderr } = check(files, ["--deploy"]);
      assert.equal(status, 1, origin);
      assert.match(stderr, /^wrangler\.toml:2: BOUNCER\.origin: .*a deployed Worker does not reach it/);
    }
    const clear = check(toml(POLICY.replace("https:", "http:")), ["--deploy"]);
    assert.equal(clear.status, 0);
    assert.match(clear.stderr, /^wrangler\.toml:2: warning\[origin-in-the-clear\]: BOUNCER\.origin: /);
    const cached = check(toml(`${POLICY}[cache]\nenabled = true\n`));
    assert.equal(cached.status, 1);
    assert.match(cached.stderr, /^wrangler\.toml:5: caches the Worker's answers in front of it/);
    assert.equal(check(toml(`${POLICY}[cache]\nenabled = true\n[exports.default.cache]\nenabled = false\n`)).status, 0);
  });

  it("warns of secrets that are short", () => {
    const jwt = '[vars.BOUNCER.jwt]\nalgorithm = "HS256"\nsecret = "JWT_SECRET"\n';
    const { stderr } = check({ ...toml(POLICY + jwt), ".dev.vars": "JWT_SECRET=short\nBOUNCER_SECRET='too short'\n" });
    assert.match(stderr, /warning\[short-secret\]: BOUNCER\.jwt\.secret: the secret "JWT_SECRET" in \.dev\.vars has 5 bytes and should have at least 32/);
    assert.match(stderr, /the secret "BOUNCER_SECRET" in \.dev\.vars has 9 bytes and should have at least 16/);
    assert.doesNotMatch(stderr, /too short/);
  });

  it("takes the example of the documentation, each environment and all together", () => {
    const page = readFileSync(join(ROOT, "docs", "policy.md"), "utf8");
    const [, text] = page.match(/A whole configuration with two:\n\n```toml\n([^]*?)```/);
    for (const args of [[], ["--env", "staging"], ["--env", "production", "--deploy"]]) {
      const { status, stderr } = check(toml(text), args);
      assert.deepEqual([status, stderr], [0, ""], args.join(" "));
    }
    assert.match(check(toml(text)).stdout, /^environment production\n\norigin https:\/\/api\.example\.com\n[^]*\nenvironment staging\n/);
  });

  it("says of a policy that is too large for a variable how large it is, and takes it in a file of its own", () => {
    const keys = Array.from({ length: 70 }, (_, index) => `[[api_keys.keys]]\nsha256 = "${createHash("sha256").update(`${index}`).digest("hex")}"\n`);
    const own = `origin = "https://api.example.com"\ndefault = { limit = "1/day" }\n${keys.join("")}`;
    const inline = `[vars.BOUNCER]\n${own.replaceAll("[[api_keys", "[[vars.BOUNCER.api_keys")}`;
    const large = check(toml(inline));
    assert.equal(large.status, 1);
    assert.match(large.stderr, /^wrangler\.toml:1: BOUNCER: is \d{4} bytes as a variable, and Cloudflare takes 5120; .*write BOUNCER = "bouncer\.toml" under \[vars\]/);
    const files = { "wrangler.toml": '[vars]\nBOUNCER = "bouncer.toml"\n', "bouncer.toml": own };
    assert.deepEqual([check(files).status, check(files).stderr], [0, ""]);
    const wrong = check({ ...files, "bouncer.toml": own.replace("1/day", "1/dya") });
    assert.match(wrong.stderr, /^bouncer\.toml:2: BOUNCER\.default\.limit: /);
    assert.match(check(toml(files["wrangler.toml"])).stderr, /^bouncer\.toml: cannot be read: /);
  });

  it("explains a client, and not only a route", () => {
    const sha256 = createHash("sha256").update("partner").digest("hex");
    const files = toml(`[vars.BOUNCER]
origin = "https://api.example.com"
default = { limit = "9/day", key = { first = ["api-key", "user", "ip"] } }
[vars.BOUNCER.jwt]
algorithm = "ES256"
jwks = "https://issuer.example/keys"
issuer = "https://issuer.example"
audience = "api"
role = "realm_access.roles"
[vars.BOUNCER.api_keys]
keys = [{ sha256 = "${sha256}", plan = "gold" }]
[[vars.BOUNCER.rules]]
name = "search"
match = ["GET /search"]
limit = { role = { admin = "unlimited" }, plan = { gold = "90/day", pro = "60/day" }, default = "30/day" }
`);
    const search = (...args) => {
      const { status, stdout, stderr } = check(files, ["GET /search", ...args]);
      assert.equal(status, 0, stderr);
      return [stdout.match(/counts it as +(.*)/)[1], stdout.match(/allows it +(.*)/)[1]];
    };
    assert.deepEqual(search("--ip", "203.0.113.7"), ["ip:203.0.113.7", "30 per 1 day"]);
    assert.deepEqual(search("--user", "ada"), ["user:ada", "30 per 1 day"]);
    assert.deepEqual(search("--user", "ada", "--plan", "pro"), ["user:ada", "plan pro: 60 per 1 day"]);
    assert.deepEqual(search("--user", "ada", "--plan", "pro", "--role", "admin"), ["user:ada", "role admin: unlimited"]);
    assert.deepEqual(search("--api-key", "partner"), [`api-key:${sha256}`, "plan gold: 90 per 1 day"]);
    assert.deepEqual(search("--api-key", "partner", "--user", "ada", "--role", "admin"), [`api-key:${sha256}`, "plan gold: 90 per 1 day"]);
    assert.deepEqual(search("--api-key", "unknown", "--user", "ada"), ["user:ada", "30 per 1 day"]);
    assert.match(check(files, ["--user", "ada"]).stdout, /^search +user:ada +30 per 1 day\ndefault +user:ada +9 per 1 day\n$/);
    for (const [args, status, said] of [
      [["--ip", "here"], 1, /^--ip: found "here"; write an address/],
      [["--user"], 2, /^--user: nothing follows it\n/],
      [["--usr", "ada"], 2, /^--usr: is no option/],
      [["--token", "x", "--user", "ada"], 2, /^--token: has a user/],
      [["GET /a", "GET /b"], 2, /one request at a time/],
    ]) {
      const found = check(files, args);
      assert.equal(found.status, status, args.join(" "));
      assert.match(found.stderr, said);
    }
    assert.match(check(toml(POLICY), ["--user", "ada"]).stderr, /no token is verified under this policy/);
    assert.match(check(toml(POLICY), ["--api-key", "x"]).stderr, /no header is read as an API key/);
  });
});

describe("a policy of ten thousand API keys in a file of its own", () => {
  const folder = mkdtempSync(join(ROOT, "target", "own-file-"));
  const keyOf = (index) => `key-${index}`;
  let origin, bouncer;
  before(async () => {
    origin = await startOrigin();
    const keys = Array.from({ length: 10_000 }, (_, index) => `[[api_keys.keys]]\nsha256 = "${createHash("sha256").update(keyOf(index)).digest("hex")}"\nplan = "gold"\n`);
    const rule = '[[rules]]\nname = "all"\nmatch = ["GET /**"]\nkey = { first = ["api-key", "ip"] }\nlimit = { plan = { gold = "3/day" }, default = "2/day" }\n';
    writeFileSync(join(folder, "bouncer.toml"), `origin = "${origin.url}"\ndefault = { limit = "100/day" }\n${rule}${keys.join("")}`);
    writeFileSync(join(folder, "wrangler.toml"), '[vars]\nBOUNCER = "bouncer.toml"\n');
    // The Worker as it is, with what the build makes of this file beside it.
    cpSync(join(ROOT, "build"), join(folder, "build"), { recursive: true });
    mkdirSync(join(folder, "src"));
    cpSync(join(ROOT, "src", "entry.mjs"), join(folder, "src", "entry.mjs"));
    const args = ["--config", join(folder, "wrangler.toml"), "--bundle", join(folder, "build")];
    const { status, stderr } = spawnSync(program("bouncer-check"), args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.ok(readFileSync(join(folder, "build", "policy-0.txt")).length > 500_000);
    bouncer = await startBouncer("bouncer.toml", { main: join(folder, "src", "entry.mjs") });
  });
  after(async () => {
    await bouncer?.stop();
    await origin?.stop();
    rmSync(folder, { recursive: true });
  });

  it("is enforced as one in a variable", async () => {
    const statuses = async (key, count) => {
      const found = [];
      for (let tries = 0; tries < count; tries += 1) {
        const headers = key === undefined ? {} : { "X-API-Key": key };
        found.push((await whole(await bouncer.fetch("/health", { headers }))).status);
      }
      return found;
    };
    assert.deepEqual(await statuses(keyOf(0), 4), [200, 200, 200, 429]);
    assert.deepEqual(await statuses(keyOf(9_999), 4), [200, 200, 200, 429]);
    assert.deepEqual(await statuses("unknown", 3), [200, 200, 429]);
    assert.deepEqual(await statuses(undefined, 1), [429]);
  });
});
