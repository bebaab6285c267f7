//! A token before its signature is checked: whether it is worth checking, and under which key.
//!
//! Nothing here is believed. It only turns garbage away while that is cheap, and the same is read again, by the same
//! functions, from what the signature covers.

use chrono::{DateTime, Utc};
use jwt_compact::{Algorithm as Signing, AlgorithmExt as _, Claims as Standard, UntrustedToken};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Claim;
use super::algorithm::Algorithm;

/// The longest token that is looked at, in bytes.
pub(super) const MAX_BYTES: usize = 8_192;

/// What a token must be, beside signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// Its `alg`.
    pub algorithm: Algorithm,
    /// Its `iss`, if that matters.
    pub issuer: Option<String>,
    /// One of these must be in its `aud`; none if that does not matter.
    pub audiences: Vec<String>,
    /// How far its clock may be off, in milliseconds.
    pub leeway_ms: u32,
}

/// A token of the right shape.
pub(super) struct Unverified<'a>(pub(super) UntrustedToken<'a, Extension>);

/// What a token says.
pub(super) struct Body {
    expires: Option<DateTime<Utc>>,
    starts: Option<DateTime<Utc>>,
    claims: Map<String, Value>,
}

/// When a token is valid: Unix time in milliseconds, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

// === impl Requirements ===

impl Requirements {
    /// Reads a token, if it is worth checking at `now_ms`.
    pub(super) fn read<'a>(&self, token: &'a str, now_ms: i64) -> Option<Unverified<'a>> {
        let token = UntrustedToken::try_from(token).ok()?;
        let is_right = token.algorithm() == self.algorithm.name();
        let body = is_right.then(|| token.deserialize_claims_unchecked().ok())??;
        let period = self.admit(&body.into())?;
        period.contains(now_ms).then_some(Unverified(token))
    }

    /// When a token that says this is valid, if its issuer and audience are right.
    pub(super) fn admit(&self, body: &Body) -> Option<Period> {
        let issuer = body.claims.get("iss").and_then(Value::as_str);
        let is_for = |audience: &String| match body.claims.get("aud") {
            Some(Value::String(found)) => found == audience,
            Some(Value::Array(found)) => found.iter().any(|found| found == audience),
            _ => false,
        };
        let is_right = self.issuer.is_none() || issuer == self.issuer.as_deref();
        let is_for_us = self.audiences.is_empty() || self.audiences.iter().any(is_for);
        let leeway_ms = i64::from(self.leeway_ms);
        let expires_ms = body.expires?.timestamp_millis();
        (is_right && is_for_us).then_some(Period {
            start_ms: body.starts.map_or(i64::MIN, |starts| {
                starts.timestamp_millis().saturating_sub(leeway_ms)
            }),
            end_ms: expires_ms.saturating_add(leeway_ms),
        })
    }
}

// === impl Unverified ===

impl Unverified<'_> {
    /// The name of the key that is said to have signed it.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.0.header().key_id.as_deref()
    }

    /// What it says, if this key of this algorithm has signed it.
    pub(super) fn verify<A: Signing>(&self, algorithm: &A, key: &A::VerifyingKey) -> Option<Body> {
        let token = algorithm.validator(key).validate(&self.0).ok()?;
        Some(token.into_parts().1.into())
    }
}

// === impl Body ===

impl Body {
    /// The claims that are strings or lists of strings.
    pub(super) fn into_claims(self) -> impl Iterator<Item = (String, Claim)> {
        let text = |value: Value| match value {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        };
        self.claims.into_iter().filter_map(move |(name, value)| {
            let claim = match value {
                Value::Array(values) => Claim::List(values.into_iter().filter_map(text).collect()),
                value => Claim::Text(text(value)?),
            };
            Some((name, claim))
        })
    }
}

impl From<Standard<Unique>> for Body {
    fn from(claims: Standard<Unique>) -> Self {
        Self {
            expires: claims.expiration,
            starts: claims.not_before,
            claims: claims.custom.0,
        }
    }
}

// === impl Period ===

impl Period {
    pub(super) const fn contains(self, now_ms: i64) -> bool {
        self.start_ms <= now_ms && now_ms < self.end_ms
    }
}

/// Header fields by which a token asks for what is not done here: it must be refused (RFC 7515, section 4.1.11).
#[derive(Clone, serde::Deserialize)]
pub(super) struct Extension {
    #[serde(default, rename = "crit", deserialize_with = "refused")]
    _critical: (),
}

fn refused<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(D::Error::custom("an extension that must be understood"))
}

/// Claims whose names are unique (RFC 7519, section 4): where one is there twice, the origin may read the other.
pub(super) struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Claims;

        impl<'de> Visitor<'de> for Claims {
            type Value = Unique;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
                let mut claims = Map::new();
                while let Some((name, value)) = entries.next_entry()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim is there twice"));
                    }
                }
                Ok(Unique(claims))
            }
        }

        deserializer.deserialize_map(Claims)
    }
}
