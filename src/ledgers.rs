//! The one place that talks to a Durable Object.

use std::cell::Cell;
use std::num::NonZeroU32;

use bouncer_durable::Limit;
use bouncer_durable::ledger::{Claim, Decision};
use bouncer_durable::message::{MessageError, Operation, Reply, Request};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::identity::Key;
use crate::js;

/// Why a counter could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("the binding LEDGERS is missing; wrangler.toml must bind it to the class Ledger")]
    NoBinding,
    #[error("the object threw: {0:?}")]
    Threw(JsValue),
    #[error("the object's answer cannot be read: {0}")]
    Unreadable(#[from] MessageError),
    #[error("the object answered another question")]
    NoDecision,
}

/// Takes one permit under every limit of a rule from the ledger of a key, or none.
pub(crate) async fn take(
    env: &js::Env,
    key: &Key,
    counter: &str,
    limits: &[Limit],
) -> Result<Decision, LedgerError> {
    let claims = vec![Claim {
        counter: counter.to_owned(),
        limits: limits.to_vec(),
    }];
    match call(
        env,
        key,
        Operation::Take {
            cost: NonZeroU32::MIN,
            claims,
        },
    )
    .await?
    {
        Reply::Decision(decision) => Ok(decision),
        Reply::Done => Err(LedgerError::NoDecision),
    }
}

async fn call(env: &js::Env, key: &Key, operation: Operation) -> Result<Reply, LedgerError> {
    let namespace = env.ledgers().ok_or(LedgerError::NoBinding)?;
    let message = Request {
        id: next_id(),
        operation,
    }
    .encode();
    let promise: Promise =
        js::call_ledger(&namespace, &key.to_string(), &message).map_err(LedgerError::Threw)?;
    let answer = JsFuture::from(promise).await.map_err(LedgerError::Threw)?;
    Ok(Reply::decode(&js::bytes(&answer))?)
}

thread_local! {
    static NEXT_ID: Cell<Option<u64>> = const { Cell::new(None) };
}

/// No two messages have the same: an isolate counts on from 64 random bits.
fn next_id() -> u64 {
    let id = NEXT_ID.get().unwrap_or_else(js::random_id);
    NEXT_ID.set(Some(id.wrapping_add(1)));
    id
}
