use serde_json::json;

use super::*;
use crate::testing::{bearer, identification};

mod credentials;

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
    let kind = KeyKind::all(words.iter().copied()).unwrap();
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
fn the_first_of_several_keys_that_is_there_is_counted_by_with_the_plan_and_the_roles_that_belong_to_it()
 {
    let fingerprint = |key: &str| Fingerprint::of(key);
    let listed = [("partner", Some("gold".to_owned())), ("plain", None)];
    let listed = listed.map(|(key, plan)| (fingerprint(key), plan));
    let identification = Identification {
        api_keys: Some(ApiKeys {
            header: "x-api-key".to_owned(),
            listed: Some(listed.into()),
        }),
        ..identification()
    };
    let kind = KeyKind::first(["api-key", "user", "ip"]).unwrap();
    let ada = bearer(json!({ "sub": "ada", "plan": "pro", "role": "admin" }));
    let anonymous = ("ip:203.0.113.7".to_owned(), None, false);
    let user = ("user:ada".to_owned(), Some("pro"), true);
    let partner = |key: &str, plan| {
        let name = Key::new([("api-key", fingerprint(key).as_str())]);
        (name.to_string(), plan, false)
    };
    for (authorization, headers, expected) in [
        ("", "", anonymous.clone()),
        (&*ada, "", user.clone()),
        ("", "x-api-key: partner", partner("partner", Some("gold"))),
        (&ada, "x-api-key: partner", partner("partner", Some("gold"))),
        (&ada, "x-api-key: plain", partner("plain", None)),
        (&ada, "x-api-key: unknown", user),
        ("Bearer x", "x-api-key: unknown", anonymous),
    ] {
        let credentials = Credentials {
            address: HERE,
            authorization,
            headers,
        };
        let client = Client::new(&identification, credentials, 1_000_000);
        let found = (
            client.key(&kind).unwrap().to_string(),
            client.plan(&kind),
            client.roles(&kind).any(|role| role == "admin"),
        );
        assert_eq!(found, expected, "{authorization} {headers}");
    }
}

#[test]
fn a_list_of_which_the_first_counts_has_nothing_behind_what_is_always_there() {
    for words in [
        &["ip", "user"][..],
        &["user-or-ip", "api-key"],
        &["global", "ip"],
    ] {
        let error = KeyKind::first(words.iter().copied()).unwrap_err();
        assert_eq!(error, KindError::Always(words[0].to_owned()));
    }
    assert!(KeyKind::first(["api-key", "user-or-ip"]).is_ok());
    assert_eq!(KeyKind::first([]), Err(KindError::Nothing));
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
            &["claim:"],
            "found \"claim:\"; after the colon comes the name of a claim",
        ),
        (&["ip", "ip"], "found \"ip\" twice in one key"),
        (&[], "found an empty list"),
    ] {
        let error = KeyKind::all(words.iter().copied()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{words:?}: {error}");
    }
}

#[test]
#[cfg(feature = "eddsa")]
fn keys_are_lacking_or_old_only_where_a_rule_asks_for_a_token_that_is_worth_it() {
    use jwt::{Algorithm, Requirements};

    const HOUR_MS: u64 = 3_600_000;
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/tokens.json")).unwrap();
    let vectors = vectors["algorithms"].as_array().unwrap();
    let vector = vectors.iter().find(|it| it["name"] == "EdDSA").unwrap();
    let genuine = format!("Bearer {}", vector["genuine"].as_str().unwrap());
    let set = json!({ "keys": [vector["jwk"]] }).to_string();
    let requirements = Requirements {
        algorithm: Algorithm::EdDsa,
        issuer: None,
        audiences: Vec::new(),
        leeway_ms: 0,
        claims: vec!["sub".to_owned()],
    };
    let identification = Identification {
        verifier: Some(Verifier::key_set(requirements, "https://issuer/keys")),
        user_claim: "sub".to_owned(),
        ipv6_prefix: 64,
        ..Identification::default()
    };
    let verifier = identification.verifier.as_ref().unwrap();
    // The key, whether keys are lacking, and whether they are old.
    let asked = |word: &str, authorization: &str, now_ms: u64| {
        let credentials = Credentials {
            address: HERE,
            authorization,
            headers: "",
        };
        let client = Client::new(&identification, credentials, now_ms);
        let key = client.key(&KeyKind::all([word]).unwrap());
        let key = key.unwrap_or_else(|| client.address_key()).to_string();
        (key, client.lacks_key(), client.has_stale_key())
    };
    let address = |lacks_key| ("ip:203.0.113.7".to_owned(), lacks_key, false);
    let user = |is_stale| ("user:ada".to_owned(), false, is_stale);

    assert_eq!(asked("ip", &genuine, 0), address(false));
    assert_eq!(asked("user", "Bearer a.b.c", 0), address(false));
    assert_eq!(asked("user", &genuine, 0), address(true));
    assert!(verifier.ask(0).is_some());
    assert_eq!(asked("user", &genuine, 1), address(true), "under way");
    verifier.answered(Some(&set), 1).unwrap();
    assert_eq!(asked("user", &genuine, 2), user(false));
    assert_eq!(asked("user", &genuine, HOUR_MS), user(true));
    assert_eq!(asked("ip", &genuine, HOUR_MS), address(false));
    assert_eq!(asked("user", "Bearer a.b.c", HOUR_MS), address(false));

    // A set without any key changes nothing.
    assert!(verifier.ask(HOUR_MS).is_some());
    verifier
        .answered(Some(r#"{"keys":[]}"#), HOUR_MS)
        .unwrap_err();
    assert_eq!(asked("user", &genuine, HOUR_MS + 1), user(false));

    // The key is withdrawn, and with it what is remembered.
    let other = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] });
    assert!(verifier.ask(HOUR_MS + 1_000).is_some());
    verifier
        .answered(Some(&other.to_string()), HOUR_MS + 1_000)
        .unwrap();
    assert_eq!(asked("user", &genuine, HOUR_MS + 1_001), address(false));
}
