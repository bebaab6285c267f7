//! What a request asks of the ledgers, and what their answers mean together.
//!
//! All that concerns one key is one call to one object, which decides it at once. Only rules that count by different keys
//! need several objects. They are asked at the same time, and when one of them refuses, what the others have charged is
//! given back at once: for that moment somebody else may be refused what is then there again, and nobody is ever admitted
//! too much.

use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Decision};

use crate::identity::{Client, Key};
use crate::policy::{Allowance, Holder, Route};

/// Permits each request takes.
pub const COST: NonZeroU32 = NonZeroU32::MIN;

/// What a request asks, ledger by ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The rules under which something is counted, in the order of the policy's words about them: the first that matched,
    /// then those in addition.
    pub rules: Vec<&'a str>,
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
    rules: Vec<usize>,
}

// === impl Asked ===

impl<'a> Asked<'a> {
    /// What a request of this client asks under the rules of its route; nothing where all of it is unlimited.
    #[must_use]
    pub fn new(route: &Route<'a>, client: &Client<'_>) -> Self {
        let mut asked = Self::default();
        for rule in route.rules() {
            let Some(counting) = rule.counting() else {
                continue;
            };
            let (holder, allowance) = counting
                .allowances
                .of(client.roles(), client.plan(&counting.key));
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
            };
            asked.add(&rule.name, key, claim);
        }
        asked
    }

    fn add(&mut self, rule: &'a str, key: Key, claim: Claim) {
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

    /// The decisions on the calls, in their order, as one, in the order of the rules.
    #[must_use]
    pub fn together(&self, decisions: Vec<Decision>) -> Decision {
        let mut whole = Decision {
            now_ms: 0,
            claims: vec![Vec::new(); self.rules.len()],
        };
        for (call, decision) in self.calls.iter().zip(decisions) {
            // Two objects may show two times, and nothing is promised sooner than either of them says.
            whole.now_ms = whole.now_ms.max(decision.now_ms);
            for (rule, standings) in call.rules.iter().zip(decision.claims) {
                if let Some(claim) = whole.claims.get_mut(*rule) {
                    *claim = standings;
                }
            }
        }
        whole
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
