// An origin that answers with the headers the request asks for: `/path?[["Name","value"],…]`, and remembers what came.
// On `/late` it thinks for a while.

import { setTimeout as pause } from "node:timers/promises";
import { startHttpServer } from "./http-server.mjs";

export const LATE_MS = 200;

export async function startScriptedOrigin() {
  const seen = [];
  const server = await startHttpServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, "http://origin");
    seen.push({ method: request.method, path: pathname, time_ms: Date.now() });
    if (pathname === "/late") await pause(LATE_MS);
    // Flat, so that a name may come twice.
    const headers = search === "" ? [] : JSON.parse(decodeURIComponent(search.slice(1))).flat();
    response.writeHead(200, "OK", ["Content-Type", "text/plain", ...headers]).end(`the origin's ${pathname}`);
  });
  return { ...server, seen };
}

/** The path and query that make this origin answer with these headers. */
export const answering = (path, headers) => `${path}?${encodeURIComponent(JSON.stringify(headers))}`;
