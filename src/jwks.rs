//! Fetches the keys that tokens are verified with.
//!
//! A runtime request must not await what another request has begun, so requests that need the same keys share the answer
//! and not the promise: one of them fetches, and each of the others looks again after short pauses of its own. The fetch
//! outlives the request that began it (`waitUntil`), so a client that hangs up leaves nobody waiting.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::identity::Identification;
use crate::identity::jwt::{MAX_KEY_SET_BYTES, TIMEOUT_MS};
use crate::js;

/// How long whoever waits for another request's fetch pauses before looking again, in milliseconds.
const PAUSE_MS: u32 = 20;

/// Waits until the keys are there, or it is clear that they will not come. It takes [`TIMEOUT_MS`] at most.
pub(crate) async fn wait(identification: &'static Identification, context: &js::Context) {
    let Some(verifier) = &identification.verifier else {
        return;
    };
    if let Some(fetched) = ask(identification, context, js::now_ms()) {
        // It fails for nobody: what went wrong has been logged.
        let _ = JsFuture::from(fetched).await;
    }
    while verifier.is_asking(js::now_ms()) {
        let _ = JsFuture::from(js::pause(PAUSE_MS)).await;
    }
}

/// Fetches the keys, unless it was done a short time ago. The promise is kept when they are in place.
pub(crate) fn ask(
    identification: &'static Identification,
    context: &js::Context,
    now_ms: u64,
) -> Option<js_sys::Promise> {
    let verifier = identification.verifier.as_ref()?;
    let url = verifier.ask(now_ms)?;
    let fetched = future_to_promise(async move {
        let body = match js::fetch_text(&url, TIMEOUT_MS, MAX_KEY_SET_BYTES) {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        let text = body.as_ref().ok().and_then(JsValue::as_string);
        let problem = match (verifier.answered(text.as_deref(), js::now_ms()), body) {
            (Err(error), _) => error.to_string(),
            (Ok(()), Err(error)) => js::message(&error),
            (Ok(()), Ok(_)) => return Ok(JsValue::UNDEFINED),
        };
        js::log_error(&format!("no keys were taken from {url}: {problem}"));
        Ok(JsValue::UNDEFINED)
    });
    context.wait_until(&fetched);
    Some(fetched)
}
