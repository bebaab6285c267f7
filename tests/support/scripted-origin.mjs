// An origin that answers with the headers the request asks for: `/path?[["Name","value"],…]`, and remembers what came.

import { once } from "node:events";
import { createServer } from "node:http";

export async function startScriptedOrigin() {
  const seen = [];
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url, "http://origin");
    seen.push({ method: request.method, path: pathname, time_ms: Date.now() });
    // Flat, so that a name may come twice.
    const headers = search === "" ? [] : JSON.parse(decodeURIComponent(search.slice(1))).flat();
    response.writeHead(200, "OK", ["Content-Type", "text/plain", ...headers]).end(`the origin's ${pathname}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The path and query that make this origin answer with these headers. */
export const answering = (path, headers) => `${path}?${encodeURIComponent(JSON.stringify(headers))}`;
