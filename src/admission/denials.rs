//! What the objects have said last, counter by counter: whoever was refused and comes back is refused here, and no object is
//! asked.
//!
//! That is exact: a counter that has no room for a cost until some time has none for the same cost before it, whoever else
//! asks, unless something is given back. So it ends with its reason: after 10 s at the latest, or after a quarter of a second
//! where it rests on charges that are not settled. It is remembered from when the object's reply came, so never longer than the
//! client was told to wait.
//!
//! What else a refused request would have asked is shown as its object said last, at most 10 s ago, or not at all.

use std::num::NonZeroU32;

use bouncer_durable::Limit;
use bouncer_durable::Refused;
use bouncer_durable::ledger::{Decision, LimitStanding};

use super::asked::{Asked, Call, Want};
use super::generations::Generations;
use crate::identity::Key;

/// How long a word is remembered at most, in milliseconds: by then a refusal has ended, whoever ended it.
const MAX_MS: u64 = 10_000;

/// The same for a refusal that rests on charges which are not settled, and may be gone at the next moment.
const MAX_UNSETTLED_MS: u64 = 250;

/// The last words of objects by key and counter.
#[derive(Default)]
pub struct Denials(Generations<Word>);

/// What an object has said of a counter.
struct Word {
    limits: Vec<Limit>,
    cost: NonZeroU32,
    standings: Vec<LimitStanding>,
    /// When it was said, by the object's clock, in milliseconds since the Unix epoch.
    object_ms: u64,
    /// When the reply came, by the isolate's.
    heard_ms: u64,
    /// How long it refuses; 0 if it does not.
    denies_ms: u64,
}

// === impl Denials ===

impl Denials {
    /// Remembers the decision on a call.
    pub fn remember(&mut self, call: &Call, decision: &Decision, now_ms: u64) {
        for (want, standings) in call.wants.iter().zip(&decision.claims) {
            let word = Word {
                limits: want.claim.limits.clone(),
                cost: want.claim.cost,
                denies_ms: denies_ms(standings),
                standings: standings.clone(),
                object_ms: decision.now_ms,
                heard_ms: now_ms,
            };
            self.0.set(name(&call.key, want), word);
        }
    }

    /// The decision at `now_ms` on a request that asks for what was refused before.
    pub fn of(&mut self, asked: &Asked<'_>, now_ms: u64) -> Option<Decision> {
        let decisions: Vec<_> = asked
            .calls
            .iter()
            .map(|call| self.last_word(call, now_ms))
            .collect();
        let whole = asked.together(decisions.iter().map(Some));
        whole.refused().is_some().then_some(whole)
    }

    /// The decision on this call as far as it is remembered.
    pub fn last_word(&mut self, call: &Call, now_ms: u64) -> Decision {
        let mut words: Vec<Option<Decision>> = Vec::with_capacity(call.wants.len());
        for want in &call.wants {
            let word = self.0.get(&name(&call.key, want));
            words.push(word.and_then(|word| word.on(want, now_ms)));
        }
        let times_ms = words.iter().flatten().map(|word| word.now_ms);
        let now_ms = times_ms.max().unwrap_or_default();
        let claims = words.into_iter().map(|word| {
            let word = word.map(|mut word| {
                word.pass_to(now_ms);
                word.claims.into_iter().flatten().collect()
            });
            word.unwrap_or_default()
        });
        Decision {
            now_ms,
            claims: claims.collect(),
        }
    }
}

fn name(key: &Key, want: &Want) -> String {
    format!("{} {key}", want.claim.counter)
}

/// How long these standings refuse; 0 if they do not.
fn denies_ms(standings: &[LimitStanding]) -> u64 {
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
    refusals.max().unwrap_or_default()
}

// === impl Word ===

impl Word {
    /// What it says of what is wanted at a later time, if anything. A clock that was set back makes it old, too.
    fn on(&mut self, want: &Want, now_ms: u64) -> Option<Decision> {
        let passed_ms = now_ms.checked_sub(self.heard_ms)?;
        if passed_ms >= MAX_MS || self.limits != want.claim.limits {
            return None;
        }
        // Once it is over it stays so, whatever the clock shows then.
        if passed_ms >= self.denies_ms {
            self.denies_ms = 0;
        }
        // It refuses the same, and more of it.
        let is_denial = passed_ms < self.denies_ms && self.cost <= want.claim.cost;
        let mut decision = Decision {
            now_ms: self.object_ms,
            claims: vec![self.standings.clone()],
        };
        decision.pass_to(self.object_ms.saturating_add(passed_ms));
        for each in decision.claims.iter_mut().flatten() {
            each.refused = match each.refused {
                Some(Refused::Until { retry_ms }) if is_denial => {
                    let retry_ms = retry_ms.saturating_sub(passed_ms);
                    (retry_ms > 0).then_some(Refused::Until { retry_ms })
                }
                _ => None,
            };
        }
        Some(decision)
    }
}

#[cfg(test)]
mod tests;
