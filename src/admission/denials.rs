//! Refusals, remembered until their retry time: whoever comes back before it is refused here, and no object is asked.
//!
//! That is exact: a counter that has no room for a cost until some time has none for the same cost before it, whoever else
//! asks, unless something is given back. So it ends with its reason: after 10 s at the latest, or after a quarter of a second
//! where it rests on charges that are not settled. It is remembered from when the object's reply came, so never longer than the
//! client was told to wait.

use std::num::NonZeroU32;

use bouncer_durable::Limit;
use bouncer_durable::Refused;
use bouncer_durable::ledger::{Decision, LimitStanding};

use super::asked::{Asked, Call, Want};
use super::generations::Generations;
use crate::identity::Key;

/// How long a refusal is remembered at most, in milliseconds: by then it has ended, whoever ended it.
const MAX_MS: u64 = 10_000;

/// The same for a refusal that rests on charges which are not settled, and may be gone at the next moment.
const MAX_UNSETTLED_MS: u64 = 250;

/// Refusals by key and counter.
#[derive(Default)]
pub struct Denials(Generations<Denial>);

/// What was refused.
struct Denial {
    limits: Vec<Limit>,
    cost: NonZeroU32,
    standings: Vec<LimitStanding>,
    /// When it was refused, by the object's clock, in milliseconds since the Unix epoch.
    object_ms: u64,
    /// When the reply came, by the isolate's.
    denied_ms: u64,
    lasts_ms: u64,
}

// === impl Denials ===

impl Denials {
    /// Remembers which counters refused in a decision on this call, if that will last.
    pub fn remember(&mut self, call: &Call, decision: &Decision, now_ms: u64) {
        for (want, standings) in call.wants.iter().zip(&decision.claims) {
            let Some(lasts_ms) = lasts_ms(standings) else {
                continue;
            };
            let denial = Denial {
                limits: want.claim.limits.clone(),
                cost: want.claim.cost,
                standings: standings.clone(),
                object_ms: decision.now_ms,
                denied_ms: now_ms,
                lasts_ms,
            };
            self.0.set(name(&call.key, want), denial);
        }
    }

    /// The decision at `now_ms` on a request that asks for what was refused before: of the counters that refuse, and no others.
    pub fn of(&mut self, asked: &Asked<'_>, now_ms: u64) -> Option<Decision> {
        let decisions: Vec<_> = asked
            .calls
            .iter()
            .map(|call| self.of_call(call, now_ms))
            .collect();
        let whole = asked.together(decisions.iter().map(Option::as_ref));
        whole.refused().is_some().then_some(whole)
    }

    fn of_call(&mut self, call: &Call, now_ms: u64) -> Option<Decision> {
        let mut decision: Option<Decision> = None;
        for (index, want) in call.wants.iter().enumerate() {
            let name = name(&call.key, want);
            let Some(denial) = self.0.get(&name) else {
                continue;
            };
            if !denial.is_about(want) {
                continue;
            }
            let Some(denied) = denial.at(now_ms) else {
                self.0.forget(&name);
                continue;
            };
            let whole = decision.get_or_insert_with(|| Decision {
                now_ms: denied.now_ms,
                claims: vec![Vec::new(); call.wants.len()],
            });
            whole.pass_to(denied.now_ms);
            if let Some(claim) = whole.claims.get_mut(index) {
                *claim = denied.claims.into_iter().flatten().collect();
            }
        }
        decision
    }
}

fn name(key: &Key, want: &Want) -> String {
    format!("{} {key}", want.claim.counter)
}

/// How long a refusal with these standings is remembered, if it is one.
fn lasts_ms(standings: &[LimitStanding]) -> Option<u64> {
    let refusals = standings.iter().filter_map(|each| {
        let Refused::Until { retry_ms } = each.refused? else {
            return None;
        };
        let max_ms = if each.is_unsettled {
            MAX_UNSETTLED_MS
        } else {
            MAX_MS
        };
        Some(retry_ms.min(max_ms))
    });
    refusals.max()
}

// === impl Denial ===

impl Denial {
    /// Whether this refuses what is wanted: the same, or more of it.
    fn is_about(&self, want: &Want) -> bool {
        self.limits == want.claim.limits && self.cost <= want.claim.cost
    }

    /// The refusal at a later time, or none once it is over. A clock that was set back makes it over, too.
    fn at(&self, now_ms: u64) -> Option<Decision> {
        let passed_ms = now_ms.checked_sub(self.denied_ms)?;
        if passed_ms >= self.lasts_ms {
            return None;
        }
        let mut decision = Decision {
            now_ms: self.object_ms,
            claims: vec![self.standings.clone()],
        };
        decision.pass_to(self.object_ms.saturating_add(passed_ms));
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
