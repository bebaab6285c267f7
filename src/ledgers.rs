//! The one place that talks to a Durable Object.

use std::cell::Cell;

use bouncer_durable::ledger::Decision;
use bouncer_durable::message::{MessageError, Operation, Reply, Request};
use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::admission::{Asked, COST, Call};
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

/// Takes what is asked from every ledger, or nothing from any.
pub(crate) async fn take(env: &js::Env, asked: &Asked<'_>) -> Result<Decision, LedgerError> {
    let namespace = env.ledgers().ok_or(LedgerError::NoBinding)?;
    let takes = asked.calls.iter().map(|call| {
        let claims = call.claims.clone();
        Sent::new(
            &namespace,
            &call.key,
            Operation::Take { cost: COST, claims },
        )
    });
    let mut decisions = Vec::with_capacity(asked.calls.len());
    // All are sent before the first is waited for.
    for sent in takes.collect::<Vec<_>>() {
        decisions.push(sent.decision().await);
    }
    let is_admitted = |decision: &Result<Decision, _>| {
        decision
            .as_ref()
            .is_ok_and(|decision| decision.refused().is_none())
    };
    if decisions.len() > 1 && !decisions.iter().all(is_admitted) {
        give_back(&namespace, &asked.calls, &mut decisions).await;
    }
    Ok(asked.together(decisions.into_iter().collect::<Result<_, _>>()?))
}

/// Returns what was charged, and puts the standing after that in place of the one before.
async fn give_back(
    namespace: &Object,
    calls: &[Call],
    decisions: &mut [Result<Decision, LedgerError>],
) {
    let charged = calls.iter().zip(decisions).filter_map(|(call, decision)| {
        let receipt = decision
            .as_ref()
            .ok()
            .filter(|decision| decision.refused().is_none())?
            .clone();
        let claims = call.claims.clone();
        let operation = Operation::Refund {
            cost: COST,
            claims,
            receipt,
        };
        Some((decision, Sent::new(namespace, &call.key, operation)))
    });
    for (decision, sent) in charged.collect::<Vec<_>>() {
        match sent.decision().await {
            Ok(after) => *decision = Ok(after),
            Err(error) => js::log_error(&format!("permits could not be given back: {error}")),
        }
    }
}

/// A message on its way.
struct Sent(Result<Promise, JsValue>);

// === impl Sent ===

impl Sent {
    fn new(namespace: &Object, key: &Key, operation: Operation) -> Self {
        let message = Request {
            id: next_id(),
            operation,
        }
        .encode();
        Self(js::call_ledger(namespace, &key.to_string(), &message))
    }

    async fn decision(self) -> Result<Decision, LedgerError> {
        let answer = JsFuture::from(self.0.map_err(LedgerError::Threw)?).await;
        match Reply::decode(&js::bytes(&answer.map_err(LedgerError::Threw)?))? {
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
