// The proxy: what of a request reaches the origin, and what of its response reaches the client. Bodies are in body.mjs. Every
// loop is over the headers of one message, or over the names in one of them, with sets to look in: linear in its size.

import { Clock, pass } from "./body.mjs";
import { settings } from "./settings.mjs";

// Only servers that make variables of names read them so.
const dashed = (name) => (name.includes("_") ? name.replaceAll("_", "-") : name);

const begins = (name, prefixes) => prefixes.some((prefix) => name.startsWith(prefix));

// The headers that are for the next hop alone because `Connection` says so.
function namedByConnection(headers) {
  const names = headers.get("Connection");
  return names === null ? undefined : new Set(names.toLowerCase().split(/[\s,]+/).map(dashed));
}

// Sets each line. One that begins with a + goes behind what `sent` has.
function setAll(headers, lines, sent) {
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon <= 0) continue;
    const value = line.slice(colon + 2);
    if (line[0] !== "+") {
      headers.set(line.slice(0, colon), value);
      continue;
    }
    const name = line.slice(1, colon);
    const before = sent.get(name);
    headers.set(name, before === null || before === "" ? value : `${before}, ${value}`);
  }
}

// Whether a header of the client's does not reach the origin: it is for the next hop alone, something that only a proxy can
// know, or another spelling of what is read, set or dropped.
function isDropped(name, named) {
  const { dropped, droppedPrefixes, guarded, guardedPrefixes } = settings;
  if (guarded.has(name)) return false;
  const plain = dashed(name);
  if (dropped.has(plain) || begins(plain, droppedPrefixes)) return true;
  const isGuarded = guarded.has(plain) || begins(plain, guardedPrefixes);
  return plain === name ? named !== undefined && named.has(name) && !isGuarded : isGuarded || settings.addressed.has(plain);
}

// The client's request under another URL, if one is given, with these headers set. Only a copy of a request may be a GET with
// a body.
function outgoing(request, url, lines) {
  const sent = request.headers;
  const copy = url === undefined ? new Request(request) : new Request(url, request);
  const { headers } = copy;
  // Whatever the method, workerd would send the handshake of a WebSocket as a GET.
  const isWebSocket = copy.method === "GET" && headers.get("Upgrade")?.toLowerCase() === "websocket";
  const named = namedByConnection(sent);
  for (const name of sent.keys()) {
    if (isDropped(name, named)) headers.delete(name);
    else if (settings.addressed.has(name)) address(headers, name, sent.get("CF-Connecting-IP"));
  }
  setAll(headers, lines, sent);
  if (isWebSocket) headers.set("Upgrade", "websocket");
  return copy;
}

function address(headers, name, client) {
  if (client === null) headers.delete(name);
  else headers.set(name, client);
}

// What can end a request to the origin: the origin's time until it answers, the client's for its upload, or that the client goes.
class Exchange {
  #controller = new AbortController();
  #isAnswered = false;
  #isOver = false;
  #isSenders = false;
  #clock = new Clock(() => this.#expire());
  #request;
  #onGone = () => this.abandon(this.#request.signal.reason);
  // Why the client is to blame, if it is.
  abandoned;

  constructor(request) {
    this.#request = request;
    // There is one where the compatibility flag enable_request_signal is set.
    if (request.signal?.aborted) this.#onGone();
    request.signal?.addEventListener("abort", this.#onGone);
  }

  get signal() {
    return this.#controller.signal;
  }

  awaitSender(patience_ms) {
    this.#isSenders = true;
    this.#start(patience_ms);
  }

  // Once it has begun to answer, what it takes is its own affair and the client's.
  awaitReceiver() {
    this.#isSenders = false;
    if (this.#isAnswered) this.#clock.stop();
    else this.#start(settings.originTimeoutMs);
  }

  // What broke is passed on as it is: the runtime knows its own errors, and does not report them as faults of ours.
  abandon(reason) {
    this.abandoned ??= new DOMException(String(reason), "AbandonedError");
    this.#abort(reason);
  }

  // The origin has begun to answer. An upload that goes on beside the response keeps its clock.
  answered() {
    this.#isAnswered = true;
    if (!this.#isSenders) this.#clock.stop();
    this.#request.signal?.removeEventListener("abort", this.#onGone);
  }

  end() {
    this.#isOver = true;
    this.#clock.end();
    this.#request.signal?.removeEventListener("abort", this.#onGone);
  }

  #start(duration_ms) {
    if (!this.#isOver) this.#clock.start(duration_ms);
  }

  #expire() {
    if (this.#isSenders) this.abandon(new DOMException("the client sent too little of its body for too long", "TimeoutError"));
    else this.#abort(new DOMException(`no answer within ${settings.originTimeoutMs} ms`, "TimeoutError"));
  }

  #abort(reason) {
    this.#clock.end();
    if (!this.#isOver) this.#controller.abort(reason);
  }
}

// What Cloudflare's network is told of the request. Its cache would store by file extension what says nothing of caching, and
// an answer to one client is nobody else's: so nothing is stored unless the policy allows it, and never what somebody gets who
// says who they are. `cache: "no-store"` would add `Cache-Control` and `Pragma` to what the origin gets; this adds nothing.
function networkOf(request, named) {
  const cf = named === undefined ? {} : { resolveOverride: named };
  const isAnonymous = () => !["Authorization", "Cookie", ...settings.credentials].some((name) => request.headers.has(name));
  if (!(settings.zoneCache && isAnonymous())) cf.cacheTtl = -1;
  return cf;
}

// When a kept connection breaks before its answer begins, the runtime sends these again where they have no body, once for each
// further connection that it has kept, and tells nobody. It does not where the body is in chunks, if only the last one.
const SENT_AGAIN = new Set(["DELETE", "OPTIONS", "PUT"]);

function emptyInChunks() {
  const { readable, writable } = new IdentityTransformStream();
  writable.close().catch(() => {});
  return readable;
}

// Sends the request to the origin, through its binding if it has one. The origin has its time to take each part of the
// request, and from when it has all of it to when it begins to answer; what it takes for the body after that is its own
// affair and the client's. The client has its time for its upload until that is complete, whatever has been answered.
export async function forward(request, binding, url, named, lines) {
  // The client has gone while counters were asked.
  if (request.signal?.aborted) throw new DOMException(String(request.signal.reason), "NeverSentError");
  let copy;
  try {
    copy = outgoing(request, url, lines);
  } catch (error) {
    throw new DOMException(String(error), "UnsendableError");
  }
  const exchange = new Exchange(request);
  const init = { redirect: "manual", signal: exchange.signal };
  if (!binding) init.cf = networkOf(request, named);
  const length = request.headers.get("Content-Length");
  let upload;
  if (settings.chunksEmptyBodies && SENT_AGAIN.has(copy.method) && (copy.body === null || Number(length ?? NaN) === 0)) {
    init.body = emptyInChunks();
    exchange.awaitReceiver();
  } else if (copy.body === null || copy.method === "GET" || copy.method === "HEAD") {
    exchange.awaitReceiver();
  } else {
    const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
    init.body = readable;
    upload = pass(copy.body, writable, exchange, settings.uploadTimeoutMs).catch((reason) => exchange.abandon(reason));
  }
  let response;
  try {
    response = await (binding ?? globalThis).fetch(copy, init);
    if (response.status > 599) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
  } catch (error) {
    exchange.end();
    throw exchange.abandoned ?? error;
  }
  if (upload === undefined) {
    exchange.end();
  } else {
    exchange.answered();
    upload.then(() => exchange.end());
  }
  return response;
}

// A response of these has no body, whatever the origin sends (Fetch, section 2.2.3).
const NULL_BODY = new Set([101, 204, 205, 304]);

// Longer values are not read: a header that is there and too long is a NUL. An address can be as long as a target.
const MAX_CHARS = 2_048;
const MAX_ADDRESS_CHARS = 16_384;

// The headers that are settled first, by how `js::Contested` counts them.
const NOTHING = new Set();
const contestedOf = (contested) => [NOTHING, settings.addresses, settings.contested][contested];

// The origin's response, with these headers set. The body is handed on, not read. Where the response has some of the
// contested headers, their lines, to be settled first.
export function stamped(response, lines, contested) {
  const { headers } = response;
  const named = namedByConnection(headers);
  const settled = contestedOf(contested);
  const hops = [];
  let theirs = "";
  for (const name of headers.keys()) {
    if (settings.hopByHop.has(name) || named?.has(name)) hops.push(name);
    else if (settled.has(name)) {
      const value = headers.get(name);
      const most = settings.addresses.has(name) ? MAX_ADDRESS_CHARS : MAX_CHARS;
      theirs += `${name}: ${value.length > most ? "\0" : value}\n`;
    }
  }
  if (theirs !== "") return theirs;
  const body = NULL_BODY.has(response.status) ? null : response.body;
  if (body !== response.body) response.body.cancel().catch(() => {});
  const copy = new Response(body, response);
  for (const name of hops) copy.headers.delete(name);
  setAll(copy.headers, lines, headers);
  return copy;
}
