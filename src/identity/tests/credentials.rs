//! What is sent and proves nothing, or proves two things.

use serde_json::json;

use super::*;
use crate::admission::Asked;
use crate::policy::{Mode, Policy};

/// What a rule of this kind makes of a request.
fn judged(
    kind: &str,
    authorization: &str,
    headers: &str,
    unverified: Unverified,
) -> (bool, Option<u16>) {
    let listed = ["one", "other"].map(|key| (Fingerprint::of(key), None));
    let identification = Identification {
        unverified,
        api_keys: Some(ApiKeys {
            header: "x-api-key".to_owned(),
            listed: Some(listed.into()),
        }),
        ..identification()
    };
    let credentials = Credentials {
        address: HERE,
        authorization,
        headers,
    };
    let client = Client::new(&identification, credentials, 1_000_000);
    let kind = KeyKind::all([kind]).unwrap();
    let _ = client.key(&kind);
    let refusal = client.refusal().map(|refusal| refusal.status());
    (client.falls_short(&kind), refusal)
}

#[test]
fn what_proves_nothing_falls_short_or_is_refused_and_nothing_at_all_is_neither() {
    let (ada, bob) = (
        bearer(json!({ "sub": "ada" })),
        bearer(json!({ "sub": "bob" })),
    );
    let nobody = bearer(json!({ "org": "acme" }));
    let both = format!("{ada}, {bob}");
    for (kind, authorization, headers, falls_short, refused) in [
        ("user", "", "", false, None),
        ("user", ada.as_str(), "", false, None),
        ("user", "Basic YTpi", "", false, None),
        ("user", "Bearer x", "", true, Some(401)),
        ("tenant", "Bearer x", "", true, Some(401)),
        ("claim:dept", "Bearer x", "", true, Some(401)),
        // Verified, and without what is counted by.
        ("tenant", &ada, "", false, None),
        ("user", &nobody, "", true, Some(401)),
        ("tenant", &nobody, "", false, None),
        // Nobody asks for the token.
        ("ip", "Bearer x", "", false, None),
        ("api-key", "Bearer x", "", false, None),
        ("api-key", "", "x-api-key: one\n", false, None),
        ("api-key", "", "x-api-key: guess\n", true, Some(401)),
        ("header:x-a", "", "x-a: \0\n", true, None),
        ("header:x-a", "", "", false, None),
    ] {
        let case = format!("{kind} {authorization} {headers}");
        let judged = |unverified| judged(kind, authorization, headers, unverified);
        assert_eq!(judged(Unverified::Address), (falls_short, None), "{case}");
        assert_eq!(judged(Unverified::Refuse), (falls_short, refused), "{case}");
    }
    for (kind, authorization, headers) in [
        ("user", both.as_str(), ""),
        ("tenant", "\0", ""),
        ("api-key", "", "x-api-key: one, other\n"),
        ("api-key", "", "x-api-key: \0\n"),
        ("header:x-a", "", "x-a: M\u{fffd}ller\n"),
    ] {
        for unverified in [Unverified::Address, Unverified::Refuse] {
            assert_eq!(
                judged(kind, authorization, headers, unverified).1,
                Some(400),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_token_of_which_two_spellings_say_the_same_is_one_users() {
    let ada = bearer(json!({ "sub": "ada", "x": 1 }));
    let again = bearer(json!({ "sub": "ada", "x": 2 }));
    assert_eq!(
        key(&["user"], HERE, &format!("{ada}, {again}"), ""),
        "user:ada"
    );
    // The same user of two tenants: which one the origin reads cannot be known.
    let elsewhere = bearer(json!({ "sub": "ada", "org": "acme" }));
    let both = format!("{ada}, {elsewhere}");
    assert_eq!(
        judged("tenant", &both, "", Unverified::Address).1,
        Some(400)
    );
}

#[test]
fn a_claim_of_any_name_has_a_key_of_its_own() {
    let identification = Identification {
        verifier: jwt::Verifier::hs256_reading(&["sub", "https://acme.example/tenant", "a:b", "a"]),
        user_claim: "sub".to_owned(),
        ..identification()
    };
    let token =
        bearer(json!({ "sub": 7, "https://acme.example/tenant": "x+y", "a:b": "c", "a": "b:c" }));
    let credentials = Credentials {
        authorization: &token,
        ..Credentials::default()
    };
    let client = Client::new(&identification, credentials, 1_000_000);
    let key = |word: &str| {
        client
            .key(&KeyKind::all([word]).unwrap())
            .unwrap()
            .to_string()
    };
    assert_eq!(key("user"), "user:7");
    let tenant = key("claim:https://acme.example/tenant");
    assert!(
        tenant.starts_with("claim:https%3a%2f%2facme.example%2ftenant#"),
        "{tenant}"
    );
    assert_eq!(
        (key("claim:a:b"), key("claim:a")),
        ("claim:a%3ab:c".to_owned(), "claim:a:b:c".to_owned())
    );
}

#[test]
fn a_request_of_another_customers_worker_counts_by_its_zone_and_only_from_where_these_come() {
    let zone = "cf-worker: Other.example\n";
    assert_eq!(
        key(&["ip"], "2a06:98c0:3600::103", "", zone),
        "worker:other.example"
    );
    assert_eq!(
        key(&["user"], "2a06:98c0:3600::103", "", zone),
        "worker:other.example"
    );
    assert_eq!(key(&["ip"], HERE, "", zone), "ip:203.0.113.7");
    assert_eq!(
        key(&["ip"], "2a06:98c0:3600::103", "", ""),
        "ip:2a06:98c0:3600::/64"
    );
}

#[test]
fn a_request_without_an_address_is_told_of_where_it_is_counted_by_that() {
    let identification = identification();
    let reasons = |address: &str, word: &str| {
        let ada = bearer(json!({ "sub": "ada" }));
        let credentials = Credentials {
            address,
            authorization: &ada,
            headers: "",
        };
        let client = Client::new(&identification, credentials, 1_000_000);
        let _ = client.key(&KeyKind::all([word]).unwrap());
        client.reasons().collect::<Vec<_>>()
    };
    assert_eq!(reasons("", "ip"), [Reason::NoAddress]);
    assert_eq!(reasons("nowhere", "ip"), [Reason::NoAddress]);
    assert_eq!(reasons("", "user-or-ip"), []);
    assert_eq!(reasons(HERE, "ip"), []);
}

/// The token with another letter in its signature.
fn forged(token: &str) -> String {
    let (before, rest) = token.split_at(token.len() - 20);
    let letter = if rest.starts_with('A') { 'B' } else { 'A' };
    format!("{before}{letter}{}", rest.get(1..).unwrap_or_default())
}

/// A flood of tokens that name the right key and have a wrong signature.
#[test]
fn a_flood_of_forged_tokens_costs_a_few_checks_a_second_and_touches_nobody() {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
        "default": { "limit": "5/day" },
    });
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    let identification = identification();
    let verifier = identification.verifier.as_ref().unwrap();
    let ask = |address: &str, authorization: &str, now_ms: u64| {
        let credentials = Credentials {
            address,
            authorization,
            headers: "",
        };
        let client = Client::new(&identification, credentials, now_ms);
        let asked = Asked::new(&policy.route("GET", "/"), &client, Mode::Enforce);
        let key = asked.calls[0].key.to_string();
        (key, client.refusal().map(|refusal| refusal.status()))
    };
    let by_user = |name: &str| (format!("user:{name}"), None);
    let ada = bearer(json!({ "sub": "ada" }));
    assert_eq!(ask(HERE, &ada, 1_000_000), by_user("ada"));
    assert_eq!(verifier.checks(), 1);
    let mut unchecked = 0;
    for number in 0..10_000_u64 {
        let forged = forged(&bearer(json!({ "sub": number })));
        let (key, refusal) = ask(HERE, &forged, 1_000_000 + number / 10);
        // Whoever is refused from memory has the key of the address, and is refused by it first.
        assert_eq!(key, "ip:203.0.113.7");
        unchecked += u32::from(refusal == Some(503));
        // In the middle of it a known token is known, and another address is not touched.
        if number % 1_000 == 0 {
            assert_eq!(ask(HERE, &ada, 1_000_000), by_user("ada"));
        }
    }
    // All in a second: one check of hers, and those that an address has.
    assert!(verifier.checks() <= 1 + 2 * 8, "{}", verifier.checks());
    assert!(unchecked >= 9_900, "{unchecked}");
    let new = bearer(json!({ "sub": "new" }));
    assert_eq!(ask(THERE, &new, 1_000_500), by_user("new"));
    // The same forged token again is known to be one.
    let before = verifier.checks();
    let same = forged(&new);
    for second in 0..100 {
        assert_eq!(
            ask("203.0.113.9", &same, 1_100_000 + second * 1_000).0,
            "ip:203.0.113.9"
        );
    }
    assert!(
        verifier.checks() <= before + 1,
        "{}",
        verifier.checks() - before
    );
}
