//! The issuer's keys, from its JWK Set (RFC 7517, section 5): which one a token names, and when to ask for them again.
//!
//! Pure but for the fetch, which `jwks.rs` does. An isolate has one set; all changes happen inside one of these functions,
//! none of which awaits, so requests that wait at the same time see a set from before or after, and never one in between.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::public_key::PublicKey;

/// The time between two fetches at least, whatever comes, in milliseconds.
pub(super) const MIN_INTERVAL_MS: u64 = 60_000;

/// How long a fetch may take, in milliseconds.
pub const TIMEOUT_MS: u32 = 2_500;

/// The age from which keys are asked for again, in milliseconds.
pub(super) const MAX_AGE_MS: u64 = 3_600_000;

/// How many bytes a set may have.
pub const MAX_BYTES: u32 = 131_072;

/// How many keys of a set are taken.
const MAX_KEYS: usize = 32;

/// The keys of an issuer.
pub(super) struct KeySet {
    url: String,
    algorithm: Algorithm,
    keys: Vec<(Option<String>, PublicKey)>,
    /// When the last fetch began: Unix time in milliseconds.
    asked_at_ms: Option<u64>,
    /// When the last fetch that succeeded began.
    asked_well_at_ms: Option<u64>,
    is_asking: bool,
}

/// Why an answer is not a set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a JWK Set: a JSON object with an array \"keys\"")]
pub struct NotASet;

/// The key for a token.
pub(super) enum Found<'a> {
    Key(&'a PublicKey),
    /// A set as it is now, or a newer one, may have it.
    Missing,
    /// The token does not say which of several it means.
    Ambiguous,
}

// === impl KeySet ===

impl KeySet {
    /// The set at this URL, not asked for yet.
    pub(super) fn new(url: &str, algorithm: Algorithm) -> Self {
        Self {
            url: url.to_owned(),
            algorithm,
            keys: Vec::new(),
            asked_at_ms: None,
            asked_well_at_ms: None,
            is_asking: false,
        }
    }

    /// The key of this name, or the only one for a token that names none (`OpenID` Connect Core 1.0, section 10.1).
    pub(super) fn find(&self, key_id: Option<&str>) -> Found<'_> {
        let mut keys = self
            .keys
            .iter()
            .filter(|(id, _)| key_id.is_none() || id.as_deref() == key_id)
            .map(|(_, key)| key);
        match (keys.next(), keys.next()) {
            (None, _) => Found::Missing,
            (Some(key), None) => Found::Key(key),
            (Some(_), Some(_)) => Found::Ambiguous,
        }
    }

    /// The URL, if a fetch may begin at `now_ms`. Whoever is given it begins.
    pub(super) fn ask(&mut self, now_ms: u64) -> Option<String> {
        if !self.may_ask(now_ms) {
            return None;
        }
        self.asked_at_ms = Some(now_ms);
        self.is_asking = true;
        Some(self.url.clone())
    }

    /// Takes the keys of an answer; nothing if there was none. What has come before stays unless this is a set. True if
    /// the keys are others now.
    ///
    /// # Errors
    /// [`NotASet`], after which the keys are the same.
    pub(super) fn answered(&mut self, body: Option<&str>) -> Result<bool, NotASet> {
        self.is_asking = false;
        let Some(body) = body else { return Ok(false) };
        let set: Map<String, Value> = serde_json::from_str(body).map_err(|_| NotASet)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(NotASet)?;
        let keys: Vec<_> = keys
            .iter()
            .filter_map(|jwk| self.key(jwk.as_object()?))
            .take(MAX_KEYS)
            .collect();
        self.asked_well_at_ms = self.asked_at_ms;
        let is_other = keys != self.keys;
        self.keys = keys;
        Ok(is_other)
    }

    /// Whether a fetch is under way that may still succeed.
    pub(super) fn is_asking(&self, now_ms: u64) -> bool {
        let is_in_time = |asked_at_ms| now_ms.abs_diff(asked_at_ms) < u64::from(TIMEOUT_MS);
        self.is_asking && self.asked_at_ms.is_some_and(is_in_time)
    }

    /// Whether it makes sense to wait for keys at `now_ms`.
    pub(super) fn is_worth_waiting(&self, now_ms: u64) -> bool {
        self.may_ask(now_ms) || self.is_asking(now_ms)
    }

    /// Whether the keys are old, and may be asked for again.
    pub(super) fn is_stale(&self, now_ms: u64) -> bool {
        let is_old = |asked_at_ms| now_ms.abs_diff(asked_at_ms) >= MAX_AGE_MS;
        self.asked_well_at_ms.is_none_or(is_old) && self.may_ask(now_ms)
    }

    fn may_ask(&self, now_ms: u64) -> bool {
        // A clock that was set back holds nobody up.
        let is_due = |asked_at_ms| now_ms.abs_diff(asked_at_ms) >= MIN_INTERVAL_MS;
        self.asked_at_ms.is_none_or(is_due)
    }

    /// A key that fits; what does not is for somebody else (RFC 7517, section 5).
    fn key(&self, jwk: &Map<String, Value>) -> Option<(Option<String>, PublicKey)> {
        let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        let key = PublicKey::from_jwk(jwk, self.algorithm).ok()?;
        Some((id, key))
    }
}

#[cfg(test)]
mod tests;
