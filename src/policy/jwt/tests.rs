use serde_json::{Value, json};

use super::*;
use crate::policy::Policy;

#[cfg(all(feature = "eddsa", feature = "es256", feature = "rs256"))]
mod keys;

const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";

fn jwt(jwt: &Value) -> Result<Jwt> {
    let policy = json!({ "origin": "http://a", "default": { "limit": "1/day" }, "jwt": jwt });
    Policy::from_json(&policy.to_string()).map(|policy| policy.jwt.unwrap())
}

fn problem(source: &Value) -> String {
    jwt(source)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn what_is_not_said_has_its_default() {
    let found = jwt(&json!({ "algorithm": "HS384", "secret": "S" })).unwrap();
    let expected = Jwt {
        requirements: Requirements {
            algorithm: Algorithm::Hs384,
            issuer: None,
            audiences: Vec::new(),
            leeway_ms: 0,
            claims: Vec::new(),
        },
        key: KeySource::Secret("S".to_owned()),
        user_claim: "sub".to_owned(),
        tenant_claim: "org".to_owned(),
        role_claim: "role".to_owned(),
        plan_claim: "plan".to_owned(),
    };
    assert_eq!(found, expected);
}

#[test]
fn what_is_said_is_taken() {
    let found = jwt(&json!({
        "algorithm": "HS256", "secret": "S", "issuer": "https://i", "audience": ["a", "b"], "leeway_s": 300,
        "user": "uid", "tenant": "tid", "role": "r", "plan": "p",
    }));
    let found = found.unwrap();
    assert_eq!(found.requirements.issuer.as_deref(), Some("https://i"));
    assert_eq!(found.requirements.audiences, ["a", "b"]);
    assert_eq!(found.requirements.leeway_ms, 300_000);
    let claims = [
        found.user_claim,
        found.tenant_claim,
        found.role_claim,
        found.plan_claim,
    ];
    assert_eq!(claims, ["uid", "tid", "r", "p"]);
    let one = jwt(&json!({ "algorithm": "HS256", "secret": "S", "audience": "a" })).unwrap();
    assert_eq!(one.requirements.audiences, ["a"]);
}

#[test]
fn each_field_that_is_wrong_is_named_with_what_would_be_right() {
    for (changes, expected) in [
        (
            json!({ "algorithm": "hs256" }),
            "jwt.algorithm: found \"hs256\"; write one of \"HS256\"",
        ),
        (
            json!({ "algorithm": null }),
            "jwt.algorithm: invalid type: null",
        ),
        (
            json!({ "secret": "" }),
            "jwt.secret: found \"\"; write the name of",
        ),
        (
            json!({ "jwks": "https://a" }),
            "jwt.jwks: HS256 is verified with a shared secret",
        ),
        (
            json!({ "public_key": PEM }),
            "jwt.public_key: HS256 is verified with a shared secret",
        ),
        (
            json!({ "issuer": "" }),
            "jwt.issuer: found \"\"; write the issuer",
        ),
        (json!({ "audience": [] }), "jwt.audience: found none; write"),
        (
            json!({ "audience": ["a", ""] }),
            "jwt.audience: found none; write",
        ),
        (
            json!({ "audience": 7 }),
            "jwt.audience: expected an audience, or a list of them",
        ),
        (
            json!({ "leeway_s": 301 }),
            "jwt.leeway_s: found 301; write 0 to 300 seconds",
        ),
        (
            json!({ "leeway_s": -1 }),
            "jwt.leeway_s: invalid value: integer `-1`",
        ),
        (
            json!({ "role": "" }),
            "jwt.role: found \"\"; write the name of a claim, as in \"role\"",
        ),
        (
            json!({ "leeway": 1 }),
            "jwt.leeway: unknown field `leeway`, expected one of",
        ),
    ] {
        let mut source = json!({ "algorithm": "HS256", "secret": "S" });
        for (name, value) in changes.as_object().unwrap() {
            source[name] = value.clone();
        }
        let message = problem(&source);
        assert!(
            message.starts_with(&format!("BOUNCER.{expected}")),
            "{changes}: {message}"
        );
    }
    let without = problem(&json!({ "algorithm": "HS256" }));
    assert!(
        without.starts_with("BOUNCER.jwt: has no key; write secret ="),
        "{without}"
    );
    let without = problem(&json!({ "secret": "S" }));
    assert!(
        without.starts_with("BOUNCER.jwt: missing field `algorithm`"),
        "{without}"
    );
}

#[test]
fn an_algorithm_that_is_not_compiled_in_names_its_feature() {
    for algorithm in Algorithm::ALL {
        let message = problem(&json!({ "algorithm": algorithm.name(), "secret": "S" }));
        let is_told = message.contains("which is not compiled in; add \"");
        assert_eq!(is_told, algorithm.missing_feature().is_some(), "{message}");
    }
}
