//! Every raw JavaScript call of the edge. What does more than one thing in a crossing is in `glue.mjs`.

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/glue.mjs")]
extern "C" {
    /// The time, method, URL, address, `Authorization` and `X-Forwarded-For`, a line each, and the headers of these names
    /// that are there; no value can contain a line break.
    pub(crate) fn facts(request: &Object, counted_headers: &str) -> String;

    /// A variable or secret: a string as it is, anything else as JSON.
    pub(crate) fn variable(env: &Object, name: &str) -> Option<String>;

    /// Sends a message to the ledger of this name. The promise is of its reply.
    #[wasm_bindgen(catch, js_name = callLedger)]
    pub(crate) fn call_ledger(
        namespace: &Object,
        name: &str,
        message: &[u8],
    ) -> Result<Promise, JsValue>;

    /// 64 random bits.
    #[wasm_bindgen(js_name = randomId)]
    pub(crate) fn random_id() -> u64;

    /// A response of our own; without its body when the request is a HEAD.
    pub(crate) fn answer(request: &Object, status: u16, head: &str, body: &str) -> JsValue;

    /// The request, sent to `url`. The promise is of the origin's response.
    #[wasm_bindgen(catch)]
    pub(crate) fn forward(request: &Object, url: &str, head: &str) -> Result<Promise, JsValue>;

    /// The response with these headers set.
    #[wasm_bindgen(catch)]
    pub(crate) fn stamped(response: &JsValue, head: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn log_error(message: &str);

    /// The bindings of the Worker that are called and not just read.
    #[wasm_bindgen(extends = Object)]
    pub type Env;

    #[wasm_bindgen(method, getter, js_name = LEDGERS)]
    pub(crate) fn ledgers(this: &Env) -> Option<Object>;
}

/// The bytes of a `Uint8Array` or `ArrayBuffer`.
pub(crate) fn bytes(value: &JsValue) -> Vec<u8> {
    Uint8Array::new(value).to_vec()
}
