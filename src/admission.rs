//! Whether a request may pass.
//!
//! All that concerns one key is one call to one object, which decides it at once. Only rules that count by different keys
//! need several objects. They are asked at the same time, and when one of them refuses, what the others have charged is
//! given back at once: for that moment somebody else may be refused what is then there again, and nobody is ever admitted
//! too much.
//!
//! Who was refused is refused again until the retry time without a call.
//!
//! An object that does not answer in time is done without, as its rules say: the request is counted in this isolate, or
//! passes uncounted, or is refused.

use std::cell::RefCell;

use bouncer_durable::ledger::Decision;
use bouncer_durable::message::Operation;
use js_sys::Object;

use crate::identity::Key;
use crate::js;
use crate::ledgers::{LedgerError, Sent};
use crate::policy::{OnError, Policy, Rule, Store};

mod asked;
mod denials;
mod generations;
mod giving_back;
mod local;

pub use asked::{Asked, Call, RefusedBy};
pub use denials::Denials;
pub use local::Local;

thread_local! {
    static LOCAL: RefCell<Local> = RefCell::default();
    static DENIALS: RefCell<Denials> = RefCell::default();
}

/// The decision on a request that is refused without asking anybody, as one like it was before.
pub(crate) fn remembered_refusal(asked: &Asked<'_>, now_ms: u64) -> Option<Decision> {
    DENIALS.with_borrow_mut(|denials| denials.of(asked, now_ms))
}

/// What is asked for a request, on its way.
pub(crate) struct Asking<'a> {
    asked: Asked<'a>,
    objects: Objects,
    answers: Vec<Asks>,
}

/// How objects are reached.
struct Objects {
    namespace: Option<Object>,
    timeout_ms: u32,
}

enum Asks {
    Sent(Sent),
    Here,
}

/// What was decided on a request, and what is needed to take it back.
pub(crate) struct Admission<'a> {
    asked: Asked<'a>,
    objects: Objects,
    answers: Vec<Answer>,
    /// The calls that were not answered.
    pub(crate) failures: Vec<Failure>,
}

/// Who decided on a call.
enum Answer {
    Object(Taken),
    Isolate(Taken),
    /// Nobody, and it passes.
    Passed,
    /// Nobody, and it does not pass.
    Refused,
}

/// A take and what it was answered.
pub(crate) struct Taken {
    id: u64,
    decision: Decision,
}

/// A call that was not answered.
pub(crate) struct Failure {
    /// The index of the call.
    call: usize,
    pub(crate) on_error: OnError,
    pub(crate) error: LedgerError,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With this status.
    Answered(u16),
    /// Without an answer of the origin's: it was not asked, or it failed.
    Unanswered,
    /// The client did not stay for its end.
    Abandoned,
}

// === impl Asking ===

impl<'a> Asking<'a> {
    /// Asks every ledger, before any is waited for.
    pub(crate) fn new(env: &js::Env, policy: &Policy, asked: Asked<'a>) -> Self {
        let objects = Objects {
            namespace: if asked.calls.is_empty() {
                None
            } else {
                env.ledgers()
            },
            timeout_ms: policy.timeout_ms,
        };
        let ask = |call: &Call| match policy.store {
            Store::Memory => Asks::Here,
            Store::Global => {
                let take = Operation::Take {
                    claims: call.claims.clone(),
                    provisional_ms: 0,
                    settled: Vec::new(),
                };
                Asks::Sent(objects.send(call, take))
            }
        };
        let answers = asked.calls.iter().map(ask).collect();
        Self {
            asked,
            objects,
            answers,
        }
    }

    /// Whether nothing was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.asked.calls.is_empty()
    }

    /// Waits for all of them. What was charged is given back if not all admit.
    pub(crate) async fn decided(self) -> Admission<'a> {
        let mut admission = Admission {
            asked: self.asked,
            objects: self.objects,
            answers: Vec::with_capacity(self.answers.len()),
            failures: Vec::new(),
        };
        for (index, asks) in self.answers.into_iter().enumerate() {
            let taken = match asks {
                Asks::Here => None,
                Asks::Sent(sent) => {
                    let id = sent.id();
                    let decision = sent.decision().await;
                    Some(decision.map(|decision| Taken { id, decision }))
                }
            };
            admission.take(index, taken);
        }
        if admission.answers.len() > 1 && !admission.admits() {
            admission.give_back(|_| true).await;
        }
        admission
    }
}

// === impl Objects ===

impl Objects {
    fn send(&self, call: &Call, operation: Operation) -> Sent {
        Sent::new(
            self.namespace.as_ref(),
            &call.key,
            operation,
            self.timeout_ms,
        )
    }
}

// === impl Admission ===

impl<'a> Admission<'a> {
    fn take(&mut self, index: usize, taken: Option<Result<Taken, LedgerError>>) {
        let Some(call) = self.asked.calls.get(index) else {
            return;
        };
        let here = || {
            let take = |local: &mut Local| local.take(&call.key, &call.claims, js::now_ms());
            Answer::Isolate(LOCAL.with_borrow_mut(take))
        };
        let answer = match taken {
            None => here(),
            Some(Ok(taken)) => Answer::Object(taken),
            Some(Err(error)) => {
                let on_error = self.asked.on_error(call);
                self.failures.push(Failure {
                    call: index,
                    on_error,
                    error,
                });
                match on_error {
                    OnError::Open => Answer::Passed,
                    OnError::Local => here(),
                    OnError::Closed => Answer::Refused,
                }
            }
        };
        self.answers.push(answer);
    }

    /// What was asked.
    pub(crate) const fn asked(&self) -> &Asked<'a> {
        &self.asked
    }

    /// Whose call it was that failed, and under which rules.
    pub(crate) fn failed(
        &self,
        failure: &Failure,
    ) -> Option<(&Key, impl Iterator<Item = &'a Rule>)> {
        let call = self.asked.calls.get(failure.call)?;
        let rules = call
            .rules
            .iter()
            .filter_map(|rule| self.asked.rules.get(*rule).copied());
        Some((&call.key, rules))
    }

    /// Whether the request may pass.
    pub(crate) fn admits(&self) -> bool {
        self.answers.iter().all(Answer::admits)
    }

    /// Whether it is refused because a counter could not be asked.
    pub(crate) fn is_unavailable(&self) -> bool {
        let is_refused = |answer: &Answer| matches!(answer, Answer::Refused);
        self.answers.iter().any(is_refused)
    }

    /// Remembers this refusal, so that the next request like this one costs no call. What was decided without an object may
    /// be decided otherwise as soon as that can be asked.
    pub(crate) fn remember_refusal(&self, decision: &Decision) {
        let is_objects = |answer: &Answer| matches!(answer, Answer::Object(_));
        if self.answers.iter().all(is_objects) {
            let now_ms = js::now_ms();
            DENIALS.with_borrow_mut(|denials| denials.remember(&self.asked, decision, now_ms));
        }
    }

    /// Where the client stands, rule by rule.
    pub(crate) fn decision(&self) -> Decision {
        self.asked
            .together(self.answers.iter().map(Answer::decision))
    }
}

// === impl Answer ===

impl Answer {
    fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Object(taken) | Self::Isolate(taken) => Some(&taken.decision),
            Self::Passed | Self::Refused => None,
        }
    }

    fn admits(&self) -> bool {
        match self {
            Self::Object(taken) | Self::Isolate(taken) => taken.decision.refused().is_none(),
            Self::Passed => true,
            Self::Refused => false,
        }
    }
}
