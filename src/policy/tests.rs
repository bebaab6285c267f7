use serde_json::{Value, json};

use super::*;

mod wrong;

fn policy(rules: &Value) -> Result<Policy> {
    let policy = json!({
        "origin": "http://127.0.0.1:8000/",
        "default": { "limit": "100/minute" },
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
        "rules": rules,
    });
    Policy::from_json(&policy.to_string())
}

fn task_manager() -> Policy {
    policy(&json!([
        { "name": "health", "match": ["GET /health"], "exempt": true },
        { "name": "login", "match": ["POST /api/auth/*"], "key": "ip", "limit": "5/minute;20/hour",
          "algorithm": "sliding-log" },
        { "name": "read", "match": ["GET /api/**"], "limit": "60/minute" },
    ]))
    .unwrap()
}

#[test]
fn the_first_rule_that_matches_wins_and_the_default_has_the_rest() {
    let policy = task_manager();
    for (method, path, name) in [
        ("GET", "/health", "health"),
        ("POST", "/api/auth/login", "login"),
        ("POST", "/API/auth//login/", "login"),
        ("GET", "/api/auth/login", "read"),
        ("HEAD", "/api/tasks", "read"),
        ("DELETE", "/api/tasks", "default"),
        ("GET", "/", "default"),
    ] {
        assert_eq!(
            policy.route(method, path).rules().next().unwrap().name,
            name,
            "{method} {path}"
        );
    }
}

#[test]
fn what_only_looks_like_an_exempt_path_has_the_default_limit() {
    let policy = task_manager();
    for path in [
        "/Health",
        "/health/",
        "/%68ealth",
        "/health;x",
        "/api/../health",
        "//health",
    ] {
        let route = policy.route("GET", path);
        let names: Vec<_> = route.rules().map(|rule| rule.name.as_str()).collect();
        assert_eq!((route.is_exempt, names), (false, vec!["default"]), "{path}");
    }
}

#[test]
fn a_rules_limits_are_counted_as_the_rule_says() {
    let policy = task_manager();
    let counting = policy.rules[1].counting().unwrap();
    assert_eq!(counting.key.to_string(), "ip");
    let log = bouncer_durable::Algorithm::SlidingLog;
    let limits = bouncer_durable::Limit::parse_all("5/minute;20/hour").unwrap();
    let limits = limits
        .into_iter()
        .map(|limit| limit.counted_by(log).unwrap());
    assert_eq!(
        counting.allowances.default,
        Allowance::Limits(limits.collect())
    );
    assert_eq!(
        policy.origin,
        Origin::Url("http://127.0.0.1:8000".to_owned())
    );
    let expected = Forwarding {
        origin_timeout_ms: 30_000,
        upload_timeout_ms: 30_000,
        host: Host::Origin,
        rewrites_locations: true,
        zone_cache: false,
        empty_bodies: Framing::Length,
    };
    assert_eq!(policy.forwarding, expected);
}

#[test]
fn a_rule_without_a_key_counts_by_the_defaults() {
    let policy = task_manager();
    let counting = policy.rules[2].counting().unwrap();
    assert_eq!(counting.key.to_string(), "user-or-ip");
}

#[test]
fn rules_in_addition_stack_in_their_order_whatever_comes_between() {
    let policy = policy(&json!([
        { "name": "a", "also": true, "key": "ip", "match": ["* /**"], "limit": "1/day" },
        { "name": "read", "match": ["GET /api/**"], "limit": "60/minute" },
        { "name": "b", "also": true, "key": "global", "match": ["* /api/**"], "limit": "1/day" },
        { "name": "c", "also": true, "key": "ip", "match": ["* /api/**"], "limit": "1/day" },
    ]));
    let policy = policy.unwrap();
    let names = |method, path| {
        policy
            .route(method, path)
            .rules()
            .map(|rule| rule.name.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("GET", "/api/x"), ["read", "a", "b", "c"]);
    assert_eq!(names("PURGE", "/api"), ["default", "a", "b", "c"]);
    assert_eq!(names("GET", "/"), ["default", "a"]);
}

#[test]
fn rules_share_a_bucket_only_where_they_really_would() {
    let rules = |one: Value, two: Value| {
        let mut rules = json!([
            { "name": "one", "match": ["GET /one"], "limit": "1/day" },
            { "name": "two", "match": ["GET /two"], "limit": "1/day" },
        ]);
        for (rule, changes) in rules.as_array_mut().unwrap().iter_mut().zip([one, two]) {
            rule.as_object_mut()
                .unwrap()
                .extend(changes.as_object().unwrap().clone());
        }
        policy(&rules)
    };
    let shared = rules(json!({ "bucket": "heavy" }), json!({ "bucket": "heavy" })).unwrap();
    assert!(
        shared
            .rules
            .iter()
            .all(|rule| rule.counting().unwrap().bucket == "heavy")
    );
    assert!(rules(json!({}), json!({ "bucket": "one" })).is_ok());
    assert!(rules(json!({}), json!({ "bucket": "default" })).is_ok());
    for (one, two, expected) in [
        (
            json!({ "bucket": "two" }),
            json!({ "key": "ip" }),
            "BOUNCER.rules[1].bucket: shares \"two\" with rule \"one\", and counts by another key",
        ),
        (
            json!({}),
            json!({ "bucket": "one", "also": true, "key": "ip" }),
            "BOUNCER.rules[1].bucket: shares \"one\" with rule \"one\", a request would be charged",
        ),
        (
            json!({}),
            json!({ "bucket": "default", "key": "ip" }),
            "BOUNCER.rules[1].bucket: shares \"default\" with rule \"default\"",
        ),
        (
            json!({}),
            json!({ "bucket": "" }),
            "BOUNCER.rules[1].bucket: found \"\"; a name is",
        ),
    ] {
        let message = rules(one, two).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn a_key_that_a_client_chooses_is_a_warning_unless_its_address_is_bounded() {
    let doubtful = |api_keys: Value, also: Value| {
        let mut policy = json!({
            "origin": "http://a",
            "default": { "limit": "1/day", "key": "header:x-client" },
            "api_keys": api_keys,
            "rules": [
                { "name": "a", "match": ["GET /a"], "limit": "1/day", "key": ["header:x-a", "ip"] },
                { "name": "b", "match": ["GET /b"], "limit": "1/day", "key": "api-key" },
                { "name": "c", "match": ["GET /c"], "limit": "1/day", "key": "ip" },
            ],
        });
        policy["rules"]
            .as_array_mut()
            .unwrap()
            .extend(also.as_array().unwrap().clone());
        let warnings = Policy::from_json(&policy.to_string()).unwrap().warnings();
        warnings
            .into_iter()
            .filter(|warning| warning.name == "key-chosen-by-client")
            .map(|warning| warning.path)
            .collect::<Vec<_>>()
    };
    let also = |pattern: &str, key: &str| json!([{ "name": "all", "also": true, "match": [pattern], "key": key, "limit": "9/day" }]);
    let none = || json!([]);
    assert_eq!(
        doubtful(json!({}), none()),
        ["rules[0].key", "rules[1].key", "default.key"]
    );
    assert_eq!(
        doubtful(json!({ "keys": [] }), none()),
        ["rules[0].key", "default.key"]
    );
    assert_eq!(
        doubtful(json!({}), also("* /a", "ip")),
        ["rules[1].key", "default.key"]
    );
    assert_eq!(
        doubtful(json!({}), also("* /**", "global")),
        ["rules[0].key", "rules[1].key", "default.key"]
    );
    assert!(doubtful(json!({}), also("* /**", "ip")).is_empty());
}

#[test]
fn a_rule_that_can_never_match_is_named_with_the_one_that_covers_it() {
    let rules = json!([
        { "name": "read", "match": ["GET /api/**"], "limit": "60/minute" },
        { "name": "search", "match": ["GET /api/search"], "limit": "10/minute" },
    ]);
    let message = policy(&rules).unwrap_err().to_string();
    let expected =
        "BOUNCER.rules[1].match: can never match: rule \"read\" before it already has all";
    assert!(message.starts_with(expected), "{message}");

    let partly = json!([
        { "name": "health", "match": ["GET /api/health"], "exempt": true },
        { "name": "read", "match": ["GET /api/**"], "limit": "60/minute" },
        { "name": "rest", "match": ["GET /api/search", "POST /api/search"], "limit": "10/minute" },
    ]);
    assert!(policy(&partly).is_ok());
}

#[test]
fn a_key_is_one_word_or_a_list_and_the_headers_it_needs_are_known() {
    let rule = |name: &str, key: Value| json!({ "name": name, "match": [format!("GET /{name}")], "limit": "1/day", "key": key });
    let policy = policy(&json!([
        rule("a", json!("header:X-Region")),
        rule("b", json!(["tenant", "header:x-plan"])),
        rule("c", json!(["header:x-region", "ip"])),
    ]));
    assert_eq!(
        policy.unwrap().headers(),
        [
            "accept",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
            "x-plan",
            "x-region"
        ]
    );
}

#[test]
fn an_identifier_that_would_fall_under_something_stricter_is_a_warning_until_the_policy_says_what_a_slash_is()
 {
    let warned = |changes: Value, rules: Value| {
        let mut policy =
            json!({ "origin": "http://a", "default": { "limit": "100/minute" }, "rules": rules });
        let fields = policy.as_object_mut().unwrap();
        fields.extend(changes.as_object().unwrap().clone());
        let warnings = Policy::from_json(&policy.to_string()).unwrap().warnings();
        let text =
            |warning: Warning| format!("{} {} {}", warning.name, warning.path, warning.problem);
        warnings.into_iter().map(text).collect::<Vec<_>>()
    };
    let rule = |name: &str, pattern: &str, limit: &str| json!({ "name": name, "match": [pattern], "limit": limit });
    let files = || {
        json!([
            rule("acl", "GET /files/{id}/acl", "5/minute"),
            rule("upload", "PUT /files/{id}", "5/minute"),
            rule("files", "GET /files/{id}", "600/minute"),
        ])
    };
    let warnings = warned(json!({}), files());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let expected = "encoded-slash rules[2].match[0] a request for GET /files/{id} whose parameter contains %2F also counts under \
                    rule \"acl\", \"default\", which allows less";
    assert!(warnings[0].starts_with(expected), "{warnings:?}");
    for said in ["data", "separator"] {
        assert!(warned(json!({ "encoded_slashes": said }), files()).is_empty());
    }
    for rules in [
        json!([rule("files", "GET /files/{id}", "60/minute")]),
        json!([rule("files", "GET /files/**", "600/minute")]),
        json!([
            rule("files", "GET /files/{id}", "600/minute"),
            rule("rest", "GET /**", "700/minute")
        ]),
    ] {
        assert_eq!(warned(json!({}), rules.clone()), [""; 0], "{rules}");
    }
}
