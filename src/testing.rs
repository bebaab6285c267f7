//! What the tests of several modules need: tokens, and how they are verified.

use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, Claims, Header};

use crate::identity::jwt::{Algorithm, Requirements, Verifier};
use crate::identity::{Identification, Unverified};

const SECRET: &[u8] = b"an example secret of 32 bytes...";

/// An `Authorization` header with these claims, valid at 1,000,000 ms.
pub(crate) fn bearer(claims: serde_json::Value) -> String {
    let mut claims = Claims::new(claims);
    claims.expiration = chrono::DateTime::from_timestamp(2_000, 0);
    let token = Hs256
        .token(&Header::empty(), &claims, &Hs256Key::new(SECRET))
        .unwrap();
    format!("Bearer {token}")
}

fn requirements() -> Requirements {
    Requirements {
        algorithm: Algorithm::Hs256,
        issuer: None,
        audiences: Vec::new(),
        leeway_ms: 0,
        claims: ["sub", "org", "role", "plan", "dept"]
            .map(str::to_owned)
            .into(),
    }
}

/// A verifier of such tokens that has to fetch its keys first.
pub(crate) fn key_set_verifier() -> Verifier {
    Verifier::key_set(requirements(), "http://127.0.0.1/")
}

/// How whoever has such a token is identified.
pub(crate) fn identification() -> Identification {
    Identification {
        verifier: Verifier::shared(requirements(), SECRET),
        user_claim: "sub".to_owned(),
        tenant_claim: "org".to_owned(),
        role_claim: "role".to_owned(),
        plan_claim: "plan".to_owned(),
        api_keys: None,
        ipv6_prefix: 64,
        unverified: Unverified::Address,
    }
}
