//! Rules in shadow mode change nothing of what is enforced.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{names, policy, rule};
use crate::policy::{Policy, PolicyError};

fn shadow(mut rule: Value) -> Value {
    rule["mode"] = json!("shadow");
    rule
}

#[test]
fn a_rule_in_shadow_mode_counts_first_and_takes_nothing_away_from_what_is_enforced() {
    let site = policy(
        json!({}),
        json!([
            shadow(rule("stricter", "GET /public/**")),
            shadow(rule("later", "GET|POST /public/**")),
            rule("page", "GET /public/page"),
            json!({ "name": "health", "match": ["GET /public/health"], "exempt": true }),
        ]),
    );
    let found = |path: &str| names(&site.route("GET", path)).join(" ");
    assert_eq!(found("/public/other"), "stricter default");
    assert_eq!(found("/public/page"), "stricter page");
    assert_eq!(found("/public/health"), "health");
    assert_eq!(found("/elsewhere"), "default");
}

#[test]
fn a_whole_policy_in_shadow_mode_counts_what_it_would_if_it_were_enforced() {
    let rules = json!([rule("page", "GET /page"), rule("rest", "GET /**")]);
    let tried = policy(json!({ "mode": "shadow" }), rules);
    for (path, expected) in [("/page", "page"), ("/other", "rest")] {
        assert_eq!(names(&tried.route("GET", path)), [expected]);
    }
    assert_eq!(names(&tried.route("POST", "/page")), ["default"]);
}

#[test]
fn a_rule_in_shadow_mode_shares_no_counter_with_one_that_is_enforced() {
    let mut tried = shadow(rule("tried", "GET /tried"));
    tried["bucket"] = json!("page");
    let policy = json!({ "origin": "http://a", "default": { "limit": "1/day" }, "rules": [rule("page", "GET /page"), tried] });
    let error = Policy::from_json(&policy.to_string()).unwrap_err();
    assert_eq!(error.path, "rules[1].bucket");
    assert!(error.problem.contains("shadow mode"), "{error}");
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    pattern: &'static str,
    is_shadow: bool,
    also: bool,
    exempt: bool,
}

fn kind() -> impl Strategy<Value = Kind> {
    let patterns = vec![
        "GET /a",
        "* /a/**",
        "GET|POST /a/{id}",
        "GET /a/b",
        "POST /**",
        "* /b/{id}/c",
    ];
    let pattern = prop::sample::select(patterns);
    (pattern, any::<bool>(), 0..4_u8).prop_map(|(pattern, is_shadow, other)| Kind {
        pattern,
        is_shadow: is_shadow && other != 0,
        also: other == 1,
        exempt: other == 0,
    })
}

fn written(kinds: &[Kind], is_kept: impl Fn(&Kind) -> bool) -> Result<Policy, PolicyError> {
    let rules = kinds
        .iter()
        .enumerate()
        .filter(|(_, kind)| is_kept(kind))
        .map(|(index, kind)| {
            if kind.exempt {
                return json!({ "name": index.to_string(), "match": [kind.pattern], "exempt": true });
            }
            let mode = if kind.is_shadow { "shadow" } else { "enforce" };
            json!({ "name": index.to_string(), "match": [kind.pattern], "limit": "1/day", "key": "ip", "also": kind.also, "mode": mode })
        });
    let rules: Vec<Value> = rules.collect();
    let policy = json!({ "origin": "http://a", "default": { "limit": "1/day" }, "rules": rules });
    Policy::from_json(&policy.to_string())
}

proptest! {
    #[test]
    fn what_is_enforced_is_the_same_without_the_rules_in_shadow_mode(
        kinds in prop::collection::vec(kind(), 0..6),
        method in prop::sample::select(vec!["GET", "POST", "PUT"]),
        path in "(/(a|b|c|%2F|\\.\\.|x%2Fa)){1,4}",
    ) {
        let (Ok(with), Ok(without)) = (written(&kinds, |_| true), written(&kinds, |kind| !kind.is_shadow)) else {
            return Ok(());
        };
        let (with, without) = (with.route(method, &path), without.route(method, &path));
        prop_assert_eq!(with.is_exempt, without.is_exempt);
        let enforced: Vec<&str> = with.rules().filter(|rule| !rule.is_shadow()).map(|rule| rule.name.as_str()).collect();
        prop_assert_eq!(enforced, names(&without));
    }

    #[test]
    fn what_is_in_shadow_mode_counts_what_it_would_if_all_were_enforced(
        kinds in prop::collection::vec(kind(), 0..6),
        method in prop::sample::select(vec!["GET", "POST", "PUT"]),
        path in "(/(a|b|c|%2F|\\.\\.|x%2Fa)){1,4}",
    ) {
        let enforced: Vec<Kind> = kinds.iter().map(|kind| Kind { is_shadow: false, ..*kind }).collect();
        let (Ok(policy), Ok(enforced)) = (written(&kinds, |_| true), written(&enforced, |_| true)) else {
            return Ok(());
        };
        let (found, expected) = (policy.route(method, &path), enforced.route(method, &path));
        if found.is_exempt || expected.is_exempt {
            return Ok(());
        }
        let is_shadow = |name: &&str| name.parse::<usize>().is_ok_and(|index| kinds[index].is_shadow);
        let shadow = |names: Vec<&str>| names.into_iter().filter(is_shadow).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(shadow(names(&found)), shadow(names(&expected)));
    }
}
