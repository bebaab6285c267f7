// What only some tests need: a browser, and Python with urllib3 and Schemathesis. What is missing is installed where that takes
// no asking (Debian's packages as root, Python's into .venv); else its tests are skipped and say why.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, answers, read, run, runQuietly } from "./run.mjs";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const REQUIREMENTS = join("tests", "requirements.txt");
const PYTHON = join(ROOT, ".venv", "bin", "python");

const found = new Map();

/** `{ program }`, or `{ skip }` with the reason why there is none. Looked for, and perhaps installed, only once. */
function once(name, find) {
  if (!found.has(name)) found.set(name, find());
  return found.get(name);
}

/** A browser of Chromium's kind. */
export function browser() {
  return once("browser", () => {
    const installed = () => BROWSERS.find((name) => answers(name, "--version"));
    const program = installed() ?? (installFromDebian("chromium") && installed());
    return program ? { program } : { skip: "there is no Chromium here; on Debian install it as root: apt-get install chromium" };
  });
}

/** A Python that has what tests/requirements.txt names. */
export function python() {
  return once("python", () => {
    if (hasRequirements()) return { program: PYTHON };
    const makeVenv = () => runQuietly("python3", ["-m", "venv", "--clear", ".venv"]);
    const hasVenv = () => answers("python3", "-m", "ensurepip", "--version");
    if (!(hasVenv() || (installFromDebian("python3-venv") && hasVenv())) || !makeVenv()) {
      return { skip: "python3 cannot make a venv here; on Debian install it as root: apt-get install python3-venv" };
    }
    console.log(`setup: installing what ${REQUIREMENTS} names into .venv`);
    if (!runQuietly(PYTHON, ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-r", REQUIREMENTS])) {
      return { skip: `pip could not install what ${REQUIREMENTS} names, and says why above` };
    }
    return { program: PYTHON };
  });
}

function hasRequirements() {
  const wanted = readFileSync(join(ROOT, REQUIREMENTS), "utf8").split("\n").filter((line) => /^\w/.test(line));
  const installed = read(PYTHON, "-m", "pip", "--disable-pip-version-check", "freeze")?.split("\n") ?? [];
  return wanted.every((line) => installed.includes(line));
}

function installFromDebian(name) {
  if (process.getuid?.() !== 0 || !answers("apt-get", "--version")) return false;
  console.log(`setup: installing Debian's ${name}`);
  // Whether every source of packages could be read matters less than whether this can be installed.
  run("apt-get", ["--quiet", "--quiet", "update"]);
  return runQuietly("apt-get", ["--quiet", "install", "--yes", "--no-install-recommends", name]);
}
