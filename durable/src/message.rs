//! What the edge and the object say to each other, as bytes.
//!
//! The first byte is the version; what follows is `postcard`. The message carries the limits, so the two sides need
//! not know the same policy, and a side that does not know a version says so instead of guessing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::counter::Override;
use crate::ledger::{Claim, Decision, Ledger, Outcome};
use crate::limit::Limit;

const VERSION: u8 = 2;

/// A message to a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Different in every message. One that arrives twice is carried out once.
    pub id: u64,
    /// What is asked.
    pub operation: Operation,
}

/// What is asked of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// See [`Ledger::take`]. Answered by a decision.
    Take {
        /// What is taken, all or nothing.
        claims: Vec<Claim>,
        /// Milliseconds in which all of it may still be given back, since ledgers of wider keys are still to be asked;
        /// after that it stands. 0: it stands from the start.
        provisional_ms: u32,
        /// Earlier takes from this ledger that are known to stand by now. See [`Ledger::stand`].
        settled: Vec<u64>,
    },
    /// See [`Ledger::peek`]. Answered by a decision.
    Peek {
        /// What would be taken.
        claims: Vec<Claim>,
    },
    /// See [`Ledger::settle`]. Answered by a decision over the claims, in their order.
    Settle {
        /// The identifier of the take.
        id: u64,
        /// When it was decided: its [`Decision::now_ms`].
        taken_ms: u64,
        /// What becomes of each claim.
        outcomes: Vec<Outcome>,
    },
    /// See [`Ledger::cancel`].
    Cancel {
        /// The identifier of the take.
        id: u64,
    },
    /// See [`Ledger::reset`].
    Reset {
        /// The counter, or all.
        counter: Option<String>,
    },
    /// See [`Ledger::set`].
    Set {
        /// The counter.
        counter: String,
        /// The limits that hold for this key from now on, or those of its rule again.
        exception: Option<Override>,
    },
}

/// What a ledger answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To a take, a peek or a settlement.
    Decision(Decision),
    /// To anything else.
    Done,
}

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not a version this side knows.
    #[error(
        "message version {0} is not known here (this side speaks {VERSION}); deploy the same release everywhere"
    )]
    UnknownVersion(u8),
    /// Not what the version says it is.
    #[error("message is damaged")]
    Damaged,
    /// A counter is claimed twice, or has two limits with windows of the same length.
    #[error(
        "message names a counter or a window twice, so it cannot be said what it would be charged"
    )]
    Ambiguous,
}

// === impl Request ===

impl Request {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(VERSION, self)
    }

    /// The message from bytes.
    ///
    /// # Errors
    /// [`MessageError`]; no bytes whatever make it panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let request: Self = decode(VERSION, bytes)?;
        let is_ambiguous = match &request.operation {
            Operation::Take { claims, .. } | Operation::Peek { claims } => {
                claim_twice(claims, |claim| claim)
            }
            Operation::Settle { outcomes, .. } => claim_twice(outcomes, |outcome| &outcome.claim),
            Operation::Set {
                exception: Some(exception),
                ..
            } => has_twice(&exception.limits, Limit::window_ms),
            _ => false,
        };
        if is_ambiguous {
            Err(MessageError::Ambiguous)
        } else {
            Ok(request)
        }
    }

    /// Carries the message out at `now_ms`.
    pub fn perform(self, ledger: &mut Ledger, now_ms: u64) -> Reply {
        match self.operation {
            Operation::Take {
                claims,
                provisional_ms,
                settled,
            } => {
                ledger.stand(&settled, now_ms);
                Reply::Decision(ledger.take_provisionally(self.id, &claims, provisional_ms, now_ms))
            }
            Operation::Peek { claims } => Reply::Decision(ledger.peek(&claims, now_ms)),
            Operation::Settle {
                id,
                taken_ms,
                outcomes,
            } => Reply::Decision(ledger.settle(id, taken_ms, &outcomes, now_ms)),
            Operation::Cancel { id } => {
                ledger.cancel(id, now_ms);
                Reply::Done
            }
            Operation::Reset { counter } => {
                ledger.reset(counter.as_deref(), now_ms);
                Reply::Done
            }
            Operation::Set { counter, exception } => {
                ledger.set(&counter, exception, now_ms);
                Reply::Done
            }
        }
    }
}

/// `true` if a counter is claimed twice, or a claim has two windows of the same length.
fn claim_twice<T>(items: &[T], claim: impl Fn(&T) -> &Claim) -> bool {
    has_twice(items, |item| &claim(item).counter)
        || items
            .iter()
            .any(|item| has_twice(&claim(item).limits, Limit::window_ms))
}

fn has_twice<'a, T, K: PartialEq>(items: &'a [T], key: impl Fn(&'a T) -> K) -> bool {
    items.iter().enumerate().any(|(index, item)| {
        items
            .iter()
            .skip(index + 1)
            .any(|other| key(other) == key(item))
    })
}

// === impl Reply ===

impl Reply {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(VERSION, self)
    }

    /// The message from bytes.
    ///
    /// # Errors
    /// [`MessageError`]; no bytes whatever make it panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        decode(VERSION, bytes)
    }
}

/// `value` behind a version byte.
pub(crate) fn encode(version: u8, value: &impl Serialize) -> Vec<u8> {
    // Serialising into a growing vector fails for no value of ours: every length is known in advance.
    postcard::to_extend(value, vec![version]).unwrap_or_default()
}

/// The value behind a version byte.
pub(crate) fn decode<T: DeserializeOwned>(known: u8, bytes: &[u8]) -> Result<T, MessageError> {
    match bytes.split_first() {
        Some((version, rest)) if *version == known => {
            postcard::from_bytes(rest).map_err(|_| MessageError::Damaged)
        }
        Some((version, _)) => Err(MessageError::UnknownVersion(*version)),
        None => Err(MessageError::Damaged),
    }
}

#[cfg(test)]
mod tests;
