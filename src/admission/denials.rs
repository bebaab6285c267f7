//! Refusals, remembered until their retry time: whoever comes back before it is refused here, and no object is asked.
//!
//! That is exact: a limit that has no room for a request until some time has none for the same request before it, whoever
//! else asks. It is remembered from when the object's answer came, so never longer than the client was told to wait. Not
//! remembered are refusals by rules whose permits come back by themselves, when the origin answers with a status that does
//! not count. A permit that comes back because the origin failed is seen once the retry time is over.

use bouncer_durable::Refused;
use bouncer_durable::ledger::Decision;

use super::asked::{Asked, Call};
use super::generations::Generations;
use crate::policy::Counts;

/// Refusals by the first that is asked.
#[derive(Default)]
pub struct Denials(Generations<Denial>);

/// What was refused.
struct Denial {
    calls: Vec<Call>,
    decision: Decision,
    /// When the answer came, by the isolate's clock, in milliseconds since the Unix epoch.
    denied_ms: u64,
}

// === impl Denials ===

impl Denials {
    /// Remembers what was decided if that was a refusal which will last.
    pub fn remember(&mut self, asked: &Asked<'_>, decision: &Decision, now_ms: u64) {
        let Some(by) = asked.refused(decision) else {
            return;
        };
        let is_final = by
            .rule
            .counting()
            .is_some_and(|counting| counting.counts == Counts::Every);
        let (true, Refused::Until { .. }, Some(name)) = (is_final, by.wait, name(&asked.calls))
        else {
            return;
        };
        let denial = Denial {
            calls: asked.calls.clone(),
            decision: decision.clone(),
            denied_ms: now_ms,
        };
        self.0.set(name, denial);
    }

    /// The decision on a request that is refused as an earlier one was, as it is at `now_ms`.
    pub fn of(&mut self, asked: &Asked<'_>, now_ms: u64) -> Option<Decision> {
        let name = name(&asked.calls)?;
        let denial = self.0.get(&name)?;
        if denial.calls != asked.calls {
            return None;
        }
        let decision = denial.at(now_ms);
        if decision.is_none() {
            self.0.forget(&name);
        }
        decision
    }
}

/// Tells most requests apart; whether two are the same is seen by comparing them.
fn name(calls: &[Call]) -> Option<String> {
    let call = calls.first()?;
    let claim = call.claims.first()?;
    Some(format!("{} {}", claim.counter, call.key))
}

// === impl Denial ===

impl Denial {
    /// The refusal at a later time, or none once it is over. A clock that was set back makes it over, too.
    fn at(&self, now_ms: u64) -> Option<Decision> {
        let passed_ms = now_ms.checked_sub(self.denied_ms)?;
        let mut decision = self.decision.clone();
        decision.pass_to(decision.now_ms.saturating_add(passed_ms));
        for each in decision.claims.iter_mut().flatten() {
            if let Some(Refused::Until { retry_ms }) = each.refused {
                let retry_ms = retry_ms.saturating_sub(passed_ms);
                each.refused = (retry_ms > 0).then_some(Refused::Until { retry_ms });
            }
        }
        decision.refused().is_some().then_some(decision)
    }
}

#[cfg(test)]
mod tests;
