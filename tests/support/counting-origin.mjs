// An origin that answers everything and counts what it gets.

import { startHttpServer } from "./http-server.mjs";

export async function startCountingOrigin() {
  let hits = 0;
  const server = await startHttpServer((_, response) => {
    hits += 1;
    response.end("reached");
  });
  return { ...server, hits: () => hits };
}
