//! What a request asks of the ledgers, and what their answers mean together.

use bouncer_durable::ledger::{Claim, Decision, LimitStanding};
use bouncer_durable::{Limit, Refused};

use crate::identity::{Client, Key};
use crate::policy::{Allowance, Counts, Holder, Mode, OnError, Route, Rule};

/// What a request asks, ledger by ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The rules under which something is counted: the first that matched, then those in addition.
    pub rules: Vec<&'a Rule>,
    /// One call for each key.
    pub calls: Vec<Call>,
}

/// What is asked of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose ledger.
    pub key: Key,
    /// Decided over together.
    pub claims: Vec<Claim>,
    /// Which of [`Asked::rules`] each claim is about.
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
                // In addition is only counted who has what is counted by.
                None if rule.also => continue,
                None => client.address_key(),
            };
            let claim = Claim {
                counter: counter(&counting.bucket, holder),
                limits: limits.clone(),
                cost: counting.cost,
                reserved_ms: reserved_ms(&counting.counts),
            };
            asked.add(rule, key, claim);
        }
        asked
    }

    fn add(&mut self, rule: &'a Rule, key: Key, claim: Claim) {
        let index = self.rules.len();
        self.rules.push(rule);
        match self.calls.iter_mut().find(|call| call.key == key) {
            Some(call) => {
                call.claims.push(claim);
                call.rules.push(index);
            }
            None => self.calls.push(Call {
                key,
                claims: vec![claim],
                rules: vec![index],
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
            for (rule, standings) in call.rules.iter().zip(decision.claims) {
                if let Some(claim) = whole.claims.get_mut(*rule) {
                    *claim = standings;
                }
            }
        }
        whole
    }

    /// Whom which rule's limit refused, where it did: that of [`Decision::refused`]. The decision is on all that was asked.
    #[must_use]
    pub fn refused(&self, decision: &Decision) -> Option<RefusedBy<'_>> {
        let (by, wait) = decision.refused()?;
        let has_it = |claim: &Vec<LimitStanding>| claim.iter().any(|each| std::ptr::eq(each, by));
        let index = decision.claims.iter().position(has_it)?;
        let call = self.calls.iter().find(|call| call.rules.contains(&index))?;
        Some(RefusedBy {
            rule: self.rules.get(index)?,
            key: &call.key,
            limit: by.limit,
            wait,
        })
    }

    /// The names of the rules.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        self.rules.iter().map(|rule| rule.name.as_str()).collect()
    }

    /// What becomes of a request of which this call cannot be made: what the strictest of its rules says.
    #[must_use]
    pub fn on_error(&self, call: &Call) -> OnError {
        let rules = call
            .rules
            .iter()
            .filter_map(|rule| self.rules.get(*rule)?.counting());
        rules
            .map(|counting| counting.on_error)
            .max()
            .unwrap_or_default()
    }
}

/// Milliseconds after which an attempt whose outcome was never heard of counts: longer than origins take to answer.
const RESERVED_MS: u32 = 120_000;

/// Milliseconds for which a charge is a reservation, since the rule counts only some outcomes.
fn reserved_ms(counts: &Counts) -> u32 {
    match counts {
        Counts::Every => 0,
        Counts::Failures | Counts::Statuses(_) => RESERVED_MS,
    }
}

/// The name of a counter. Who has limits by a role has a counter of his own with them; a plan may change, and what was used
/// under the old one stays used.
fn counter(bucket: &str, holder: Holder<'_>) -> String {
    match holder {
        Holder::Role(role) => format!("{bucket}@{role}"),
        Holder::Plan(_) | Holder::Anybody => bucket.to_owned(),
    }
}

#[cfg(test)]
mod tests;
