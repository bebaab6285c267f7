//! Tokens that have been verified, so that a busy user costs one verification and not one for each request.
//!
//! They are remembered by their SHA-256, so that the time of a lookup tells nothing of other tokens. There are two
//! generations: when the young one is full, the old one is forgotten and the young one takes its place. What is asked for
//! again moves to the young one, so whoever keeps coming stays.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::claims::Claims;
use super::token::Period;

/// How many tokens a generation remembers.
const MAX_TOKENS: usize = 1_024;

/// How many bytes their claims may take in a generation, about.
const MAX_BYTES: usize = 512 * 1_024;

/// What an entry takes beside its claims, about.
const ENTRY_BYTES: usize = 128;

/// The SHA-256 of a token.
pub(super) type Digest = [u8; 32];

/// Verified tokens.
#[derive(Default)]
pub(super) struct Remembered {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
struct Generation {
    tokens: BTreeMap<Digest, (Rc<Claims>, Period)>,
    bytes: usize,
}

// === impl Remembered ===

impl Remembered {
    /// What this token says, if it has been verified and is valid at `now_ms`.
    pub(super) fn get(&mut self, token: &Digest, now_ms: i64) -> Option<Rc<Claims>> {
        let young = self.young.tokens.get(token).cloned();
        let (claims, period) = match young {
            Some(found) => found,
            None => self.renew(token)?,
        };
        period.contains(now_ms).then_some(claims)
    }

    /// Moves a token to the young ones.
    fn renew(&mut self, token: &Digest) -> Option<(Rc<Claims>, Period)> {
        let (claims, period) = self.old.tokens.get(token)?.clone();
        self.put(*token, &claims, period);
        Some((claims, period))
    }

    /// Remembers a token that has been verified.
    pub(super) fn put(&mut self, token: Digest, claims: &Rc<Claims>, period: Period) {
        let bytes = ENTRY_BYTES + claims.bytes();
        let is_full = self.young.tokens.len() >= MAX_TOKENS || self.young.bytes + bytes > MAX_BYTES;
        if is_full {
            self.old = std::mem::take(&mut self.young);
        }
        let entry = (Rc::clone(claims), period);
        if self.young.tokens.insert(token, entry).is_none() {
            self.young.bytes += bytes;
        }
    }

    /// Forgets everything: keys have changed.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
