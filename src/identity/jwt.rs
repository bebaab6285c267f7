//! Verified tokens: JSON Web Tokens (RFC 7519) in `Authorization: Bearer`.
//!
//! The algorithm is the policy's and never the token's; a token must expire; one that is too long to be honest is turned
//! away before any work is done on it.

use chrono::{DateTime, Utc};
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, UntrustedToken};
use serde_json::{Map, Value};

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8_192;

/// Verifies tokens against one key.
pub struct Verifier {
    key: Hs256Key,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

// === impl Verifier ===

impl Verifier {
    /// A verifier of HS256 (RFC 7518, section 3.2) under a shared secret.
    #[must_use]
    pub fn hs256(secret: &[u8]) -> Self {
        Self {
            key: Hs256Key::new(secret),
        }
    }

    /// What the token of the `Authorization` header says, if it is valid at `now_ms`.
    #[must_use]
    pub fn claims(&self, authorization: &str, now_ms: u64) -> Option<Claims> {
        let token = bearer(authorization).filter(|token| token.len() <= MAX_BYTES)?;
        let token = UntrustedToken::new(token).ok()?;
        let validator = Hs256.validator::<Map<String, Value>>(&self.key);
        let (_, claims) = validator.validate(&token).ok()?.into_parts();
        let now = DateTime::<Utc>::from_timestamp_millis(i64::try_from(now_ms).ok()?)?;
        let is_current =
            claims.expiration? > now && claims.not_before.is_none_or(|start| start <= now);
        is_current.then_some(Claims(claims.custom))
    }
}

// === impl Claims ===

impl Claims {
    /// A claim that is a string and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
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
