use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, Claims, Header};
use serde_json::json;

use super::*;

const SECRET: &[u8] = b"an example secret of 32 bytes...";

fn bearer(subject: &str) -> String {
    let mut claims = Claims::new(json!({ "sub": subject }));
    claims.expiration = chrono::DateTime::from_timestamp(2_000, 0);
    let token = Hs256
        .token(&Header::empty(), &claims, &Hs256Key::new(SECRET))
        .unwrap();
    format!("Bearer {token}")
}

fn key(kind: KeyKind, address: &str, authorization: &str) -> String {
    let credentials = Credentials {
        address,
        authorization,
    };
    Key::of(
        kind,
        credentials,
        Some(&Verifier::hs256(SECRET, "sub")),
        1_000_000,
    )
    .to_string()
}

#[test]
fn a_verified_user_is_counted_as_herself_wherever_she_is() {
    for address in ["203.0.113.7", "203.0.113.8"] {
        assert_eq!(key(KeyKind::UserOrIp, address, &bearer("ada")), "user:ada");
        assert_eq!(key(KeyKind::User, address, &bearer("ada")), "user:ada");
    }
}

#[test]
fn anyone_else_is_counted_by_address() {
    for authorization in [
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
    ] {
        assert_eq!(
            key(KeyKind::UserOrIp, "203.0.113.7", authorization),
            "ip:203.0.113.7"
        );
        assert_eq!(
            key(KeyKind::User, "203.0.113.7", authorization),
            "ip:203.0.113.7"
        );
    }
}

#[test]
fn a_rule_by_address_does_not_care_who_the_user_is() {
    assert_eq!(
        key(KeyKind::Ip, "203.0.113.7", &bearer("ada")),
        "ip:203.0.113.7"
    );
}

#[test]
fn a_user_who_is_called_like_an_address_is_still_a_user() {
    assert_eq!(
        key(KeyKind::UserOrIp, "203.0.113.7", &bearer("ip:203.0.113.7")),
        "user:ip:203.0.113.7"
    );
}
