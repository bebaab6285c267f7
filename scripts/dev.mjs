// Runs the Worker alone on this machine, and builds it again when a source or the policy changes. Arguments go to
// `wrangler dev`.
//
// wrangler loses sight of a configuration that an editor saves by renaming another file over it. So what it is given is a copy
// beside the file, which is written here and never renamed; and a policy with an error never gets into it.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { WATCHED, build, checkPolicy, configArgs, configEnv } from "./build.mjs";
import { ENV, ROOT, tell } from "./run.mjs";

// How often the files are looked at, in milliseconds.
const EVERY_MS = 250;

/** The configuration that wrangler would take. */
function configOf(args) {
  const named = configEnv(args).BOUNCER_CONFIG;
  const found = ["wrangler.json", "wrangler.jsonc"].find((file) => existsSync(join(ROOT, file)));
  return resolve(ROOT, named ?? found ?? "wrangler.toml");
}

/** What is written in these files, or undefined while one of them is just being replaced. */
function textOf(files) {
  try {
    return files.map((file) => readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** The configuration, and the files in which it says that policies stand. */
function filesOf(config) {
  const text = readFileSync(config, "utf8");
  const named = [...text.matchAll(/\bBOUNCER"?\s*[=:]\s*["']([^"'\n]+\.toml)["']/g)].map(([, file]) => resolve(dirname(config), file));
  const secrets = join(dirname(config), ".dev.vars");
  return [config, ...new Set([...named, secrets].filter((file) => existsSync(file)))];
}

const at = () => new Date().toTimeString().slice(0, 8);

await tell(() => {
  const args = process.argv.slice(2);
  const config = configOf(args);
  const env = { ...configEnv(args), BOUNCER_CONFIG: config };
  build(...configArgs(args));
  const copy = join(dirname(config), `.bouncer-dev${extname(config)}`);
  let texts = textOf(filesOf(config));
  writeFileSync(copy, texts[0]);
  console.log(`dev: serving the policy in ${config} as saved by ${at()}`);

  const others = args.filter((arg, index) => !/^(--config|-c)(=|$)/.test(arg) && !/^(--config|-c)$/.test(args[index - 1] ?? ""));
  const wrangler = spawn("wrangler", ["dev", ...others, "--config", copy], { cwd: ROOT, env: { ...ENV, ...WATCHED, ...env }, stdio: "inherit" });
  const look = () => {
    const found = textOf(filesOf(config));
    if (found === undefined || found.join("\0") === texts.join("\0")) return;
    const wasAt = at();
    texts = found;
    if (!checkPolicy("--config", config, ...configArgs(others), "--bundle", "build")) {
      console.error(`dev: the policy saved at ${wasAt} is wrong, as the lines above say; serving the one before until it is right`);
      return;
    }
    // With a line of its own, so that it is another configuration also where only a secret has changed.
    writeFileSync(copy, `${found[0]}\n${extname(config) === ".toml" ? "#" : "//"} ${wasAt}\n`);
    console.log(`dev: serving the policy saved at ${wasAt}`);
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      // The file is gone for a moment, or for good; it is looked for again.
      if (error.code !== "ENOENT") throw error;
    }
  }, EVERY_MS);
  // A terminal's Ctrl-C reaches wrangler by itself; what is sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => wrangler.kill());
  wrangler.on("exit", (code) => {
    clearInterval(timer);
    rmSync(copy, { force: true });
    process.exitCode = code ?? 0;
  });
});
