//! Whether a request may pass.
//!
//! All that concerns one key is one call to one object, which decides it at once. Only rules that count by different keys
//! need several objects. They are asked at the same time, and when one of them refuses, what the others have charged is
//! given back at once: for that moment somebody else may be refused what is then there again, and nobody is ever admitted
//! too much.
//!
//! An object that does not answer in time is done without, as its rules say: the request is counted in this isolate, or
//! passes uncounted, or is refused.

use std::cell::RefCell;

use bouncer_durable::ledger::{Claim, Decision, LimitStanding};
use bouncer_durable::message::Operation;
use bouncer_durable::{Limit, Refused};
use js_sys::Object;

use crate::identity::Key;
use crate::js;
use crate::ledgers::{LedgerError, Sent};
use crate::policy::{OnError, Policy, Rule, Store};

mod asked;
mod local;

pub use asked::{Asked, Call};
pub use local::Local;

thread_local! {
    static LOCAL: RefCell<Local> = RefCell::default();
}

/// What is asked for a request, on its way.
pub(crate) struct Asking<'a> {
    asked: Asked<'a>,
    objects: Objects,
    answers: Vec<Asks>,
}

/// How objects are reached.
#[derive(Clone)]
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
    Object(Decision),
    Isolate(Decision),
    /// Nobody, and it passes.
    Passed,
    /// Nobody, and it does not pass.
    Refused,
}

/// A call that was not answered.
pub(crate) struct Failure {
    /// The index of the call.
    call: usize,
    pub(crate) on_error: OnError,
    pub(crate) error: LedgerError,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The origin has had the request, and this is the status that its client is answered with.
    Served(u16),
    /// The request did not reach the origin.
    NotServed,
}

/// A limit that refused.
pub(crate) struct RefusedBy<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) key: &'a Key,
    pub(crate) limit: Limit,
    pub(crate) wait: Refused,
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
                let claims = call.claims.clone();
                Asks::Sent(objects.send(call, Operation::Take { claims }))
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
            let decision = match asks {
                Asks::Here => None,
                Asks::Sent(sent) => Some(sent.decision().await),
            };
            admission.take(index, decision);
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
    fn take(&mut self, index: usize, decision: Option<Result<Decision, LedgerError>>) {
        let Some(call) = self.asked.calls.get(index) else {
            return;
        };
        let here = || {
            let take = |local: &mut Local| local.take(&call.key, &call.claims, js::now_ms());
            Answer::Isolate(LOCAL.with_borrow_mut(take))
        };
        let answer = match decision {
            None => here(),
            Some(Ok(decision)) => Answer::Object(decision),
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

    /// The limit that refused, the one with the longest wait, and whom by which rule.
    pub(crate) fn refused(&self) -> Option<RefusedBy<'_>> {
        let mut refused: Option<RefusedBy<'_>> = None;
        for (call, answer) in self.asked.calls.iter().zip(&self.answers) {
            let claims = answer
                .decision()
                .into_iter()
                .flat_map(|decision| &decision.claims);
            for (rule, standings) in call.rules.iter().zip(claims) {
                let Some(rule) = self.asked.rules.get(*rule) else {
                    continue;
                };
                for LimitStanding {
                    limit,
                    refused: wait,
                    ..
                } in standings
                {
                    let Some(wait) = *wait else { continue };
                    if refused.as_ref().is_none_or(|longest| wait > longest.wait) {
                        refused = Some(RefusedBy {
                            rule,
                            key: &call.key,
                            limit: *limit,
                            wait,
                        });
                    }
                }
            }
        }
        refused
    }

    /// Where the client stands, rule by rule.
    pub(crate) fn decision(&self) -> Decision {
        self.asked
            .together(self.answers.iter().map(Answer::decision))
    }

    /// Returns what was charged under the rules that do not count a visit which ended like this.
    pub(crate) async fn settle(&mut self, end: End) {
        let is_returned = |rule: &Rule| match end {
            End::NotServed => true,
            End::Served(status) => rule
                .counting()
                .is_some_and(|counting| !counting.counts.includes(status)),
        };
        self.give_back(is_returned).await;
    }

    /// Returns what was charged under the rules for which this says so.
    pub(crate) async fn give_back(&mut self, is_returned: impl Fn(&Rule) -> bool) {
        let mut returns = Vec::new();
        for (call, answer) in self.asked.calls.iter().zip(&mut self.answers) {
            if !answer.admits() {
                continue;
            }
            let is_returned = |index: usize| {
                self.asked
                    .rules
                    .get(index)
                    .is_some_and(|rule| is_returned(rule))
            };
            let claims = call.claims.iter().zip(&call.rules).enumerate();
            let (positions, claims): (Vec<usize>, Vec<Claim>) = claims
                .filter(|(_, (_, rule))| is_returned(**rule))
                .map(|(position, (claim, _))| (position, claim.clone()))
                .unzip();
            if claims.is_empty() {
                continue;
            }
            match answer {
                Answer::Passed | Answer::Refused => {}
                Answer::Isolate(receipt) => {
                    let refund =
                        |local: &mut Local| local.refund(&call.key, &claims, receipt, js::now_ms());
                    let after = LOCAL.with_borrow_mut(refund);
                    stand(receipt, &positions, after);
                }
                Answer::Object(receipt) => {
                    let operation = Operation::Refund {
                        claims,
                        receipt: receipt.clone(),
                    };
                    returns.push((receipt, positions, self.objects.send(call, operation)));
                }
            }
        }
        for (receipt, positions, sent) in returns {
            match sent.decision().await {
                Ok(after) => stand(receipt, &positions, after),
                Err(error) => js::log_error(&format!("permits could not be given back: {error}")),
            }
        }
    }
}

/// Puts the standings after a refund in place of those before.
fn stand(decision: &mut Decision, positions: &[usize], after: Decision) {
    decision.now_ms = after.now_ms;
    for (position, standings) in positions.iter().zip(after.claims) {
        if let Some(claim) = decision.claims.get_mut(*position) {
            *claim = standings;
        }
    }
}

// === impl Answer ===

impl Answer {
    fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Object(decision) | Self::Isolate(decision) => Some(decision),
            Self::Passed | Self::Refused => None,
        }
    }

    fn admits(&self) -> bool {
        match self {
            Self::Object(decision) | Self::Isolate(decision) => decision.refused().is_none(),
            Self::Passed => true,
            Self::Refused => false,
        }
    }
}
