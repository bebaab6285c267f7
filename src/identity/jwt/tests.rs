use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key};
use jwt_compact::{Algorithm, AlgorithmExt, Claims, Header};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"an example secret of 32 bytes...";
const NOW_MS: u64 = 1_000_000_500;
const NOW_S: i64 = 1_000_000;

fn signed<A: Algorithm>(algorithm: &A, key: &A::SigningKey, claims: Value) -> String {
    // Registered claims go in by hand, so that the wrong ones can be made too.
    algorithm
        .token(&Header::empty(), &Claims::new(claims), key)
        .unwrap()
}

fn token(claims: Value) -> String {
    signed(&Hs256, &Hs256Key::new(SECRET), claims)
}

fn user_at(authorization: &str, now_ms: u64) -> Option<String> {
    let claims = Verifier::hs256(SECRET).claims(authorization, now_ms)?;
    claims.text("sub").map(str::to_owned)
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
            "a subject that is no string",
            token(json!({ "sub": 7, "exp": NOW_S + 60 })),
        ),
        (
            "an expiry beyond time",
            token(json!({ "sub": "ada", "exp": u64::MAX })),
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
        ("two tokens", format!("{good}, Bearer {good}")),
        (
            "too long",
            token(json!({ "sub": "a".repeat(MAX_BYTES), "exp": NOW_S + 60 })),
        ),
        ("not base64", "a.b.c".to_owned()),
        ("nothing", String::new()),
    ] {
        assert_eq!(user(&format!("Bearer {token}")), None, "{what}");
    }
    assert_eq!(user(&good), None, "no scheme");
    assert_eq!(user(&format!("Basic {good}")), None, "another scheme");
}

#[test]
fn changing_any_character_of_a_token_voids_it() {
    let good = token(json!({ "sub": "ada", "exp": NOW_S + 60 }));
    // The last character of each part holds bits that base64 does not use; a decoder must refuse them set.
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(
            user(&format!("Bearer {changed}")),
            None,
            "at {at}: {changed}"
        );
    }
}
