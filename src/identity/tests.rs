use serde_json::json;

use super::*;
use crate::testing::{bearer, identification};

const HERE: &str = "203.0.113.7";
const THERE: &str = "203.0.113.8";

fn key(words: &[&str], address: &str, authorization: &str, headers: &str) -> String {
    let identification = identification();
    let credentials = Credentials {
        address,
        authorization,
        headers,
    };
    let client = Client::new(&identification, credentials, 1_000_000);
    let kind = KeyKind::parse(words.iter().copied()).unwrap();
    let key = client.key(&kind).unwrap_or_else(|| client.address_key());
    key.to_string()
}

#[test]
fn a_verified_user_is_counted_as_herself_wherever_she_is() {
    let ada = bearer(json!({ "sub": "ada" }));
    for address in [HERE, THERE] {
        assert_eq!(key(&["user-or-ip"], address, &ada, ""), "user:ada");
        assert_eq!(key(&["user"], address, &ada, ""), "user:ada");
    }
}

#[test]
fn whoever_lacks_what_a_rule_counts_by_is_counted_by_address() {
    let unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
    for authorization in ["", "Bearer", "Bearer x", "Basic YTpi", unsigned] {
        for words in [
            &["user-or-ip"],
            &["user"],
            &["tenant"],
            &["claim:dept"],
            &["header:x-region"],
        ] {
            assert_eq!(
                key(words, HERE, authorization, "x-region: "),
                "ip:203.0.113.7",
                "{words:?}"
            );
        }
        assert_eq!(
            key(
                &["tenant", "header:x-region"],
                HERE,
                authorization,
                "x-region: eu"
            ),
            "ip:203.0.113.7"
        );
    }
    let without_tenant = bearer(json!({ "sub": "ada" }));
    assert_eq!(
        key(&["tenant"], HERE, &without_tenant, ""),
        "ip:203.0.113.7"
    );
}

#[test]
fn each_kind_counts_by_what_it_says() {
    let ada = bearer(json!({ "sub": "ada", "org": "acme", "dept": "sales" }));
    for (words, name) in [
        (&["ip"][..], "ip:203.0.113.7"),
        (&["tenant"], "tenant:acme"),
        (&["claim:dept"], "claim:dept:sales"),
        (&["header:X-Region"], "header:x-region:eu"),
        (&["global"], "global:"),
        (&["tenant", "ip"], "tenant:acme+ip:203.0.113.7"),
        (
            &["user-or-ip", "header:x-region"],
            "user:ada+header:x-region:eu",
        ),
    ] {
        assert_eq!(key(words, HERE, &ada, "x-other: us\nx-region: eu\n"), name);
    }
}

#[test]
fn a_user_who_is_called_like_an_address_is_still_a_user() {
    let odd = bearer(json!({ "sub": "ip:203.0.113.7" }));
    assert_eq!(key(&["user-or-ip"], HERE, &odd, ""), "user:ip:203.0.113.7");
    let odder = bearer(json!({ "sub": "ada+ip:203.0.113.7" }));
    assert!(key(&["user-or-ip"], HERE, &odder, "").starts_with("user#"));
}

#[test]
fn words_that_are_no_key_say_what_to_write() {
    for (words, expected) in [
        (&["planet"][..], "found \"planet\"; write \"ip\", \"user\""),
        (&["IP"], "found \"IP\"; write"),
        (
            &["header:"],
            "found \"header:\"; after the colon comes a name",
        ),
        (
            &["claim:a b"],
            "found \"claim:a b\"; after the colon comes a name",
        ),
        (&["ip", "ip"], "found \"ip\" twice in one key"),
        (&[], "found an empty list"),
    ] {
        let error = KeyKind::parse(words.iter().copied())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{words:?}: {error}");
    }
}
