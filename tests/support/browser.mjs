// A real browser with a page of ours: the page's script sends requests and writes into the page what it could read.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { browser } from "../../scripts/clients.mjs";
import { startHttpServer } from "./http-server.mjs";

/** Sends the requests one after another; a response that may not be read is the error that a script gets instead. */
async function inThePage(requests, readable) {
  const found = [];
  for (const { url, ...init } of requests) {
    try {
      const response = await fetch(url, init);
      const headers = Object.fromEntries(readable.map((name) => [name, response.headers.get(name)]));
      found.push({ status: response.status, headers, text: await response.text() });
    } catch (error) {
      found.push({ error: error.name });
    }
  }
  document.body.textContent = `found ${encodeURIComponent(JSON.stringify(found))} end`;
}

/** A server of pages: where they come from, and what a page from there finds. */
export async function startPages() {
  let page = "";
  const html = { "Content-Type": "text/html" };
  const { url: origin, stop } = await startHttpServer((_, response) => response.writeHead(200, html).end(page));
  return {
    origin,
    /** What a page from here can read of these requests, each with a `url`: the status, these headers and the body. */
    async reads(requests, readable) {
      const call = [requests, readable].map((value) => JSON.stringify(value)).join(",");
      page = `<!doctype html><body><script>(${inThePage})(${call.replaceAll("<", "\\u003c")})</script>`;
      const folder = mkdtempSync(join(tmpdir(), "bouncer-browser-"));
      const profile = ["--user-data-dir=" + folder, "--no-first-run", "--disable-background-networking"];
      // A container has no sandbox to offer, and the page is ours. Time does not pass while a request is under way.
      const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...profile, "--virtual-time-budget=20000", "--dump-dom", origin];
      try {
        const { stdout } = await promisify(execFile)(browser().program, args, { timeout: 60_000, killSignal: "SIGKILL" });
        const [, found] = stdout.match(/found (\S+) end/) ?? [];
        if (found === undefined) throw new Error(`the page did not come to its end: ${stdout}`);
        return JSON.parse(decodeURIComponent(found));
      } finally {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      }
    },
    stop,
  };
}
