//! What a request asks of the ledgers, and what their replies mean together.
//!
//! One call for each key, the narrowest first: a user before the user's address, that before the tenant, and what everybody
//! shares last. A wider key is asked only once the narrower have admitted, so a refused request changes nothing that others
//! use.

use bouncer_durable::ledger::{Claim, Decision, LimitStanding};
use bouncer_durable::{Limit, Refused, Standing};

use crate::identity::{Client, Key};
use crate::policy::{Allowance, Counts, Holder, Mode, OnError, Route, Rule};

/// The most ledgers that a request asks.
pub const MAX_CALLS: usize = 6;

/// What a request asks, ledger by ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The rules under which something is counted, in the order in which they are shown.
    pub rules: Vec<&'a Rule>,
    /// One call for each key, the narrowest first.
    pub calls: Vec<Call>,
}

/// What is asked of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose ledger.
    pub key: Key,
    /// Decided over together, one for each counter.
    pub wants: Vec<Want>,
}

/// What is asked of one counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// What is claimed of it.
    pub claim: Claim,
    /// The indices in [`Asked::rules`] of the rules it is for: several where they share the counter. The standings are
    /// shown as those of the first.
    pub rules: Vec<usize>,
}

/// A limit that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedBy<'a> {
    /// The rule that it is of.
    pub rule: &'a Rule,
    /// Whom it refused.
    pub key: &'a Key,
    /// The limit.
    pub limit: Limit,
    /// How long it refuses.
    pub wait: Refused,
}

// === impl Asked ===

impl<'a> Asked<'a> {
    /// What a request of this client asks under the rules of its route that are of this mode; nothing where all of it is
    /// unlimited.
    #[must_use]
    pub fn new(route: &Route<'a>, client: &Client<'_>, mode: Mode) -> Self {
        let mut asked = Self::default();
        for rule in route.rules() {
            let Some(counting) = rule.counting().filter(|counting| counting.mode == mode) else {
                continue;
            };
            let (holder, allowance) = counting.allowances.of(client, &counting.key);
            let Allowance::Limits(limits) = allowance else {
                continue;
            };
            let key = match client.key(&counting.key) {
                Some(key) => key,
                // In addition is only counted who has what is counted by, and who has sent something that proves nothing.
                None if rule.also && !client.falls_short(&counting.key) => continue,
                None => client.address_key(),
            };
            let claim = Claim {
                counter: counter(&counting.bucket, holder),
                limits: limits.clone(),
                cost: counting.cost,
                reserved_ms: match counting.counts {
                    Counts::Every => 0,
                    _ => counting.settled_within_ms,
                },
            };
            asked.add(rule, key, claim);
        }
        asked.calls.sort_by_key(|call| breadth(&call.key));
        asked
    }

    fn add(&mut self, rule: &'a Rule, key: Key, claim: Claim) {
        let index = self.rules.len();
        self.rules.push(rule);
        let want = Want {
            claim,
            rules: vec![index],
        };
        match self.calls.iter_mut().find(|call| call.key == key) {
            Some(call) => call.add(want),
            None => self.calls.push(Call {
                key,
                wants: vec![want],
            }),
        }
    }

    /// The decisions on the calls, in their order, as one, in the order of the rules. Where nothing was decided, nothing
    /// stands.
    #[must_use]
    pub fn together<'d>(
        &self,
        decisions: impl Iterator<Item = Option<&'d Decision>> + Clone,
    ) -> Decision {
        let times_ms = decisions.clone().flatten().map(|decision| decision.now_ms);
        let mut whole = Decision {
            now_ms: times_ms.max().unwrap_or_default(),
            claims: vec![Vec::new(); self.rules.len()],
        };
        for (call, decision) in self.calls.iter().zip(decisions) {
            let Some(decision) = decision else { continue };
            let mut decision = decision.clone();
            decision.pass_to(whole.now_ms);
            for (want, standings) in call.wants.iter().zip(decision.claims) {
                want.show(standings, &mut whole);
            }
        }
        whole
    }

    /// The decision at `now_ms` on a request under a limit of none, which needs nobody's counter.
    #[must_use]
    pub fn refused_by_none(&self, now_ms: u64) -> Option<Decision> {
        let mut whole = Decision {
            now_ms,
            claims: vec![Vec::new(); self.rules.len()],
        };
        for want in self.calls.iter().flat_map(|call| &call.wants) {
            let none = want.claim.limits.iter().filter(|limit| limit.quota() == 0);
            let refused = none.map(|limit| LimitStanding {
                limit: *limit,
                standing: Standing {
                    remaining: 0,
                    more_ms: 0,
                    full_ms: 0,
                },
                refused: Some(Refused::Never),
                is_unsettled: false,
            });
            want.show(refused.collect(), &mut whole);
        }
        whole.refused().is_some().then_some(whole)
    }

    /// Whom which rule's limit refused, where it did: that of [`Decision::refused`]. The decision is on all that was asked.
    #[must_use]
    pub fn refused(&self, decision: &Decision) -> Option<RefusedBy<'_>> {
        let (by, wait) = decision.refused()?;
        let has_it = |claim: &Vec<LimitStanding>| claim.iter().any(|each| std::ptr::eq(each, by));
        let index = decision.claims.iter().position(has_it)?;
        let is_of = |call: &&Call| call.wants.iter().any(|want| want.rules.contains(&index));
        Some(RefusedBy {
            rule: self.rules.get(index)?,
            key: &self.calls.iter().find(is_of)?.key,
            limit: by.limit,
            wait,
        })
    }

    /// The names of the rules.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        self.rules.iter().map(|rule| rule.name.as_str()).collect()
    }

    /// The rules of a call.
    pub fn rules_of<'s>(&'s self, call: &'s Call) -> impl Iterator<Item = &'a Rule> + 's {
        let indices = call.wants.iter().flat_map(|want| &want.rules);
        indices.filter_map(|index| self.rules.get(*index).copied())
    }

    /// What becomes of a request of which this call cannot be made: what the strictest of its rules says.
    #[must_use]
    pub fn on_error(&self, call: &Call) -> OnError {
        let countings = self.rules_of(call).filter_map(Rule::counting);
        countings
            .map(|counting| counting.on_error)
            .max()
            .unwrap_or_default()
    }

    /// Whether a request that the origin has answered with this status stays counted under what is wanted: if one of its
    /// rules counts it.
    #[must_use]
    pub fn counts(&self, want: &Want, status: u16) -> bool {
        let mut rules = want.rules.iter().filter_map(|index| self.rules.get(*index));
        rules.any(|rule| {
            rule.counting()
                .is_some_and(|counting| counting.counts.includes(status))
        })
    }
}

// === impl Call ===

impl Call {
    /// What is claimed of the ledger.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        self.wants.iter().map(|want| want.claim.clone()).collect()
    }

    fn add(&mut self, want: Want) {
        let shares = |other: &&mut Want| other.claim.counter == want.claim.counter;
        match self.wants.iter_mut().find(shares) {
            Some(other) => other.join(want),
            None => self.wants.push(want),
        }
    }
}

// === impl Want ===

impl Want {
    /// Takes up another rule's claim on the same counter: the request uses it once, and the stricter of both hold.
    fn join(&mut self, Self { claim, rules }: Self) {
        let mine = &mut self.claim;
        for limit in claim.limits {
            let same_window = |other: &&mut Limit| other.window_ms() == limit.window_ms();
            match mine.limits.iter_mut().find(same_window) {
                None => mine.limits.push(limit),
                Some(other) if limit.quota() < other.quota() => *other = limit,
                Some(_) => {}
            }
        }
        mine.cost = mine.cost.max(claim.cost);
        // Where one of them counts every outcome there is nothing left to settle.
        mine.reserved_ms = match (mine.reserved_ms, claim.reserved_ms) {
            (0, _) | (_, 0) => 0,
            (one, other) => one.max(other),
        };
        self.rules.extend(rules);
    }

    fn show(&self, standings: Vec<LimitStanding>, whole: &mut Decision) {
        let first = self.rules.first();
        if let Some(claim) = first.and_then(|index| whole.claims.get_mut(*index)) {
            *claim = standings;
        }
    }
}

/// How many others a key may stand for: the more, the later it is asked. Of things that must all be the same, the narrowest
/// decides.
fn breadth(key: &Key) -> u8 {
    let kind = key.kind();
    let parts = kind.split('+').map(|part| match part {
        "user" | "api-key" => 0,
        "ip" => 1,
        "tenant" => 3,
        "global" => 4,
        // Headers and claims, of which nothing is known.
        _ => 2,
    });
    parts.min().unwrap_or_default()
}

/// The name of a counter. Who has limits by a role has a separate counter with them; a plan may change, and what was used
/// under the old one stays used.
fn counter(bucket: &str, holder: Holder<'_>) -> String {
    match holder {
        Holder::Role(role) => format!("{bucket}@{role}"),
        Holder::Plan(_) | Holder::Anybody => bucket.to_owned(),
    }
}

#[cfg(test)]
mod tests;
