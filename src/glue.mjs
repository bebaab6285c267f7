// The JavaScript that js.rs calls. Each function does in one crossing what would take Rust many: a crossing between
// wasm and JavaScript costs more than the work itself. Header lines travel as one string, "Name: value\n" each.

export function facts(request, readHeaders) {
  const { headers } = request;
  const address = headers.get("CF-Connecting-IP") ?? "";
  const authorization = headers.get("Authorization") ?? "";
  const forwardedFor = headers.get("X-Forwarded-For") ?? "";
  const cdnLoop = headers.get("CDN-Loop") ?? "";
  const facts = `${Date.now()}\n${request.method}\n${request.url}\n${address}\n${authorization}\n${forwardedFor}\n${cdnLoop}\n`;
  return facts + linesOf(headers, readHeaders);
}

// Those of the named headers that are there.
function linesOf(headers, names) {
  let lines = "";
  if (names === "") return lines;
  for (const name of names.split(",")) {
    const value = headers.get(name);
    if (value !== null) lines += `${name}: ${value}\n`;
  }
  return lines;
}

export function variable(env, name) {
  const value = env[name];
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

export function isBound(env, name) {
  return typeof env[name]?.fetch === "function";
}

// How long a reply that is late is still waited for, to be followed by its cancellation.
const LATE_MS = 10_000;

// The reply, or an error once the time is over. The call itself cannot be taken back; what it may have charged can, once it
// has been carried out. The messages are copied, since they lie in the memory of the wasm, all of which would be sent with
// them.
export async function callLedger(namespace, name, message, timeoutMs, cancel, context) {
  const ledger = namespace.getByName(name);
  const call = ledger.call(message.slice());
  const cancelMessage = cancel?.slice();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    if (cancelMessage !== undefined) context.waitUntil(cancelled(ledger, call, cancelMessage));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// It fails for nobody: what an object does not do now it will not be told again.
async function cancelled(ledger, call, message) {
  let timer;
  const over = new Promise((resolve) => (timer = setTimeout(resolve, LATE_MS)));
  try {
    await Promise.race([call, over]);
  } catch (error) {
    // It has more to do than it can, and has not done this.
    if (error.overloaded) return;
  } finally {
    clearTimeout(timer);
  }
  await ledger.call(message).catch(() => {});
}

export async function fetchText(url, timeoutMs, maxBytes) {
  // One signal for all of it: the connection, the head, and a body that trickles.
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal, redirect: "manual", cache: "no-store" });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function pause(durationMs) {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

export function randomId() {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}

// The columns of a data point are documented with the log's fields.
export function report(env, line, rule, event, keyKind, limit, retryAfter, weight) {
  console.log(line);
  try {
    env.ANALYTICS?.writeDataPoint({ indexes: [rule], blobs: [event, rule, keyKind, limit], doubles: [weight, retryAfter] });
  } catch {
    // A dataset that takes no point is no reason to keep a client waiting.
  }
}

function setAll(headers, lines) {
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 2));
  }
}

export function answer(status, lines, body) {
  const response = new Response(body, { status });
  setAll(response.headers, lines);
  return response;
}

// Meant for the next hop alone (RFC 9110, section 7.6.1), as credentials for a proxy are (section 11.7).
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

// Drops what is for the next hop alone, and what `Connection` declares to be.
function dropHopByHop(headers) {
  const named = headers.get("Connection")?.toLowerCase().split(/[\s,]+/) ?? [];
  for (const name of [...headers.keys()]) {
    if (HOP_BY_HOP.has(name) || named.includes(name)) headers.delete(name);
  }
}

// The client's request, under another URL if one is given, with these headers set and its own `X-Bouncer-*` removed. Only
// a copy of a request may be a GET with a body.
function outgoing(request, url, lines) {
  const copy = url === undefined ? new Request(request) : new Request(url, request);
  const { headers } = copy;
  // Whatever the method, workerd would send the handshake of a WebSocket as a GET.
  const isWebSocket = copy.method === "GET" && headers.get("Upgrade")?.toLowerCase() === "websocket";
  dropHopByHop(headers);
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-bouncer-")) headers.delete(name);
  }
  setAll(headers, lines);
  if (isWebSocket) headers.set("Upgrade", "websocket");
  return copy;
}

// How much of a body is read at once.
const CHUNK_BYTES = 65_536;

// Passes a body on. The receiver has its time for each chunk, and for what comes after the last; for what the sender takes
// there is no clock. If the body breaks off it is not ended: if it were, the receiver would take what it has for the whole.
async function pass(body, writable, clock) {
  const reader = body.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  for (;;) {
    let chunk;
    try {
      chunk = await reader.read(new Uint8Array(buffer));
    } catch (reason) {
      clock.stop();
      clock.abandon(reason);
      return;
    }
    clock.start();
    try {
      if (chunk.done) return await writer.close();
      await writer.write(chunk.value);
    } catch {
      // The origin takes no more, but it may still answer.
      return void reader.cancel().catch(() => {});
    }
    clock.stop();
    ({ buffer } = chunk.value);
  }
}

// What can end a request to the origin before its answer: the origin's time, or the client.
function clockOf(request, timeoutMs) {
  const controller = new AbortController();
  let timer;
  let isOver = false;
  const abort = (reason) => {
    if (!isOver) controller.abort(reason);
  };
  const clock = {
    signal: controller.signal,
    abandoned: undefined,
    start() {
      const expire = () => abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
      if (!isOver) timer ??= setTimeout(expire, timeoutMs);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
    // What broke is passed on as it is: the runtime knows its own errors, and does not report them as faults of ours.
    abandon(reason) {
      clock.abandoned ??= new DOMException(String(reason), "AbandonedError");
      abort(reason);
    },
    end() {
      isOver = true;
      clock.stop();
      request.signal?.removeEventListener("abort", onGone);
    },
  };
  const onGone = () => clock.abandon(request.signal.reason);
  // There is one where the compatibility flag enable_request_signal is set.
  if (request.signal?.aborted) onGone();
  request.signal?.addEventListener("abort", onGone);
  return clock;
}

// A response of these has no body, whatever the origin sends (Fetch, section 2.2.3).
const NULL_BODY = new Set([101, 204, 205, 304]);

// Sends the request to the origin, through its binding if it has one. The origin has its time to take each part of the
// request, and from when it has all of it to when it begins to answer; what it takes for the body after that is its own
// affair and the client's.
export async function forward(request, binding, url, lines, timeoutMs) {
  // The client has gone while counters were asked.
  if (request.signal?.aborted) throw new DOMException(String(request.signal.reason), "NeverSentError");
  let copy;
  try {
    copy = outgoing(request, url, lines);
  } catch (error) {
    throw new DOMException(String(error), "UnsendableError");
  }
  const clock = clockOf(request, timeoutMs);
  const init = { redirect: "manual", signal: clock.signal };
  if (copy.body === null || copy.method === "GET" || copy.method === "HEAD") {
    clock.start();
  } else {
    const length = request.headers.get("Content-Length");
    const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
    init.body = readable;
    pass(copy.body, writable, clock).catch(clock.abandon);
  }
  try {
    const response = await (binding ?? globalThis).fetch(copy, init);
    if (response.status <= 599) return response;
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  } catch (error) {
    throw clock.abandoned ?? error;
  } finally {
    clock.end();
  }
}

// The origin's response, with these headers set. The body is handed on, not read. Where the response has some of the
// contested headers, their lines, to be settled first.
export function stamped(response, lines, contested) {
  const theirs = linesOf(response.headers, contested);
  if (theirs !== "") return theirs;
  const body = NULL_BODY.has(response.status) ? null : response.body;
  if (body !== response.body) response.body.cancel().catch(() => {});
  const copy = new Response(body, response);
  dropHopByHop(copy.headers);
  setAll(copy.headers, lines);
  return copy;
}
