//! The issuer's keys, from its JWK Set (RFC 7517, section 5): which one a token names, and when to ask for them again.
//!
//! Pure but for the fetch, which `jwks.rs` does. An isolate has one set; all changes happen inside one of these functions,
//! none of which awaits, so requests that wait at the same time see a set from before or after, and never one in between.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::key::Key;
use super::public_key::PublicKey;
use super::strangers::Strangers;

/// The time between two fetches at least, whatever comes, where the first has succeeded, in milliseconds: ten a minute.
pub(super) const MIN_INTERVAL_MS: u64 = 6_000;

/// The same after one that has failed. It doubles with each that fails after it.
pub(super) const FIRST_RETRY_MS: u64 = 1_000;

/// Where that ends.
pub(super) const MAX_RETRY_MS: u64 = 60_000;

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
    keys: Vec<Named>,
    /// When the last fetch began: Unix time in milliseconds.
    asked_at_ms: Option<u64>,
    /// When the last fetch that succeeded began.
    asked_well_at_ms: Option<u64>,
    is_asking: bool,
    /// The pause that is kept, and since when.
    pause_ms: u64,
    since_ms: Option<u64>,
    /// How many fetches have failed since one has succeeded.
    failures: u32,
    strangers: Strangers,
}

/// A key and its name.
struct Named {
    id: Option<String>,
    key: Key,
}

/// Why no keys are taken from an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is something else.
    #[error("the answer is not a JWK Set: a JSON object with an array \"keys\"")]
    NotASet,
    /// No key in it can be used, as where an issuer has lost its keys for a moment.
    #[error("the set has no key for {algorithm}: {needs}, for signatures; the keys that were there stay", needs = algorithm.needs())]
    NoKey {
        /// The policy's algorithm.
        algorithm: Algorithm,
    },
}

/// The key for a token.
pub(super) enum Found<'a> {
    Key(&'a Key),
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
            pause_ms: 0,
            since_ms: None,
            failures: 0,
            strangers: Strangers::default(),
        }
    }

    /// The key of this name, or the only one for a token that names none (`OpenID` Connect Core 1.0, section 10.1).
    pub(super) fn find(&self, key_id: Option<&str>) -> Found<'_> {
        let is_named = |named: &&Named| key_id.is_none() || named.id.as_deref() == key_id;
        let mut keys = self.keys.iter().filter(is_named);
        let Some(first) = keys.next() else {
            return Found::Missing;
        };
        // The same key under several names is one key.
        if keys.all(|other| other.key.is(&first.key)) {
            Found::Key(&first.key)
        } else {
            Found::Ambiguous
        }
    }

    /// The URL, if a fetch may begin at `now_ms`. Whoever is given it begins.
    pub(super) fn ask(&mut self, now_ms: u64) -> Option<String> {
        if !self.may_ask(now_ms) {
            return None;
        }
        self.asked_at_ms = Some(now_ms);
        self.is_asking = true;
        // In case no answer ever comes.
        self.pause(
            now_ms,
            u64::from(TIMEOUT_MS).saturating_add(self.retry_ms()),
        );
        Some(self.url.clone())
    }

    /// Takes the keys of an answer that came at `now_ms`; nothing if there was none. What has come before stays unless this
    /// is a set with a key in it. True if the keys are others now.
    ///
    /// # Errors
    /// [`KeySetError`], after which the keys are the same.
    pub(super) fn answered(
        &mut self,
        body: Option<&str>,
        now_ms: u64,
    ) -> Result<bool, KeySetError> {
        self.is_asking = false;
        let keys = body.map(|body| self.read(body)).transpose();
        let Ok(Some(keys)) = keys else {
            self.pause(now_ms, self.retry_ms());
            self.failures = self.failures.saturating_add(1);
            return keys.map(|_| false);
        };
        self.failures = 0;
        self.pause(self.asked_at_ms.unwrap_or(now_ms), MIN_INTERVAL_MS);
        self.asked_well_at_ms = self.asked_at_ms;
        let is_same = |(one, other): (&Named, &Named)| one.is(other);
        let is_other = keys.len() != self.keys.len() || !keys.iter().zip(&self.keys).all(is_same);
        self.keys = keys;
        Ok(is_other)
    }

    fn read(&self, body: &str) -> Result<Vec<Named>, KeySetError> {
        let set: Map<String, Value> =
            serde_json::from_str(body).map_err(|_| KeySetError::NotASet)?;
        let listed = set.get("keys").and_then(Value::as_array);
        let mut keys: Vec<Named> = Vec::new();
        for jwk in listed.ok_or(KeySetError::NotASet)? {
            let Some(named) = jwk.as_object().and_then(|jwk| self.key(jwk)) else {
                continue;
            };
            if keys.len() < MAX_KEYS && !keys.iter().any(|other| other.is(&named)) {
                keys.push(named);
            }
        }
        if keys.is_empty() {
            let algorithm = self.algorithm;
            return Err(KeySetError::NoKey { algorithm });
        }
        Ok(keys)
    }

    /// The pause after one more failure.
    fn retry_ms(&self) -> u64 {
        let doubled = FIRST_RETRY_MS.checked_shl(self.failures.min(16));
        doubled.unwrap_or(MAX_RETRY_MS).min(MAX_RETRY_MS)
    }

    fn pause(&mut self, since_ms: u64, pause_ms: u64) {
        self.since_ms = Some(since_ms);
        self.pause_ms = pause_ms;
    }

    /// Whether the last fetch has failed, so that a key which is missing may be there.
    pub(super) const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether a fetch is under way that may still succeed.
    pub(super) fn is_asking(&self, now_ms: u64) -> bool {
        let is_in_time = |asked_at_ms| now_ms.abs_diff(asked_at_ms) < u64::from(TIMEOUT_MS);
        self.is_asking && self.asked_at_ms.is_some_and(is_in_time)
    }

    /// Whether a token from this address, whose key is missing, is worth a fetch or waiting for one at `now_ms`. An address is
    /// worth one fetch in its time of names that are not there, so that nobody's invented names are all that is asked for.
    /// Where no set has come yet, or the last fetch has failed, the key may well be there, and the pause is kept anyway.
    pub(super) fn is_worth_waiting(&mut self, address: &str, now_ms: u64) -> bool {
        if self.is_asking(now_ms) {
            return true;
        }
        if !self.may_ask(now_ms) {
            return false;
        }
        let is_known = self.asked_well_at_ms.is_some() && self.failures == 0;
        !is_known || self.strangers.may_ask(address, now_ms)
    }

    /// Whether the keys are old, and may be asked for again.
    pub(super) fn is_stale(&self, now_ms: u64) -> bool {
        let is_old = |asked_at_ms| now_ms.abs_diff(asked_at_ms) >= MAX_AGE_MS;
        self.asked_well_at_ms.is_none_or(is_old) && self.may_ask(now_ms)
    }

    fn may_ask(&self, now_ms: u64) -> bool {
        // A clock that was set back holds nobody up.
        let is_over = |since_ms: u64| now_ms.abs_diff(since_ms) >= self.pause_ms;
        self.since_ms.is_none_or(is_over)
    }

    /// A key that fits; what does not is for somebody else (RFC 7517, section 5).
    fn key(&self, jwk: &Map<String, Value>) -> Option<Named> {
        let key = PublicKey::from_jwk(jwk, self.algorithm).ok()?;
        Some(Named {
            id: jwk.get("kid").and_then(Value::as_str).map(str::to_owned),
            key: Key::Public(key),
        })
    }
}

// === impl Named ===

impl Named {
    fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.key.is(&other.key)
    }
}

#[cfg(test)]
mod tests;
