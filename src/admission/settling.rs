//! What becomes of permits that were charged, once it is known how the request ended.
//!
//! A permit is given back for what Bouncer itself did not send, and where a rule does not count the status with which the origin
//! has answered. An error proves nothing of what the origin has done, so it is charged, whatever the rule counts.

use bouncer_durable::ledger::{Decision, Outcome};
use bouncer_durable::message::Operation;

use super::{Admission, Call, End, LOCAL, Local, Reply, SETTLED, Verdict, Want};
use crate::identity::Key;
use crate::js;
use crate::ledgers::Sent;
use crate::report;

/// A settlement that the response waits for, since it changes what the stamp says.
struct Settlement<'r> {
    decision: &'r mut Decision,
    sent: Sent,
}

// === impl Admission ===

impl Admission<'_> {
    /// Settles what the calls have charged, now that the request has ended like this. `refunded` are the statuses that the policy
    /// takes for a proof that nothing was done.
    pub(crate) async fn settle(&mut self, end: End, refunded: &[u16]) {
        let asked = &self.asked;
        let is_kept = |want: &Want| match end {
            End::NeverSent => false,
            End::Unanswered => true,
            End::Answered(status) => !refunded.contains(&status) && asked.counts(want, status),
        };
        // What is kept and was never in question needs no word.
        let is_open = |want: &Want| want.claim.reserved_ms > 0 || !is_kept(want);
        let mut settlements = Vec::new();
        for (call, reply) in asked.calls.iter().zip(&mut self.replies) {
            if call.wants.iter().any(is_open) {
                let outcomes = call.wants.iter().map(|want| Outcome {
                    claim: want.claim.clone(),
                    is_kept: is_kept(want),
                });
                settlements.extend(self.objects.settle(call, reply, outcomes.collect()));
            } else {
                reply.note_settled(&call.key);
            }
        }
        finish(settlements).await;
    }

    /// Gives back all that was charged.
    pub(super) async fn give_back(&mut self) {
        self.settle(End::NeverSent, &[]).await;
    }
}

// === impl Reply ===

impl Reply {
    /// Notes that the take stands, if it is provisional.
    fn note_settled(&self, key: &Key) {
        if let Verdict::Object(id, _) = self.verdict
            && self.is_provisional
        {
            SETTLED.with_borrow_mut(|settled| settled.note(key, id));
        }
    }
}

// === impl Objects ===

impl super::Objects {
    fn settle<'r>(
        &self,
        call: &Call,
        reply: &'r mut Reply,
        outcomes: Vec<Outcome>,
    ) -> Option<Settlement<'r>> {
        match &mut reply.verdict {
            // It is not known what it has charged, if anything. That stands unless the request did not pass after all.
            Verdict::Refused => None,
            Verdict::Passed(id) => {
                if outcomes.iter().all(|outcome| !outcome.is_kept) {
                    let operation = Operation::Cancel { id: *id };
                    let sent = Sent::new(
                        self.namespace.as_ref(),
                        &call.key,
                        operation,
                        self.timeout_ms,
                    );
                    sent.behind(&self.context);
                }
                None
            }
            Verdict::Isolate(_, decision) | Verdict::Object(_, decision)
                if decision.refused().is_some() =>
            {
                None
            }
            Verdict::Isolate(id, decision) => {
                let now_ms = js::now_ms();
                let settle = |local: &mut Local| {
                    local.settle(&call.key, *id, &outcomes, decision.now_ms, now_ms)
                };
                *decision = LOCAL.with_borrow_mut(settle);
                None
            }
            Verdict::Object(id, decision) => {
                let is_all_kept = outcomes.iter().all(|outcome| outcome.is_kept);
                let operation = Operation::Settle {
                    id: *id,
                    taken_ms: decision.now_ms,
                    outcomes,
                };
                let sent = Sent::new(
                    self.namespace.as_ref(),
                    &call.key,
                    operation,
                    self.timeout_ms,
                );
                if is_all_kept {
                    sent.behind(&self.context);
                    return None;
                }
                Some(Settlement { decision, sent })
            }
        }
    }
}

async fn finish(settlements: Vec<Settlement<'_>>) {
    for Settlement { decision, sent } in settlements {
        match sent.decision().await {
            Ok(after) => *decision = after,
            Err(error) => report::trouble(
                "counter",
                &format!("permits could not be given back: {error}"),
            ),
        }
    }
}
