//! Permits that were charged and go back: when another key's object has refused, when the origin has failed, and when a rule
//! does not count how it has answered.

use bouncer_durable::ledger::Outcome;
use bouncer_durable::message::Operation;

use super::{Admission, Answer, End, LOCAL, Local};
use crate::js;
use crate::policy::Rule;
use crate::report;

// === impl Admission ===

impl Admission<'_> {
    /// Returns what was charged under the rules that do not count a request which ended like this.
    pub(crate) async fn settle(&mut self, end: End) {
        let is_returned = |rule: &Rule| match end {
            End::Unanswered => true,
            End::Abandoned => false,
            End::Answered(status) => rule
                .counting()
                .is_some_and(|counting| !counting.counts.includes(status)),
        };
        self.give_back(is_returned).await;
    }

    /// Returns what was charged under the rules for which this says so.
    pub(super) async fn give_back(&mut self, is_returned: impl Fn(&Rule) -> bool) {
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
            let claims = call.claims.iter().zip(&call.rules);
            let outcomes: Vec<Outcome> = claims
                .map(|(claim, rule)| Outcome {
                    claim: claim.clone(),
                    is_kept: !is_returned(*rule),
                })
                .collect();
            let is_settled = |each: &Outcome| each.is_kept && each.claim.reserved_ms == 0;
            if outcomes.iter().all(is_settled) {
                continue;
            }
            match answer {
                Answer::Passed | Answer::Refused => {}
                Answer::Isolate(taken) => {
                    let settle =
                        |local: &mut Local| local.settle(&call.key, taken, &outcomes, js::now_ms());
                    taken.decision = LOCAL.with_borrow_mut(settle);
                }
                Answer::Object(taken) => {
                    let operation = Operation::Settle {
                        id: taken.id,
                        taken_ms: taken.decision.now_ms,
                        outcomes,
                    };
                    returns.push((taken, self.objects.send(call, operation)));
                }
            }
        }
        for (taken, sent) in returns {
            match sent.decision().await {
                Ok(after) => taken.decision = after,
                Err(error) => report::trouble(&format!("permits could not be given back: {error}")),
            }
        }
    }
}
