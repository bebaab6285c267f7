//! Policies that are wrong, and what they are told.

use serde_json::{Value, json};

use super::policy;
use crate::policy::Policy;

#[test]
fn a_wrong_rule_names_its_field_and_says_what_would_be_right() {
    let rule = |changes: Value| {
        let mut rule = json!({ "name": "read", "match": ["GET /api/**"], "limit": "60/minute" });
        for (field, value) in changes.as_object().unwrap() {
            if value.is_null() {
                rule.as_object_mut().unwrap().remove(field);
            } else {
                rule[field] = value.clone();
            }
        }
        json!([rule])
    };
    for (changes, expected) in [
        (
            json!({ "limt": 1 }),
            "BOUNCER.rules[0].limt: unknown field `limt`, expected one of",
        ),
        (
            json!({ "limit": null }),
            "BOUNCER.rules[0].limit: missing; write how much is allowed",
        ),
        (
            json!({ "limit": 5 }),
            "BOUNCER.rules[0].limit: invalid type: integer `5`, expected a limit such as \"60/minute\", or a table",
        ),
        (
            json!({ "limit": "60/min" }),
            "BOUNCER.rules[0].limit: \"60/▸min\": expected second, minute,",
        ),
        (
            json!({ "limit": "60/minute;9/60 seconds" }),
            "BOUNCER.rules[0].limit: found \"60 per 1 minute\" and",
        ),
        (
            json!({ "limit": "20000/day", "algorithm": "sliding-log" }),
            "BOUNCER.rules[0].limit: a sliding log",
        ),
        (
            json!({ "limit": { "plan": { "pro": "60/minute" } } }),
            "BOUNCER.rules[0].limit: missing field `default`",
        ),
        (
            json!({ "limit": { "plans": {}, "default": "60/minute" } }),
            "BOUNCER.rules[0].limit.plans: unknown field `plans`, expected one of",
        ),
        (
            json!({ "limit": { "plan": { "pro": "60/min" }, "default": "60/minute" } }),
            "BOUNCER.rules[0].limit.plan.pro: \"60/▸min\": expected second, minute,",
        ),
        (
            json!({ "limit": { "role": { "admin": 60 }, "default": "60/minute" } }),
            "BOUNCER.rules[0].limit.role.admin: invalid type: integer `60`, expected a string",
        ),
        (
            json!({ "also": true }),
            "BOUNCER.rules[0].key: missing; a rule with \"also\" says who else is counted",
        ),
        (
            json!({ "also": true, "exempt": true, "limit": null }),
            "BOUNCER.rules[0].also: an exempt rule counts nothing",
        ),
        (
            json!({ "key": "api-key" }),
            "BOUNCER.rules[0].key: found \"api-key\", but without [vars.BOUNCER.api_keys] no header",
        ),
        (
            json!({ "exempt": true }),
            "BOUNCER.rules[0].limit: an exempt rule counts nothing",
        ),
        (
            json!({ "key": "planet" }),
            "BOUNCER.rules[0].key: found \"planet\"; write \"ip\"",
        ),
        (
            json!({ "algorithm": "leaky" }),
            "BOUNCER.rules[0].algorithm: found \"leaky\"; write one of \"fixed-window\", \"sliding-window\"",
        ),
        (
            json!({ "burst": 5 }),
            "BOUNCER.rules[0].burst: only a token bucket has a burst",
        ),
        (
            json!({ "burst": 0, "algorithm": "token-bucket" }),
            "BOUNCER.rules[0].burst: a token bucket needs",
        ),
        (
            json!({ "name": "a b" }),
            "BOUNCER.rules[0].name: found \"a b\"; a name is",
        ),
        (
            json!({ "name": "default" }),
            "BOUNCER.rules[0].name: found \"default\" a second time",
        ),
        (
            json!({ "match": [] }),
            "BOUNCER.rules[0].match: found no patterns",
        ),
        (
            json!({ "match": ["GET /a", "/b"] }),
            "BOUNCER.rules[0].match[1]: found \"/b\"; write a method",
        ),
    ] {
        let message = policy(&rule(changes.clone())).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{changes}: {message}");
    }
}

#[test]
fn a_wrong_policy_names_its_field_and_says_what_would_be_right() {
    for (json, expected) in [
        (
            json!({ "default": { "limit": "1/day" }, "origin_timeout_ms": 0 }),
            "BOUNCER.origin_timeout_ms: found 0; write a number of milliseconds from 1",
        ),
        (
            json!({ "default": { "limit": "1/day" }, "origin_timeout_ms": 600_001 }),
            "BOUNCER.origin_timeout_ms: found 600001",
        ),
        (
            json!({ "default": { "limit": "1/day" }, "upload_timeout_ms": 0 }),
            "BOUNCER.upload_timeout_ms: found 0; write a number of milliseconds from 1 to 600000",
        ),
        (
            json!({ "default": { "limit": "1/day" }, "origin_host": "client" }),
            "BOUNCER.origin_host: the Worker bound as ORIGIN gets the client's own URL and Host; remove",
        ),
        (
            json!({ "origin": "http://a", "origin_host": "mine", "default": { "limit": "1/day" } }),
            "BOUNCER.origin_host: unknown variant `mine`, expected `origin` or `client`",
        ),
        (
            json!({ "origin": "http://a" }),
            "BOUNCER: missing field `default`",
        ),
        (
            json!({ "origin": "a.example", "default": { "limit": "1/day" } }),
            "BOUNCER.origin: found \"a.example\"",
        ),
        (
            json!({ "origin": "http://a?b", "default": { "limit": "1/day" } }),
            "BOUNCER.origin: found \"http://a?b\"",
        ),
        (
            json!({ "origin": "http://", "default": { "limit": "1/day" } }),
            "BOUNCER.origin: found \"http://\"",
        ),
        (
            json!({ "origin": "http://a:banana", "default": { "limit": "1/day" } }),
            "BOUNCER.origin: found \"http://a:banana\"",
        ),
        (
            json!({ "origin": "http://a", "default": {} }),
            "BOUNCER.default: missing field `limit`",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day", "key": "user" } }),
            "BOUNCER.default.key: found \"user\", but without [vars.BOUNCER.jwt] no token",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day" },
                    "jwt": { "algorithm": "none", "secret": "S" } }),
            "BOUNCER.jwt.algorithm: found \"none\"; write one of \"HS256\", \"HS384\", \"HS512\", \"ES256\"",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day" }, "ipv6_prefix": 0 }),
            "BOUNCER.ipv6_prefix: found 0; write a number of bits from 1 to 128",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": { "plan": { "pro": "2/day" }, "default": "1/day" } } }),
            "BOUNCER.default.limit.plan: nobody has a plan under this policy; say in [vars.BOUNCER.jwt]",
        ),
        (
            json!({ "origin": "http://a", "api_keys": {},
                    "default": { "limit": { "role": { "admin": "2/day" }, "default": "1/day" } } }),
            "BOUNCER.default.limit.role: nobody has a role under this policy; say in [vars.BOUNCER.jwt]",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day" }, "api_keys": { "header": "a b" } }),
            "BOUNCER.api_keys.header: found \"a b\"; write the name of a header",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day" },
                    "api_keys": { "keys": [{ "sha256": "a secret" }] } }),
            "BOUNCER.api_keys.keys[0].sha256: found something else than 64 hexadecimal digits",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day" }, "refund_unreachable": [521, 404] }),
            "BOUNCER.refund_unreachable: found 404; write statuses from 500 to 599",
        ),
        (
            json!({ "origin": "http://a", "default": { "limit": "1/day", "key": "global" },
                    "rules": counted_by(["a", "b", "c", "d", "e", "f"]) }),
            "BOUNCER.default.key: is the 7th kind of key, and a request asks at most 6 ledgers",
        ),
        (json!([]), "BOUNCER: "),
    ] {
        let message = Policy::from_json(&json.to_string())
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(expected), "{json}: {message}");
    }
    let cut_off = Policy::from_json("{").unwrap_err().to_string();
    assert!(cut_off.starts_with("BOUNCER: EOF"), "{cut_off}");
}

/// A rule for each of these headers, counted by it.
fn counted_by<const N: usize>(headers: [&str; N]) -> Value {
    let rules = headers.map(|name| {
        json!({ "name": name, "match": [format!("GET /{name}")], "key": format!("header:{name}"), "limit": "1/day" })
    });
    rules.into_iter().collect()
}
