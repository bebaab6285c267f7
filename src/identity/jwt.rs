//! Verified users: the subject of a JSON Web Token (RFC 7519) in `Authorization: Bearer`.
//!
//! The algorithm is the policy's and never the token's; a token must expire; one that is too long to be honest is turned
//! away before any work is done on it.

use chrono::{DateTime, Utc};
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, UntrustedToken};
use serde_json::{Map, Value};

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8_192;

/// Verifies tokens against one key, and knows which of their claims names the user.
pub struct Verifier {
    key: Hs256Key,
    user_claim: String,
}

// === impl Verifier ===

impl Verifier {
    /// A verifier of HS256 (RFC 7518, section 3.2) under a shared secret.
    #[must_use]
    pub fn hs256(secret: &[u8], user_claim: &str) -> Self {
        Self {
            key: Hs256Key::new(secret),
            user_claim: user_claim.to_owned(),
        }
    }

    /// The user whom the `Authorization` header proves at `now_ms`, if it proves one.
    #[must_use]
    pub fn user(&self, authorization: &str, now_ms: u64) -> Option<String> {
        let token = bearer(authorization).filter(|token| token.len() <= MAX_BYTES)?;
        let token = UntrustedToken::new(token).ok()?;
        let token = Hs256
            .validator::<Map<String, Value>>(&self.key)
            .validate(&token)
            .ok()?;
        let now = DateTime::<Utc>::from_timestamp_millis(i64::try_from(now_ms).ok()?)?;
        let claims = token.claims();
        let is_current =
            claims.expiration? > now && claims.not_before.is_none_or(|start| start <= now);
        let user = claims.custom.get(&self.user_claim)?.as_str()?;
        (is_current && !user.is_empty()).then(|| user.to_owned())
    }
}

/// The token of a `Bearer` header (RFC 6750, section 2.1); the scheme's letter case is free (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests;
