// A panic ends an isolate. The log says which it was.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { it } from "node:test";
import { startHttpServer } from "./support/http-server.mjs";
import { policy, sleep, startBouncer, whole } from "./support/stack.mjs";

it("a panic's message and place reach the log", async () => {
  const origin = await startHttpServer((request, response) => response.end("here"));
  const main = fileURLToPath(new URL("support/reentrant-entry.mjs", import.meta.url));
  const limited = { rules: [], default: { limit: "1/day", on_error: "open" } };
  const bouncer = await startBouncer(policy(origin.url, limited), { main });
  try {
    // The object panics; what is done without it is for the rule to say.
    await whole(await bouncer.fetch("/"));
    let lines;
    for (const end_ms = Date.now() + 10_000; Date.now() < end_ms; await sleep(100)) {
      lines = bouncer.logs().map(({ message }) => message);
      if (lines.some((line) => line.includes("panicked"))) break;
    }
    const panic = lines.find((line) => line.includes("panicked"));
    assert.match(panic ?? lines.join("\n"), /panicked at durable\/src\/object\.rs:\d+:\d+:\n.*already .*borrowed/);
  } finally {
    await bouncer.stop();
    origin.stop();
  }
});
