//! The one place that talks to a Durable Object.

use std::cell::Cell;

use bouncer_durable::ledger::Decision;
use bouncer_durable::message::{MessageError, Operation, Reply, Request};
use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::identity::Key;
use crate::{js, report};

/// Why a counter could not be asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("the binding LEDGERS is missing; wrangler.toml must bind it to the class Ledger")]
    NoBinding,
    /// No reply in time.
    #[error("{0}")]
    Late(String),
    /// Overloaded, or an error of its own.
    #[error("{0}")]
    Failed(String),
    #[error("the object's reply cannot be read: {0}")]
    Unreadable(#[from] MessageError),
    #[error("the object's reply holds no decision")]
    NoDecision,
}

/// A message on its way. That it fails may be known before anybody waits for it.
pub(crate) struct Sent {
    id: u64,
    reply: Result<Promise, LedgerError>,
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
        Self::take(namespace, key, operation, timeout_ms, None)
    }

    /// The same, where a reply that does not come in time is followed by word that it is not wanted any more, behind the
    /// response.
    pub(crate) fn take(
        namespace: Option<&Object>,
        key: &Key,
        operation: Operation,
        timeout_ms: u32,
        cancelled_behind: Option<&js::Context>,
    ) -> Self {
        let id = next_id();
        let Some(namespace) = namespace else {
            return Self {
                id,
                reply: Err(LedgerError::NoBinding),
            };
        };
        let message = Request { id, operation }.encode();
        let cancel = cancelled_behind.map(|context| {
            let operation = Operation::Cancel { id };
            let request = Request {
                id: next_id(),
                operation,
            };
            (context, request.encode())
        });
        let (context, cancel) = cancel.unzip();
        let called = js::call_ledger(
            namespace,
            key.as_str(),
            &message,
            timeout_ms,
            cancel.as_deref(),
            context,
        );
        Self {
            id,
            reply: called.map_err(|error| LedgerError::Failed(js::message(&error))),
        }
    }

    /// By which a take is settled.
    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    /// Waits for the decision.
    pub(crate) async fn decision(self) -> Result<Decision, LedgerError> {
        let reply = JsFuture::from(self.reply?).await;
        let reply = reply.map_err(|error| match js::name(&error).as_str() {
            "TimeoutError" => LedgerError::Late(js::message(&error)),
            _ => LedgerError::Failed(js::message(&error)),
        })?;
        match Reply::decode(&js::bytes(&reply))? {
            Reply::Decision(decision) => Ok(decision),
            Reply::Done => Err(LedgerError::NoDecision),
        }
    }

    /// Lets it come to its end behind the response, whatever the reply says.
    pub(crate) fn behind(self, context: &js::Context) {
        context.wait_until(&future_to_promise(async move {
            match self.decision().await {
                Ok(_) | Err(LedgerError::NoDecision) => {}
                Err(error) => {
                    let problem = format!("permits could not be settled: {error}");
                    report::trouble("counter", &problem);
                }
            }
            Ok(JsValue::UNDEFINED)
        }));
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
