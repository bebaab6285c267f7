//! Permits that were charged and go back: when another key's object has refused, when the origin has failed, and when a rule
//! does not count how it has answered.

use bouncer_durable::ledger::{Claim, Decision};
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
                Err(error) => report::trouble(&format!("permits could not be given back: {error}")),
            }
        }
    }
}

/// Puts the standings after a refund in place of those before. The others are those of the same moment.
fn stand(decision: &mut Decision, positions: &[usize], after: Decision) {
    decision.pass_to(after.now_ms);
    for (position, standings) in positions.iter().zip(after.claims) {
        if let Some(claim) = decision.claims.get_mut(*position) {
            *claim = standings;
        }
    }
}
