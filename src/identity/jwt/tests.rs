use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key};
use jwt_compact::{Algorithm as Signing, AlgorithmExt, Claims as Standard, Header};
use serde_json::{Value, json};

use super::*;

mod models;
mod readings;
mod vectors;
use base64ct::Base64UrlUnpadded;
use jwt_compact::AlgorithmSignature as _;

const SECRET: &[u8] = b"an example secret of 32 bytes...";
const NOW_MS: u64 = 1_000_000_500;
const NOW_S: i64 = 1_000_000;

fn signed<A: Signing>(algorithm: &A, key: &A::SigningKey, claims: Value) -> String {
    // Registered claims go in by hand, so that the wrong ones can be made too.
    algorithm
        .token(&Header::empty(), &Standard::new(claims), key)
        .unwrap()
}

fn requirements(algorithm: super::Algorithm) -> Requirements {
    Requirements {
        algorithm,
        issuer: None,
        audiences: Vec::new(),
        leeway_ms: 0,
        claims: ["sub", "org", "role", "plan", "e"]
            .map(str::to_owned)
            .into(),
    }
}

impl Verifier {
    /// HS256 under this secret, and nothing else required.
    pub(crate) fn hs256(secret: &[u8]) -> Self {
        Self::shared(requirements(super::Algorithm::Hs256), secret).unwrap()
    }

    /// The same verifier as in the other tests, which reads these claims.
    pub(crate) fn hs256_reading(claims: &[&str]) -> Option<Self> {
        let requirements = Requirements {
            claims: claims.iter().map(|name| (*name).to_owned()).collect(),
            ..requirements(super::Algorithm::Hs256)
        };
        Self::shared(requirements, SECRET)
    }

    /// What the header proves that comes from an address which has sent nothing before.
    fn judge(&self, authorization: &str, now_ms: u64) -> Verdict {
        let new = self.checks();
        self.verify(authorization, || format!("address {new}"), now_ms)
    }
}

fn token(claims: Value) -> String {
    signed(&Hs256, &Hs256Key::new(SECRET), claims)
}

/// A token whose claims are this text, whatever it is.
fn token_of(claims: &str) -> String {
    let parts = [r#"{"alg":"HS256"}"#, claims]
        .map(|text| Base64UrlUnpadded::encode_string(text.as_bytes()));
    let text = parts.join(".");
    let signature = Hs256.sign(&Hs256Key::new(SECRET), text.as_bytes());
    let signature = Base64UrlUnpadded::encode_string(&signature.as_bytes());
    format!("{text}.{signature}")
}

fn text(verdict: &Verdict, name: &str) -> Option<String> {
    match verdict {
        Verdict::Verified(claims) => claims.text(name).map(str::to_owned),
        Verdict::Absent | Verdict::Unverified(_) => None,
        other => panic!("{other:?}"),
    }
}

fn user_at(authorization: &str, now_ms: u64) -> Option<String> {
    text(&Verifier::hs256(SECRET).judge(authorization, now_ms), "sub")
}

fn user(authorization: &str) -> Option<String> {
    user_at(authorization, NOW_MS)
}

#[test]
fn a_good_token_proves_its_subject_until_the_moment_it_expires() {
    let good = token(json!({ "sub": "ada", "exp": NOW_S + 1 }));
    assert_eq!(user(&format!("Bearer {good}")).as_deref(), Some("ada"));
    assert_eq!(user(&format!("bearer   {good} ")).as_deref(), Some("ada"));
    assert_eq!(
        user_at(&format!("Bearer {good}"), 1_000_000_999).as_deref(),
        Some("ada")
    );
    assert_eq!(user_at(&format!("Bearer {good}"), 1_000_001_000), None);
}

#[test]
fn any_other_token_proves_nothing() {
    let good = token(json!({ "sub": "ada", "exp": NOW_S + 60 }));
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for (what, token) in [
        ("no expiry", token(json!({ "sub": "ada" }))),
        ("expired", token(json!({ "sub": "ada", "exp": NOW_S - 1 }))),
        (
            "not yet valid",
            token(json!({ "sub": "ada", "exp": NOW_S + 60, "nbf": NOW_S + 30 })),
        ),
        ("no subject", token(json!({ "exp": NOW_S + 60 }))),
        (
            "an empty subject",
            token(json!({ "sub": "", "exp": NOW_S + 60 })),
        ),
        (
            "a subject that is no name",
            token(json!({ "sub": 7.5, "exp": NOW_S + 60 })),
        ),
        (
            "a negative expiry",
            token(json!({ "sub": "ada", "exp": i64::MIN })),
        ),
        (
            "another secret",
            signed(
                &Hs256,
                &Hs256Key::new(b"another"),
                json!({ "sub": "ada", "exp": NOW_S + 60 }),
            ),
        ),
        (
            "another algorithm",
            signed(
                &Hs384,
                &Hs384Key::new(SECRET),
                json!({ "sub": "ada", "exp": NOW_S + 60 }),
            ),
        ),
        ("alg none, no signature", format!("{none}.{}.", parts[1])),
        (
            "alg none, old signature",
            format!("{none}.{}.{}", parts[1], parts[2]),
        ),
        ("no signature", format!("{}.{}", parts[0], parts[1])),
        ("not base64", "a.b.c".to_owned()),
        ("an array for claims", token_of("[]")),
        ("nothing", String::new()),
    ] {
        assert_eq!(user(&format!("Bearer {token}")), None, "{what}");
    }
}

#[test]
fn changing_any_character_of_a_token_voids_it_unless_it_means_the_same() {
    let good = token(json!({ "sub": "ada", "exp": NOW_S + 60 }));
    // The last character of each part holds bits that base64 does not use. Verifiers take them in a signature, which
    // nothing covers.
    for at in 0..good.len() - 1 {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(
            user(&format!("Bearer {changed}")),
            None,
            "at {at}: {changed}"
        );
    }
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let means = |last: u8| digits.iter().position(|digit| *digit == last).unwrap() >> 2;
    for last in *digits {
        let mut bytes = good.clone().into_bytes();
        let before = bytes.pop().unwrap();
        bytes.push(last);
        let changed = String::from_utf8(bytes).unwrap();
        let is_same = means(last) == means(before);
        assert_eq!(
            user(&format!("Bearer {changed}")).is_some(),
            is_same,
            "{changed}"
        );
    }
}

#[test]
fn times_are_whole_seconds_or_fractions_of_them_and_nothing_else() {
    for (claims, is_good) in [
        (r#"{"sub":"ada","exp":1000001}"#, true),
        (r#"{"sub":"ada","exp":1000001.9}"#, true),
        (r#"{"sub":"ada","exp":1.000001e6}"#, true),
        // Fractions are dropped: it has expired at 1,000,000 s, half a second ago.
        (r#"{"sub":"ada","exp":1000000.9}"#, false),
        (r#"{"sub":"ada","exp":1000001,"nbf":1000000}"#, true),
        (r#"{"sub":"ada","exp":1000001,"nbf":-1}"#, true),
        (r#"{"sub":"ada","exp":1000001,"nbf":1000001}"#, false),
        (r#"{"sub":"ada","exp":1000001,"nbf":"1"}"#, false),
        (r#"{"sub":"ada","exp":"1000001"}"#, false),
        (r#"{"sub":"ada","exp":null}"#, false),
        (r#"{"sub":"ada","exp":true}"#, false),
        (r#"{"sub":"ada","exp":[1000001]}"#, false),
        (r#"{"sub":"ada","exp":1e20}"#, true),
        (r#"{"sub":"ada","exp":1.7e26}"#, true),
        (r#"{"sub":"ada","exp":9007199254740993}"#, true),
        (r#"{"sub":"ada","exp":18446744073709551615}"#, true),
        (r#"{"sub":"ada","exp":1000001,"nbf":null}"#, true),
        (r#"{"sub":"ada","exp":1000001,"nbf":1e300}"#, false),
        (r#"{"sub":"ada","exp":1000001,"nbf":-1e300}"#, true),
        (r#"{"sub":"ada","exp":1e999}"#, false),
        (r#"{"sub":"ada","exp":-1e20}"#, false),
        (r#"{"sub":"ada","exp":1000001,"exp":1000001}"#, false),
        (r#"{"sub":"ada","exp":1000001,"iat":"yesterday"}"#, true),
        (r#"{"sub":"ada","exp":1000001,"iat":null,"x":1e999}"#, true),
        (r#"{"sub":"ada","exp":1000001,"nbf":1,"nbf":1}"#, false),
        // Nothing reads these here.
        (r#"{"sub":"ada","exp":1000001,"iss":"a","iss":"b"}"#, true),
        (r#"{"sub":"ada","exp":1000001,"jti":1,"jti":2}"#, true),
        (r#"{"sub":"ada","sub":"ada","exp":1000001}"#, false),
        (r#"{"sub":"ada","\u0073ub":"eve","exp":1000001}"#, false),
        (r#"{"sub":"ada","x":{"sub":1,"sub":2},"exp":1000001}"#, true),
        (r#"{"sub":"ada","exp":1000001} x"#, false),
        (r#" {"sub":"ada","exp":1000001} "#, true),
    ] {
        let found = user(&format!("Bearer {}", token_of(claims)));
        assert_eq!(found.as_deref(), is_good.then_some("ada"), "{claims}");
    }
}

#[test]
fn issuer_audience_and_leeway_are_as_the_policy_says() {
    let requirements = Requirements {
        issuer: Some("https://issuer".to_owned()),
        audiences: vec!["api".to_owned(), "web".to_owned()],
        leeway_ms: 10_000,
        ..requirements(super::Algorithm::Hs256)
    };
    let verifier = Verifier::shared(requirements, SECRET).unwrap();
    let base = json!({ "sub": "ada", "iss": "https://issuer", "aud": "api", "exp": NOW_S + 60 });
    for (changes, is_good) in [
        (json!({}), true),
        (json!({ "aud": "web" }), true),
        (json!({ "aud": ["other", "web"] }), true),
        (json!({ "aud": "other" }), false),
        (json!({ "aud": "API" }), false),
        (json!({ "aud": [] }), false),
        (json!({ "aud": ["other", 7, null] }), false),
        (json!({ "aud": { "api": "api" } }), false),
        (json!({ "aud": null }), false),
        (json!({ "iss": "https://issuer/" }), false),
        (json!({ "iss": ["https://issuer"] }), false),
        (json!({ "iss": null }), false),
        (json!({ "exp": NOW_S - 9 }), true),
        (json!({ "exp": NOW_S - 10 }), false),
        (json!({ "nbf": NOW_S + 10 }), true),
        (json!({ "nbf": NOW_S + 11 }), false),
    ] {
        let mut claims = base.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let verdict = verifier.judge(&format!("Bearer {}", token(claims)), NOW_MS);
        assert_eq!(text(&verdict, "sub").is_some(), is_good, "{changes}");
    }
}

#[test]
fn a_remembered_token_is_the_same_until_it_expires() {
    let verifier = Verifier::hs256(SECRET);
    let good = format!(
        "Bearer {}",
        token(json!({ "sub": "ada", "nbf": NOW_S, "exp": NOW_S + 2, "n": 1, "e": "" }))
    );
    let first = verifier.judge(&good, NOW_MS);
    assert_eq!(verifier.judge(&good, NOW_MS + 1_499), first);
    assert_eq!(verifier.checks(), 1);
    let Verdict::Verified(claims) = first else {
        panic!("not verified")
    };
    assert_eq!((claims.text("n"), claims.text("e")), (None, None));
    for outside in [NOW_MS - 501, NOW_MS + 1_500, u64::MAX] {
        let verdict = verifier.judge(&good, outside);
        assert!(matches!(verdict, Verdict::Unverified(_)), "{outside}");
    }
}
