//! The one place that talks to a Durable Object.

use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Decision};
use bouncer_durable::message::{Message, MessageError, Take};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::identity::Key;
use crate::js;
use crate::policy::NamedLimit;

/// Why a counter could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("the binding LEDGERS is missing; wrangler.toml must bind it to the class Ledger")]
    NoBinding,
    #[error("the object threw: {0:?}")]
    Threw(JsValue),
    #[error("the object's answer cannot be read: {0}")]
    Unreadable(#[from] MessageError),
}

/// Takes one permit under every limit of a rule from the ledger of a key, or none.
pub(crate) async fn take(
    env: &js::Env,
    key: &Key,
    counter: &str,
    limits: &[NamedLimit],
) -> Result<Decision, LedgerError> {
    let limits = limits.iter().map(|named| named.limit).collect();
    let claims = vec![Claim {
        counter: counter.to_owned(),
        limits,
    }];
    let message = Take {
        cost: NonZeroU32::MIN,
        claims,
    }
    .encode();
    let namespace = env.ledgers().ok_or(LedgerError::NoBinding)?;
    let promise: Promise =
        js::take_from(&namespace, &key.to_string(), &message).map_err(LedgerError::Threw)?;
    let answer = JsFuture::from(promise).await.map_err(LedgerError::Threw)?;
    Ok(Decision::decode(&js::bytes(&answer))?)
}
