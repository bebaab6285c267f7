// The JavaScript that js.rs calls. Each function does in one crossing what would take Rust many: a crossing between
// wasm and JavaScript costs more than the work itself. Header lines travel as one string, "Name: value\n" each.

export function facts(request, readHeaders) {
  const { headers } = request;
  const address = headers.get("CF-Connecting-IP") ?? "";
  const authorization = headers.get("Authorization") ?? "";
  const forwardedFor = headers.get("X-Forwarded-For") ?? "";
  const facts = `${Date.now()}\n${request.method}\n${request.url}\n${address}\n${authorization}\n${forwardedFor}\n`;
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

export function answer(request, status, lines, body) {
  const response = new Response(request.method === "HEAD" ? null : body, { status });
  setAll(response.headers, lines);
  return response;
}

// Sends the request to the origin with these headers set and the client's own `X-Bouncer-*` removed.
export function forward(request, url, lines) {
  const headers = new Headers(request.headers);
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-bouncer-")) headers.delete(name);
  }
  setAll(headers, lines);
  return fetch(url, { method: request.method, headers, body: request.body, redirect: "manual" });
}

// The origin's response, with these headers set. The body is handed on, not read. Where the response has some of the
// contested headers, their lines, to be settled first.
export function stamped(response, lines, contested) {
  const theirs = linesOf(response.headers, contested);
  if (theirs !== "") return theirs;
  const copy = new Response(response.body, response);
  setAll(copy.headers, lines);
  return copy;
}
