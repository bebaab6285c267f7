//! Every raw JavaScript call of the edge. What does more than one thing in a crossing is in `glue.mjs`.

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/settings.mjs")]
extern "C" {
    /// What holds for every request of this isolate, as JSON: see `Bouncer::settings`.
    #[wasm_bindgen(js_name = setUp)]
    pub(crate) fn set_up(settings: &str);
}

#[wasm_bindgen(module = "/src/body.mjs")]
extern "C" {
    /// A response of our own to this request. To a HEAD the runtime sends the length of the body and not the body.
    pub(crate) fn answer(request: &Object, status: u16, head: &str, body: &str) -> JsValue;
}

#[wasm_bindgen(module = "/src/proxy.mjs")]
extern "C" {
    /// The request, sent to `url` if there is one, and through the binding if there is one; `named` is the host that its
    /// address is looked up for, where `url` has another. The promise is of the origin's response; it fails with a
    /// `TimeoutError` if the origin does not begin to answer in time, and with an `AbandonedError` if the client does not
    /// stay for it, or sends its body too slowly.
    pub(crate) fn forward(
        request: &Object,
        binding: Option<&Object>,
        url: Option<&str>,
        named: Option<&str>,
        head: &str,
    ) -> Promise;

    /// The response with these headers set; or, where it has some that are contested, their lines and nothing set.
    #[wasm_bindgen(catch)]
    pub(crate) fn stamped(
        response: &Response,
        head: &str,
        contested: u8,
    ) -> Result<JsValue, JsValue>;
}

/// Which headers of the origin's are to be settled before ours are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Contested {
    /// They are settled.
    None,
    /// Those that can hold the origin's own address.
    Addresses,
    /// Those, and what the stamp and the policy set.
    All,
}

#[wasm_bindgen(module = "/src/glue.mjs")]
extern "C" {
    /// The time, method, URL, address, `Authorization`, flaw and marks, a line each (see `Facts::read`), and the headers
    /// that are read and there; no value can contain a line break. What is too long is a NUL.
    pub(crate) fn facts(request: &Object) -> String;

    /// A variable or secret: a string as it is, anything else as JSON.
    pub(crate) fn variable(env: &Object, name: &str) -> Option<String>;

    /// Whether something that is called and not just read is bound under this name.
    #[wasm_bindgen(js_name = isBound)]
    pub(crate) fn is_bound(env: &Object, name: &str) -> bool;

    /// Sends a message to the ledger of this name. The promise is of its reply, and rejects when that takes too long; then
    /// `cancel`, if given, is sent after it once the reply is there or is not expected any more, in the life of `context`.
    #[wasm_bindgen(catch, js_name = callLedger)]
    pub(crate) fn call_ledger(
        namespace: &Object,
        name: &str,
        message: &[u8],
        timeout_ms: u32,
        cancel: Option<&[u8]>,
        context: Option<&Context>,
    ) -> Result<Promise, JsValue>;

    /// 64 random bits.
    #[wasm_bindgen(js_name = randomId)]
    pub(crate) fn random_id() -> u64;

    /// Fetches a text of at most so many bytes, following no redirect. The promise is of the text, and fails after the
    /// timeout.
    #[wasm_bindgen(catch, js_name = fetchText)]
    pub(crate) fn fetch_text(
        url: &str,
        timeout_ms: u32,
        max_bytes: u32,
    ) -> Result<Promise, JsValue>;

    /// A promise that is kept after this time.
    pub(crate) fn pause(duration_ms: u32) -> Promise;

    /// Writes a line to the log, and a data point of this weight to the binding `ANALYTICS` if there is one.
    pub(crate) fn report(
        env: &Object,
        line: &str,
        rule: &str,
        event: &str,
        key_kind: &str,
        limit: &str,
        retry_after: f64,
        weight: f64,
    );
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn log_error(message: &str);

    /// The bindings of the Worker that are called and not just read.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone)]
    pub type Env;

    #[wasm_bindgen(method, getter, js_name = LEDGERS)]
    pub(crate) fn ledgers(this: &Env) -> Option<Object>;

    #[wasm_bindgen(method, getter, js_name = ORIGIN)]
    pub(crate) fn origin(this: &Env) -> Option<Object>;
}

#[wasm_bindgen]
extern "C" {
    /// The life of a request.
    #[derive(Clone)]
    pub type Context;

    /// Lets a promise come to its end although the response is out, or the client gone.
    #[wasm_bindgen(method, js_name = waitUntil)]
    pub(crate) fn wait_until(this: &Context, promise: &Promise);

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    /// An origin's response.
    pub type Response;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn status(this: &Response) -> u16;
}

/// Unix time in milliseconds. It stands still while nothing is awaited.
pub(crate) fn now_ms() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time is a whole number, and `as` does not panic on any other"
    )]
    let now_ms = date_now() as u64;
    now_ms
}

/// The bytes of a `Uint8Array` or `ArrayBuffer`.
pub(crate) fn bytes(value: &JsValue) -> Vec<u8> {
    Uint8Array::new(value).to_vec()
}

/// What kind of error was thrown: `TypeError`, `TimeoutError`; empty if it says nothing of that.
pub(crate) fn name(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.name()),
        None => String::new(),
    }
}

/// What an error that was thrown says of itself.
pub(crate) fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{error:?}"),
    }
}
