//! The one place that talks to a Durable Object.

use std::cell::Cell;

use bouncer_durable::ledger::Decision;
use bouncer_durable::message::{MessageError, Operation, Reply, Request};
use js_sys::Object;
use wasm_bindgen_futures::JsFuture;

use crate::identity::Key;
use crate::js;

/// Why a counter could not be asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("the binding LEDGERS is missing; wrangler.toml must bind it to the class Ledger")]
    NoBinding,
    /// Too late, overloaded, or an error of its own.
    #[error("{0}")]
    Failed(String),
    #[error("the object's answer cannot be read: {0}")]
    Unreadable(#[from] MessageError),
    #[error("the object answered another question")]
    NoDecision,
}

/// A message on its way. That it fails may be known before anybody waits for it.
pub(crate) struct Sent {
    id: u64,
    reply: Result<JsFuture, LedgerError>,
}

// === impl Sent ===

impl Sent {
    /// Sends a message to the ledger of a key, which has this long to answer.
    pub(crate) fn new(
        namespace: Option<&Object>,
        key: &Key,
        operation: Operation,
        timeout_ms: u32,
    ) -> Self {
        let id = next_id();
        let reply = namespace
            .ok_or(LedgerError::NoBinding)
            .and_then(|namespace| {
                let message = Request { id, operation }.encode();
                let promise = js::call_ledger(namespace, &key.to_string(), &message, timeout_ms);
                let reply = promise.map(JsFuture::from);
                reply.map_err(|error| LedgerError::Failed(js::message(&error)))
            });
        Self { id, reply }
    }

    /// The identifier of the message.
    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    /// Waits for the decision.
    pub(crate) async fn decision(self) -> Result<Decision, LedgerError> {
        let answer = self.reply?.await;
        let answer = answer.map_err(|error| LedgerError::Failed(js::message(&error)))?;
        match Reply::decode(&js::bytes(&answer))? {
            Reply::Decision(decision) => Ok(decision),
            Reply::Done => Err(LedgerError::NoDecision),
        }
    }
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
