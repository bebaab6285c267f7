//! Identifiers with an encoded slash. Where an origin takes `%2F` for `/`, `GET /files/a%2Fb` is not `GET /files/{id}` but
//! whatever has one segment more; unless the operator says which it is, both count.

use super::Warning;
use crate::policy::{Allowance, DEFAULT, Policy, Rule};

/// Segments that an identifier is taken to become, at most.
const MAX_SEGMENTS: usize = 4;

impl Policy {
    /// The patterns whose identifiers would fall under something stricter as well.
    pub(super) fn encoded_slash_warnings(&self) -> Vec<Warning> {
        if self.reader.encoded_slashes.is_some() {
            return Vec::new();
        }
        let rules = self.rules.iter().enumerate();
        rules
            .filter(|(_, rule)| !rule.also && rule.counting().is_some())
            .flat_map(|(index, rule)| self.warnings_of(index, rule))
            .collect()
    }

    fn warnings_of(&self, index: usize, rule: &Rule) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (at, pattern) in rule.patterns.iter().enumerate() {
            let others = self.also_selected(rule, &pattern.with_longer_parameters(MAX_SEGMENTS));
            if others.is_empty() {
                continue;
            }
            warnings.push(Warning {
                name: "encoded-slash",
                path: format!("rules[{index}].match[{at}]"),
                problem: format!(
                    "a request for {pattern} whose parameter contains %2F also counts under {}, which allows less; if your API \
                     takes %2F for part of the parameter, write encoded_slashes = \"data\", if for a slash, \
                     encoded_slashes = \"separator\"",
                    others.join(", ")
                ),
            });
        }
        warnings
    }

    /// The names of the stricter rules that some request falls under which is meant by one of these patterns.
    fn also_selected(&self, rule: &Rule, longer: &[crate::route::Pattern]) -> Vec<String> {
        let is_met = |other: &Rule| {
            let mut pairs = longer
                .iter()
                .flat_map(|longer| other.patterns.iter().map(move |pattern| (longer, pattern)));
            pairs.any(|(longer, pattern)| longer.overlaps(pattern))
        };
        let has = |longer: &crate::route::Pattern| {
            let mut counted = self.rules.iter().filter(|rule| rule.counting().is_some());
            counted.any(|other| {
                !other.also && other.patterns.iter().any(|pattern| pattern.covers(longer))
            })
        };
        let is_stricter = |other: &&Rule| other.pace() < rule.pace();
        let others = self.rules.iter().filter(|other| {
            !other.also
                && !std::ptr::eq(*other, rule)
                && other.counting().is_some()
                && is_met(other)
        });
        let mut names: Vec<_> = others
            .filter(is_stricter)
            .map(|other| format!("rule {:?}", other.name))
            .collect();
        if !longer.iter().all(has) && is_stricter(&&self.default) {
            names.push(format!("{DEFAULT:?}"));
        }
        names
    }
}

impl Rule {
    /// The requests that it allows anybody in a billion milliseconds; nobody waits less for more.
    fn pace(&self) -> u64 {
        let Some(counting) = self.counting() else {
            return u64::MAX;
        };
        let cost = u64::from(counting.cost.get());
        match &counting.allowances.default {
            Allowance::Unlimited => u64::MAX,
            Allowance::Limits(limits) => limits
                .iter()
                .map(|limit| u64::from(limit.permits()) * 1_000_000_000 / limit.window_ms().max(1))
                .min()
                .map_or(u64::MAX, |pace| pace / cost),
        }
    }
}
