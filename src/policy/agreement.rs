//! Checks the rules of a policy against each other.

use super::{DEFAULT, PolicyError, Result, Rule};
use crate::admission::MAX_CALLS;

/// Whether a rule goes together with those before it.
pub(super) fn with_those_before(before: &[Rule], rule: &Rule, path: &str) -> Result<()> {
    if rule.name == DEFAULT || before.iter().any(|other| other.name == rule.name) {
        let problem = format!(
            "found {:?} a second time; give every rule a name of its own",
            rule.name
        );
        return Err(PolicyError::new(format!("{path}.name"), problem));
    }
    // A rule in shadow mode takes nothing away from one that is enforced.
    let takes_all = |other: &&Rule| other.covers(rule) && (rule.is_shadow() || !other.is_shadow());
    if let Some(other) = before.iter().find(takes_all) {
        let problem = format!(
            "can never match: rule {:?} before it already has all of these requests; move this one up, or remove it",
            other.name
        );
        return Err(PolicyError::new(format!("{path}.match"), problem));
    }
    let at = format!("{path}.bucket");
    before
        .iter()
        .try_for_each(|other| on_a_bucket(rule, other, &at))
}

/// Whether two rules that name the same bucket really share a counter.
pub(super) fn on_a_bucket(rule: &Rule, other: &Rule, path: &str) -> Result<()> {
    let (Some(one), Some(two)) = (rule.counting(), other.counting()) else {
        return Ok(());
    };
    if one.bucket != two.bucket {
        return Ok(());
    }
    let problem = if rule.also || other.also {
        "a request would be charged there twice; a rule with \"also\" has a counter of its own"
    } else if one.mode != two.mode {
        "and one of them is in shadow mode, which must change nothing for the other; give it a counter of its own"
    } else if one.key != two.key {
        "and counts by another key, so nothing would be shared; give both the same key"
    } else {
        return Ok(());
    };
    let problem = format!(
        "shares {:?} with rule {:?}, {problem}",
        one.bucket, other.name
    );
    Err(PolicyError::new(path, problem))
}

/// Whether no request can fall under rules that count by more keys than it may ask ledgers. Which rules meet on one request is
/// the client's choice, since a path may be read in several ways; so every key that something is counted by is one.
pub(super) fn within_the_most_ledgers(rules: &[Rule], default: &Rule) -> Result<()> {
    let mut kinds = Vec::new();
    for (index, rule) in rules.iter().chain([default]).enumerate() {
        let Some(counting) = rule.counting() else {
            continue;
        };
        if kinds.contains(&&counting.key) {
            continue;
        }
        kinds.push(&counting.key);
        if kinds.len() > MAX_CALLS {
            let path = match rule.name.as_str() {
                DEFAULT => format!("{DEFAULT}.key"),
                _ => format!("rules[{index}].key"),
            };
            let problem = format!(
                "is the {}th kind of key, and a request asks at most {MAX_CALLS} ledgers, one for each; count by fewer kinds",
                kinds.len()
            );
            return Err(PolicyError::new(path, problem));
        }
    }
    Ok(())
}
