//! What is written in vain: it is never reached, or nobody has it.

use bouncer_durable::{Algorithm, Limit};

use super::Warning;
use crate::policy::{Allowance, DEFAULT, Holder, Policy, Rule};

// === impl Policy ===

impl Policy {
    /// What of this policy never comes to anything.
    pub(super) fn vain(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self.unreachable_default().into_iter().collect();
        for (path, rule) in self.named_rules() {
            warnings.extend(self.plans_that_nobody_has(&path, rule));
            warnings.extend(limits_never_reached(&path, rule));
        }
        warnings
    }

    /// A rule that has all requests, so that none is left for the default.
    fn unreachable_default(&self) -> Option<Warning> {
        let (path, rule) = self.named_rules().find(|(path, rule)| {
            path != DEFAULT
                && rule.covers(&self.default)
                && (self.default.is_shadow() || !rule.is_shadow())
        })?;
        Some(Warning {
            name: "unreachable-default",
            path: path + ".match",
            problem: format!(
                "rule {:?} has every request that no rule before it has, so \"default\" never counts one; write its limit under \
                 default in place of this rule, or also = true if it counts in addition",
                rule.name
            ),
        })
    }

    /// Plans of a rule that are of no listed API key, where there are no tokens in which they could stand.
    fn plans_that_nobody_has(&self, path: &str, rule: &Rule) -> Vec<Warning> {
        let listed = self.api_keys.as_ref().and_then(|keys| keys.listed.as_ref());
        let (None, Some(listed), Some(counting)) = (&self.jwt, listed, rule.counting()) else {
            return Vec::new();
        };
        let has_it = |plan: &str| listed.values().flatten().any(|of_key| of_key == plan);
        let unknown = counting
            .allowances
            .plans
            .keys()
            .filter(|plan| !has_it(plan));
        let warning = |plan: &String| Warning {
            name: "plan-nobody-has",
            path: format!("{path}.limit.plan.{plan}"),
            problem: format!(
                "no API key in [vars.BOUNCER.api_keys] is on the plan {plan:?}, and no tokens are verified in which it could stand"
            ),
        };
        unknown.map(warning).collect()
    }
}

/// Limits that others beside them never let anybody reach.
fn limits_never_reached(path: &str, rule: &Rule) -> Vec<Warning> {
    let each = rule
        .counting()
        .into_iter()
        .flat_map(|counting| counting.allowances.each());
    let warnings = each.filter_map(|(holder, allowance)| {
        let Allowance::Limits(limits) = allowance else {
            return None;
        };
        let is_kept_from = |limit: &Limit, other: &Limit| limit != other && never_reached(limit, other);
        let (limit, other) = limits.iter().find_map(|limit| {
            let other = limits.iter().find(|other| is_kept_from(limit, other))?;
            Some((limit, other))
        })?;
        let of = match holder {
            Holder::Role(name) => format!(".role.{name}"),
            Holder::Plan(name) => format!(".plan.{name}"),
            Holder::Anybody => String::new(),
        };
        Some(Warning {
            name: "limit-never-reached",
            path: format!("{path}.limit{of}"),
            problem: format!("\"{limit}\" is never reached, since \"{other}\" beside it admits less; remove it, or make it smaller"),
        })
    });
    warnings.collect()
}

/// Whether the other limit admits less than this one in every window of this one.
fn never_reached(limit: &Limit, other: &Limit) -> bool {
    let (mine_ms, other_ms) = (limit.window_ms(), other.window_ms());
    if limit.quota() == 0 || other_ms > mine_ms {
        // A longer window that holds less is met first.
        return limit.quota() > other.quota() && other.quota() > 0;
    }
    // How much the other, whose window is no longer, admits at most while one window of this lasts.
    let windows = mine_ms.div_ceil(other_ms);
    let is_exact = match other.algorithm() {
        Algorithm::FixedWindow => {
            mine_ms.is_multiple_of(other_ms) && limit.algorithm() == Algorithm::FixedWindow
        }
        Algorithm::SlidingLog => true,
        Algorithm::SlidingWindow | Algorithm::TokenBucket { .. } => false,
    };
    let windows = windows + u64::from(!is_exact);
    let most = u64::from(other.quota()).saturating_mul(windows);
    most < u64::from(limit.quota())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::policy::Policy;

    fn warned(policy: &Value) -> Vec<(String, String)> {
        let warnings = Policy::from_json(&policy.to_string()).unwrap().warnings();
        warnings
            .into_iter()
            .map(|warning| (warning.name.to_owned(), warning.path))
            .collect()
    }

    fn limited(limit: &Value) -> Vec<(String, String)> {
        warned(&json!({ "origin": "http://a", "default": limit }))
    }

    #[test]
    fn a_limit_that_others_keep_everybody_from_is_told() {
        for limit in [
            "10/minute;1000/hour",
            "100/minute;50/hour",
            "1/second;100/minute",
            "5/10 seconds;200/minute",
        ] {
            let found = limited(&json!({ "limit": limit }));
            assert_eq!(
                found,
                [("limit-never-reached".to_owned(), "default.limit".to_owned())],
                "{limit}"
            );
        }
        for limit in [
            "5/minute;20/hour",
            "10/minute;600/hour",
            "10/minute;599/hour",
            "100/minute;100/hour",
            "0/day",
        ] {
            assert_eq!(limited(&json!({ "limit": limit })), [], "{limit}");
        }
        // By an estimate, and by a bucket, a window may have a little more.
        for algorithm in ["sliding-window", "token-bucket"] {
            assert_eq!(
                limited(&json!({ "limit": "10/minute;610/hour", "algorithm": algorithm })),
                [],
                "{algorithm}"
            );
        }
        let by_plan =
            json!({ "limit": { "role": { "admin": "10/minute;1000/hour" }, "default": "1/day" } });
        let mut policy = json!({ "origin": "http://a", "default": by_plan });
        policy["jwt"] = json!({ "algorithm": "HS256", "secret": "S" });
        assert_eq!(warned(&policy)[0].1, "default.limit.role.admin");
    }

    #[test]
    fn a_rule_that_leaves_nothing_for_the_default_is_told_and_one_in_shadow_mode_or_in_addition_is_not()
     {
        let with = |rule: Value| {
            warned(&json!({
                "origin": "http://a",
                "default": { "limit": "1/day" },
                "api_keys": { "keys": [] },
                "rules": [rule],
            }))
        };
        let all = |more: Value| {
            let mut rule =
                json!({ "name": "all", "match": ["* /**"], "key": "api-key", "limit": "1/day" });
            rule.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            rule
        };
        let expected = (
            "unreachable-default".to_owned(),
            "rules[0].match".to_owned(),
        );
        assert_eq!(with(all(json!({}))), [expected]);
        assert_eq!(with(all(json!({ "also": true }))), []);
        assert_eq!(with(all(json!({ "mode": "shadow" }))), []);
        assert_eq!(with(all(json!({ "match": ["GET /**"] }))), []);
    }

    #[test]
    fn a_plan_that_no_key_has_is_told_where_no_token_could_have_it() {
        let policy = |jwt: Option<Value>| {
            let mut policy = json!({
                "origin": "http://a",
                "default": { "limit": { "plan": { "gold": "9/day", "gild": "9/day" }, "default": "1/day" } },
                "api_keys": { "keys": [{ "sha256": "0".repeat(64), "plan": "gold" }] },
            });
            if let Some(jwt) = jwt {
                policy["jwt"] = jwt;
            }
            warned(&policy)
        };
        assert_eq!(
            policy(None),
            [(
                "plan-nobody-has".to_owned(),
                "default.limit.plan.gild".to_owned()
            )]
        );
        assert_eq!(
            policy(Some(json!({ "algorithm": "HS256", "secret": "S" }))),
            []
        );
    }

    #[test]
    fn what_everybody_shares_is_told_to_be_one_object() {
        let found = limited(&json!({ "limit": "1/day", "key": "global" }));
        assert_eq!(found, [("one-object".to_owned(), "default.key".to_owned())]);
    }
}
