use serde_json::json;

use super::*;
use crate::identity::{Credentials, Fingerprint, Identification};
use crate::policy::Policy;
use crate::testing::{bearer, identification, key_set_verifier};

mod answered;

/// What is asked for a request: for each call the key, and its claims as `counter: limits`.
fn asked(
    policy: &Policy,
    target: &str,
    authorization: &str,
    headers: &str,
) -> Vec<(String, Vec<String>)> {
    let identification = Identification {
        api_keys: policy.api_keys.clone(),
        ..identification()
    };
    let credentials = Credentials {
        address: "203.0.113.7",
        authorization,
        headers,
    };
    let client = Client::new(&identification, credentials, 1_000_000);
    let asked = Asked::new(&policy.route("GET", target), &client, Mode::Enforce);
    let words = |claim: Claim| {
        let limits: Vec<_> = claim.limits.iter().map(ToString::to_string).collect();
        format!("{}: {}", claim.counter, limits.join("; "))
    };
    let calls = asked.calls.into_iter();
    calls
        .map(|call| {
            (
                call.key.to_string(),
                call.claims().into_iter().map(words).collect(),
            )
        })
        .collect()
}

fn one(key: &str, claims: &[&str]) -> (String, Vec<String>) {
    (
        key.to_owned(),
        claims.iter().map(ToString::to_string).collect(),
    )
}

fn policy() -> Policy {
    let key = Fingerprint::of("a key on the plan pro");
    let plain = Fingerprint::of("a key without a plan");
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": "unlimited" },
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
        "api_keys": { "keys": [{ "sha256": key.as_str(), "plan": "pro" }, { "sha256": plain.as_str() }] },
        "rules": [
            { "name": "health", "match": ["GET /health"], "exempt": true },
            { "name": "read", "match": ["GET /api/**"],
              "limit": { "role": { "admin": "600/minute", "root": "unlimited" }, "plan": { "pro": "120/minute" },
                         "default": "60/minute" } },
            { "name": "export", "match": ["GET /export"], "key": "api-key", "bucket": "heavy",
              "limit": { "plan": { "pro": "9/day" }, "default": "1/day" } },
            { "name": "swapped", "match": ["GET /swapped"], "key": "tenant", "limit": "7/day" },
            { "name": "burst", "also": true, "match": ["* /**"], "key": "user-or-ip", "limit": "10/second" },
            { "name": "tenant", "also": true, "match": ["* /**"], "key": "tenant",
              "limit": { "plan": { "pro": "500/minute" }, "default": "100/minute" } },
        ],
    });
    Policy::from_json(&policy.to_string()).unwrap()
}

#[test]
fn rules_on_the_same_key_are_one_call_and_those_on_other_keys_are_others() {
    let ada = bearer(json!({ "sub": "ada", "org": "acme" }));
    assert_eq!(
        asked(&policy(), "/api/tasks", &ada, ""),
        [
            one(
                "user:ada",
                &["read: 60 per 1 minute", "burst: 10 per 1 second"]
            ),
            one("tenant:acme", &["tenant: 100 per 1 minute"]),
        ]
    );
}

#[test]
fn a_rule_in_addition_does_not_apply_to_who_lacks_what_it_counts_by() {
    let anonymous = one(
        "ip:203.0.113.7",
        &["read: 60 per 1 minute", "burst: 10 per 1 second"],
    );
    assert_eq!(asked(&policy(), "/api/tasks", "", ""), [anonymous]);
}

#[test]
fn what_is_exempt_is_exempt_from_rules_in_addition_too() {
    assert_eq!(asked(&policy(), "/health", "", ""), []);
    let other = one("ip:203.0.113.7", &["burst: 10 per 1 second"]);
    assert_eq!(asked(&policy(), "/Health", "", ""), [other]);
}

#[test]
fn a_plan_or_a_role_has_limits_of_its_own_and_a_role_a_counter_too() {
    for (claims, read) in [
        (json!({ "plan": "pro" }), Some("read: 120 per 1 minute")),
        (json!({ "plan": "free" }), Some("read: 60 per 1 minute")),
        (json!({ "plan": ["pro"] }), Some("read: 60 per 1 minute")),
        (
            json!({ "role": "admin" }),
            Some("read@admin: 600 per 1 minute"),
        ),
        (
            json!({ "role": "admin", "plan": "pro" }),
            Some("read@admin: 600 per 1 minute"),
        ),
        (
            json!({ "role": ["member", "admin", "root"] }),
            Some("read@admin: 600 per 1 minute"),
        ),
        (json!({ "role": "root" }), None),
        (json!({ "role": "member" }), Some("read: 60 per 1 minute")),
    ] {
        let mut all = json!({ "sub": "ada" });
        all.as_object_mut()
            .unwrap()
            .extend(claims.as_object().unwrap().clone());
        let burst = "burst: 10 per 1 second";
        let expected: Vec<_> = read.into_iter().chain([burst]).collect();
        assert_eq!(
            asked(&policy(), "/api/tasks", &bearer(all), ""),
            [one("user:ada", &expected)],
            "{claims}"
        );
    }
}

#[test]
fn the_plan_is_that_of_the_api_key_where_it_is_counted_by_and_else_that_of_the_verified_user() {
    let key = |sent: &str| format!("x-api-key: {sent}\n");
    let named = |sent: &str| format!("api-key:{}", Fingerprint::of(sent).as_str());
    let (pro, plain) = ("a key on the plan pro", "a key without a plan");
    let free = bearer(json!({ "sub": "ada", "plan": "free" }));
    let user_on_pro = bearer(json!({ "sub": "ada", "plan": "pro" }));
    for (authorization, headers, export, read) in [
        (
            "",
            key(pro),
            (named(pro), "9 per 1 day"),
            "120 per 1 minute",
        ),
        (
            "",
            key(plain),
            (named(plain), "1 per 1 day"),
            "60 per 1 minute",
        ),
        (
            "",
            key("a guess"),
            ("ip:203.0.113.7".to_owned(), "1 per 1 day"),
            "60 per 1 minute",
        ),
        (
            free.as_str(),
            key(pro),
            (named(pro), "9 per 1 day"),
            "60 per 1 minute",
        ),
        (
            &user_on_pro,
            key(plain),
            (named(plain), "1 per 1 day"),
            "120 per 1 minute",
        ),
        (
            &user_on_pro,
            key("a guess"),
            ("ip:203.0.113.7".to_owned(), "9 per 1 day"),
            "120 per 1 minute",
        ),
    ] {
        let found = asked(&policy(), "/export", authorization, &headers);
        let claim = format!("heavy: {}", export.1);
        let (key, _) = found.iter().find(|(_, claims)| claims[0] == claim).unwrap();
        assert_eq!(*key, export.0);
        let found = asked(&policy(), "/api/tasks", authorization, &headers);
        assert_eq!(found[0].1[0], format!("read: {read}"));
    }
}

#[test]
fn a_token_is_looked_at_only_where_a_rule_asks_for_it() {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
        "default": { "limit": "1/day", "key": "ip" },
        "rules": [
            { "name": "user", "match": ["GET /user"], "limit": "1/day" , "key": "user" },
            { "name": "plan", "match": ["GET /plan"], "limit": { "plan": { "pro": "2/day" }, "default": "1/day" } },
            { "name": "role", "match": ["GET /role"], "limit": { "role": { "admin": "2/day" }, "default": "1/day" } },
        ],
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    // Whoever looks at this token finds that its key has to be fetched.
    let identification = Identification {
        verifier: Some(key_set_verifier()),
        ..identification()
    };
    let authorization = bearer(json!({ "sub": "ada" }));
    let credentials = Credentials {
        authorization: &authorization,
        ..Credentials::default()
    };
    for (target, is_looked_at) in [
        ("/", false),
        ("/user", true),
        ("/plan", true),
        ("/role", true),
    ] {
        let client = Client::new(&identification, credentials, 1_000_000);
        let _ = Asked::new(&policy.route("GET", target), &client, Mode::Enforce);
        assert_eq!(client.lacks_key(), is_looked_at, "{target}");
    }
}

#[test]
fn the_narrowest_key_is_asked_first_wherever_its_rule_stands() {
    let keys = ["global", "tenant", "header:x-a", "ip", "user"];
    let rules: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({ "name": key.replace(':', "-"), "also": true, "match": ["* /**"], "key": key, "limit": "9/day" })
        })
        .collect();
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
        "default": { "limit": "1/day", "key": ["tenant", "ip"] },
        "rules": rules,
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    let ada = bearer(json!({ "sub": "ada", "org": "acme" }));
    let found = asked(&policy, "/", &ada, "x-a: 1\n");
    let keys: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "user:ada",
            "tenant:acme+ip:203.0.113.7",
            "ip:203.0.113.7",
            "header:x-a:1",
            "tenant:acme",
            "global:"
        ]
    );
}

#[test]
fn rules_that_share_a_counter_take_from_it_once_and_the_stricter_holds() {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": "unlimited" },
        "rules": [
            { "name": "search", "match": ["GET /search"], "key": "ip", "bucket": "heavy", "limit": "9/minute;20/hour" },
            { "name": "export", "match": ["GET /export"], "key": "ip", "bucket": "heavy", "limit": "2/minute", "cost": 2,
              "count": "failures" },
        ],
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    let mut want: Option<Want> = None;
    for (index, rule) in policy.rules.iter().enumerate() {
        let counting = rule.counting().unwrap();
        let Allowance::Limits(limits) = &counting.allowances.default else {
            panic!("they are limited")
        };
        let next = Want {
            claim: Claim {
                counter: counting.bucket.clone(),
                limits: limits.clone(),
                cost: counting.cost,
                reserved_ms: u32::try_from(index).unwrap() * 1_000,
            },
            rules: vec![index],
        };
        match &mut want {
            None => want = Some(next),
            Some(want) => want.join(next),
        }
    }
    let Want { claim, rules } = want.unwrap();
    let limits: Vec<_> = claim.limits.iter().map(ToString::to_string).collect();
    assert_eq!(limits, ["2 per 1 minute", "20 per 1 hour"]);
    assert_eq!(
        (claim.cost.get(), claim.reserved_ms, rules),
        (2, 0, vec![0, 1])
    );
}

#[test]
fn a_limit_of_none_refuses_without_asking_anybody() {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": "0/minute;5/hour", "key": "ip" },
        "rules": [{ "name": "some", "match": ["GET /some"], "key": "ip", "limit": "1/minute" }],
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    let identification = identification();
    let client = Client::new(&identification, Credentials::default(), 0);
    let refused = |path| {
        let asked = Asked::new(&policy.route("GET", path), &client, Mode::Enforce);
        let decision = asked.refused_by_none(7_000)?;
        let by = asked.refused(&decision)?;
        Some((by.rule.name.clone(), by.limit.to_string(), by.wait))
    };
    let none = (
        "default".to_owned(),
        "0 per 1 minute".to_owned(),
        Refused::Never,
    );
    assert_eq!(refused("/"), Some(none));
    assert_eq!(refused("/some"), None);
}

#[test]
fn rules_in_shadow_mode_are_asked_apart() {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "mode": "shadow",
        "default": { "limit": "1/day", "mode": "enforce" },
        "rules": [{ "name": "all", "also": true, "match": ["* /**"], "key": "ip", "limit": "9/day" }],
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    let identification = identification();
    let client = Client::new(&identification, Credentials::default(), 0);
    let names = |mode| Asked::new(&policy.route("GET", "/"), &client, mode).names();
    assert_eq!(
        (names(Mode::Enforce), names(Mode::Shadow)),
        (vec!["default"], vec!["all"])
    );
}
