// An HTTP server on a free port, for the time of a test.

import { once } from "node:events";
import { createServer } from "node:http";

export async function startHttpServer(handle) {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
