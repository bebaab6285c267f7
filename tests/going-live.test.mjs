// The commands of docs/going-live.md, run as far as they go without an account.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { program } from "../scripts/programs.mjs";
import { ENV, ROOT } from "../scripts/run.mjs";

const PAGE = readFileSync(join(ROOT, "docs", "going-live.md"), "utf8");
const blocks = (language) => [...PAGE.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\``, "gm"))].map(([, text]) => text.replace(/^ {3}/gm, ""));
const commands = [...new Set(blocks("sh").flatMap((text) => text.trim().split("\n")))];

describe("the page about going live", () => {
  const folder = mkdtempSync(join(tmpdir(), "bouncer-live-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const command of commands.filter((each) => each.startsWith("npx wrangler "))) {
    it(`names a command that wrangler has: ${command}`, () => {
      const [, ...words] = command.split(" ").slice(1);
      const subcommands = words.filter((word) => /^[a-z]+$/.test(word));
      const { status, stdout } = spawnSync("wrangler", [...subcommands, "--help"], { cwd: ROOT, env: ENV, encoding: "utf8" });
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^wrangler ${subcommands.join(" ")}\\b`, "m"));
    });
  }

  it("names no other commands than those, npm's, and curl", () => {
    for (const command of commands) assert.match(command, /^(npx wrangler|npm run (check|deploy)\b|curl )/);
  });

  it("has a configuration with a route, and a dry run that shows what would be deployed", () => {
    const [routes] = blocks("toml");
    const config = join(folder, "wrangler.toml");
    const policy = '[vars.BOUNCER]\norigin = "https://origin.example.com"\nmode = "shadow"\ndefault = { limit = "100/minute", key = "ip" }\n';
    const inEnv = policy.replace("[vars", "[env.production.vars");
    const binding = '[[durable_objects.bindings]]\nname = "LEDGERS"\nclass_name = "Ledger"\n';
    const main = `name = "bouncer"\nmain = "${join(ROOT, "src", "entry.mjs")}"\ncompatibility_date = "2026-11-01"\n`;
    const migrations = '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Ledger"]\n';
    const envBinding = binding.replace("[[durable", "[[env.production.durable");
    writeFileSync(config, main + routes + migrations + binding + policy + envBinding + inEnv);
    for (const env of [[], ["--env", "production"]]) {
      const check = spawnSync(program("bouncer-check"), ["--config", config, "--deploy", ...env], { env: ENV, encoding: "utf8" });
      assert.deepEqual([check.status, check.stderr], [0, ""]);
      const out = join(folder, `out${env.length}`);
      const deploy = spawnSync("wrangler", ["deploy", "--dry-run", "--outdir", out, "--config", config, ...env], { cwd: ROOT, env: ENV, encoding: "utf8" });
      assert.equal(deploy.status, 0, deploy.stderr);
      assert.match(deploy.stdout, /env\.LEDGERS \(Ledger\)/);
    }
  });

  it("shows an Express API how to refuse what came around the Worker", async () => {
    const [code] = blocks("js");
    const file = join(folder, "express.mjs");
    const [head, ...rest] = code.split("\n").filter((line) => !line.startsWith("//"));
    writeFileSync(file, `${head}\nexport default (app) => {\n${rest.join("\n")}\n};\n`);
    process.env.BOUNCER_SECRETS = "the old one,the new one";
    const { default: mount } = await import(file);
    let middleware;
    mount({ use: (found) => (middleware = found) });
    const server = createServer((request, response) => {
      request.get = (name) => request.headers[name.toLowerCase()];
      response.sendStatus = (status) => response.writeHead(status).end();
      middleware(request, response, () => response.end("in"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const status = async (headers) => (await fetch(`http://127.0.0.1:${server.address().port}/`, { headers })).status;
    assert.equal(await status({}), 403);
    assert.equal(await status({ "X-Bouncer-Secret": "a guess ..." }), 403);
    assert.equal(await status({ "X-Bouncer-Secret": "the old one" }), 200);
    assert.equal(await status({ "X-Bouncer-Secret": "the new one" }), 200);
    server.close();
  });

  it("shows Python that it compiles", () => {
    const file = join(folder, "fast.py");
    writeFileSync(file, blocks("python")[0]);
    execFileSync("python3", ["-m", "py_compile", file]);
  });
});
