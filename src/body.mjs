// Bodies on their way: one that is passed on, with a clock for either end, and one that is refused and heard out.

// How much of a body is read at once.
const CHUNK_BYTES = 65_536;

// A sender has its time whenever it is waited for, and more for each byte, up to that time: 500 bytes a second are enough.
const MS_PER_BYTE = 2;

// A clock that is set with every chunk and costs a timer only now and then: a timer that is due too early is set again.
export class Clock {
  #timer;
  #due_ms = Infinity;
  #end_ms = Infinity;
  #expire;

  constructor(expire) {
    this.#expire = expire;
  }

  // Something has so long from now.
  start(duration_ms) {
    this.#end_ms = Date.now() + duration_ms;
    if (this.#end_ms < this.#due_ms) this.#set(duration_ms);
  }

  // It came.
  stop() {
    this.#end_ms = Infinity;
  }

  // Nothing is waited for any more.
  end() {
    this.stop();
    clearTimeout(this.#timer);
  }

  #set(duration_ms) {
    clearTimeout(this.#timer);
    this.#due_ms = Date.now() + duration_ms;
    this.#timer = setTimeout(() => this.#look(), duration_ms);
  }

  #look() {
    this.#due_ms = Infinity;
    if (this.#end_ms === Infinity) return;
    const left_ms = this.#end_ms - Date.now();
    if (left_ms > 0) this.#set(left_ms);
    else this.#expire();
  }
}

// Passes a body on. The receiver has its time for each chunk, and for what comes after the last; the sender has its own. If
// the body breaks off it is not ended: if it were, the receiver would take what it has for the whole.
export async function pass(body, writable, exchange, sender_ms) {
  const reader = body.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  let patience_ms = sender_ms;
  for (;;) {
    let chunk;
    const asked_ms = Date.now();
    exchange.awaitSender(patience_ms);
    try {
      chunk = await reader.read(new Uint8Array(buffer));
    } catch (reason) {
      exchange.abandon(reason);
      return;
    }
    exchange.awaitReceiver();
    try {
      if (chunk.done) return await writer.close();
      await writer.write(chunk.value);
    } catch {
      // The origin takes no more, but it may still answer.
      return void reader.cancel().catch(() => {});
    }
    ({ buffer } = chunk.value);
    const waited_ms = Date.now() - asked_ms;
    patience_ms = Math.min(sender_ms, patience_ms - waited_ms + MS_PER_BYTE * chunk.value.byteLength);
  }
}

// Many clients read no answer before they have sent all of a body, and a server that closes first breaks their pipe. So the
// rest of a refused body is read, within bounds: so many bytes, so long, this much a second, and so many at once in an isolate.
// Of as much the runtime takes care by itself.
const RUNTIME_BYTES = 65_536;
const MAX_BYTES = 33_554_432;
const MAX_MS = 30_000;
const STEP_MS = 2_000;
const MIN_STEP_BYTES = 65_536;
const MAX_AT_ONCE = 16;

// When each of those that are heard out is over at the latest: nothing runs behind a client that goes, so no count would hold.
const ends_ms = new Array(MAX_AT_ONCE).fill(0);

// The body of a request that is refused, if it is to be read to its end.
function bodyToHearOut(request) {
  if (request.method === "GET" || request.method === "HEAD") return null;
  const length = request.headers.get("Content-Length");
  if (length !== null && !(Number(length) > RUNTIME_BYTES)) return null;
  return request.body === null || request.bodyUsed || request.body.locked ? null : request.body;
}

async function hearOut(body, place) {
  const end_ms = ends_ms[place];
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  let [bytes, counted] = [0, 0];
  let isOver = false;
  const over = new Promise((resolve) => {
    const look = () => {
      if (isOver || bytes - counted < MIN_STEP_BYTES || Date.now() > end_ms) return resolve();
      counted = bytes;
      setTimeout(look, STEP_MS);
    };
    setTimeout(look, STEP_MS);
  });
  const all = (async () => {
    while (!isOver && bytes <= MAX_BYTES) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      bytes += value.byteLength;
      ({ buffer } = value);
    }
  })();
  await Promise.race([all.catch(() => {}), over]);
  isOver = true;
  // Once its time is over the place may be another's.
  if (ends_ms[place] === end_ms) ends_ms[place] = 0;
}

function setAll(headers, lines) {
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 2));
  }
}

// An answer of our own.
export function answer(request, status, lines, text) {
  const upload = bodyToHearOut(request);
  const place = upload === null ? -1 : ends_ms.findIndex((end_ms) => end_ms < Date.now());
  let body = text;
  if (place >= 0) {
    ends_ms[place] = Date.now() + MAX_MS;
    // The whole answer is sent at once, and ends when the upload does.
    const bytes = new TextEncoder().encode(text);
    const { readable, writable } = new FixedLengthStream(bytes.byteLength);
    const writer = writable.getWriter();
    body = readable;
    // Before the answer is out, reading would ask a client for its body that waits to be asked.
    writer
      .write(bytes)
      .then(() => new Promise((resolve) => setTimeout(resolve, 1)))
      .then(() => hearOut(upload, place))
      .then(() => writer.close())
      .catch(() => {});
  }
  const response = new Response(body, { status });
  setAll(response.headers, lines);
  return response;
}
