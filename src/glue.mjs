// The JavaScript that js.rs calls. Each function does in one crossing what would take Rust many: a crossing between
// wasm and JavaScript costs more than the work itself. Header lines travel as one string, "Name: value\n" each.

import { settings } from "./settings.mjs";

// How much of a header is read, in characters: what is longer comes as a NUL, "there, and too long". What is read of a request
// is kept while it waits, so it is small whatever is sent.
const MAX_CHARS = { accept: 1_024, authorization: 8_448, origin: 256 };
const MAX_OTHER_CHARS = 1_024;
const MAX_METHOD_CHARS = 32;
// More than the longest target that is forwarded (facts.rs) behind the longest host.
const MAX_URL_CHARS = 16_660;

const bounded = (value, most) => (value.length > most ? "\0" : value);

export function facts(request) {
  const { headers, method, url } = request;
  const address = bounded(headers.get("CF-Connecting-IP") ?? "", MAX_OTHER_CHARS);
  const authorization = bounded(headers.get("Authorization") ?? "", MAX_CHARS.authorization);
  const isLong = url.length > MAX_URL_CHARS;
  const flaw = isLong ? "target" : hasLength(headers) ? "" : "length";
  let lines = `${Date.now()}\n${bounded(method, MAX_METHOD_CHARS)}\n${isLong ? "" : url}\n${address}\n${authorization}\n${flaw}\n`;
  lines += `${marksOf(request)}\n`;
  for (const name of settings.read) {
    const value = headers.get(name);
    if (value !== null) lines += `${name}: ${bounded(value, MAX_CHARS[name] ?? MAX_OTHER_CHARS)}\n`;
  }
  return lines;
}

// Whether a body can have the length that is given, if one is: a stream of a fixed length takes no more.
function hasLength(headers) {
  const length = headers.get("Content-Length");
  return length === null || (/^\d{1,16}$/.test(length) && Number(length) < 2 ** 53);
}

// What is found out here so that nothing of it is copied: a header of any length, a body.
function marksOf(request) {
  let marks = "";
  const passed = request.headers.get("CDN-Loop");
  if (passed?.includes(settings.pseudonym) && passed.split(",").some((info) => info.split(";", 1)[0].trim() === settings.pseudonym)) marks += "l";
  if (request.method === "OPTIONS" && request.body !== null) marks += "b";
  if (request.cf?.colo !== undefined) marks += "z";
  return marks;
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
    const expire = () => reject(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
    timer = setTimeout(expire, timeoutMs);
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
