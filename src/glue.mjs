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

// The reply, or an error once the time is over. The call itself cannot be taken back.
export async function callLedger(namespace, name, message, timeoutMs) {
  const call = namespace.getByName(name).call(message);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
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
export function report(env, line, rule, event, keyKind, limit, retryAfter) {
  if (line !== "") console.log(line);
  env.ANALYTICS?.writeDataPoint({ indexes: [rule], blobs: [event, rule, keyKind, limit], doubles: [1, retryAfter] });
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
  const isWebSocket = headers.get("Upgrade")?.toLowerCase() === "websocket";
  dropHopByHop(headers);
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-bouncer-")) headers.delete(name);
  }
  setAll(headers, lines);
  if (isWebSocket) headers.set("Upgrade", "websocket");
  return copy;
}

// The request's body, which tells when all of it has been sent, or that it broke off. Then it does not end by itself: if
// it did, the origin would take what it has for the whole.
function watched(request, onSent, onBroken) {
  const length = request.headers.get("Content-Length");
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  request.body.pipeTo(writable, { preventAbort: true }).then(onSent, (reason) => {
    // If it is the origin that takes no more, it may still answer.
    if (writable.getWriter().desiredSize !== null) onBroken(reason);
  });
  return readable;
}

// Sends the request to the origin, through its binding if it has one. The origin has its time from when it has all of the
// request to when it begins to answer; what it takes for the body after that is its own affair and the client's.
export async function forward(request, binding, url, lines, timeoutMs) {
  const copy = outgoing(request, url, lines);
  const clock = new AbortController();
  const init = { redirect: "manual", signal: clock.signal };
  let timer;
  let isOver = false;
  const start = () => {
    const expire = () => clock.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
    if (!isOver) timer = setTimeout(expire, timeoutMs);
  };
  if (copy.body === null || copy.method === "GET") start();
  else init.body = watched(copy, start, (reason) => clock.abort(reason));
  try {
    return await (binding ?? globalThis).fetch(copy, init);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}

// The origin's response, with these headers set. The body is handed on, not read. Where the response has some of the
// contested headers, their lines, to be settled first.
export function stamped(response, lines, contested) {
  const theirs = linesOf(response.headers, contested);
  if (theirs !== "") return theirs;
  const copy = new Response(response.body, response);
  dropHopByHop(copy.headers);
  setAll(copy.headers, lines);
  return copy;
}
