//! Signatures that were checked and are wrong: each is remembered, and an address has few of them checked in a second.
//!
//! So a flood of forged tokens costs no more than a flood of anything, and whoever has verified a token is not touched by
//! it: that is looked up before. All of it is bounded, and what is forgotten is checked once more.

use std::collections::{BTreeMap, BTreeSet};

use super::remembered::Digest;

/// How many signatures may prove wrong from one address in a second before no further one from there is checked in it.
pub(super) const MAX_FAILURES: u32 = 8;

/// How many digests a generation has.
const MAX_DIGESTS: usize = 1_024;

/// How many addresses are counted in a second. Each of them has cost more than its check by then: a call to its counter.
const MAX_ADDRESSES: usize = 4_096;

/// Wrong signatures.
#[derive(Default)]
pub(super) struct Refuted {
    young: BTreeSet<Digest>,
    old: BTreeSet<Digest>,
    second: u64,
    failures: BTreeMap<String, u32>,
}

// === impl Refuted ===

impl Refuted {
    /// Whether this token is known to be wrong.
    pub(super) fn has(&self, token: &Digest) -> bool {
        self.young.contains(token) || self.old.contains(token)
    }

    /// Whether a token from this address may be checked at `now_ms`.
    pub(super) fn may_check(&mut self, address: &str, now_ms: u64) -> bool {
        self.pass_to(now_ms);
        self.failures
            .get(address)
            .is_none_or(|failures| *failures < MAX_FAILURES)
    }

    /// Remembers a token that is wrong, and from where it came.
    pub(super) fn put(&mut self, token: Digest, address: &str, now_ms: u64) {
        if self.young.len() >= MAX_DIGESTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token);
        self.pass_to(now_ms);
        if let Some(failures) = self.failures.get_mut(address) {
            *failures = failures.saturating_add(1);
        } else if self.failures.len() < MAX_ADDRESSES {
            self.failures.insert(address.to_owned(), 1);
        }
    }

    /// Forgets the tokens: keys have changed.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    fn pass_to(&mut self, now_ms: u64) {
        let second = now_ms / 1_000;
        if second != self.second {
            self.second = second;
            self.failures.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&of.to_be_bytes());
        digest
    }

    #[test]
    fn an_address_has_so_many_a_second_and_others_have_theirs() {
        let mut refuted = Refuted::default();
        let mut checked = 0;
        for of in 0..100 {
            if refuted.may_check("one", 5_000) {
                checked += 1;
                refuted.put(digest(of), "one", 5_999);
            }
        }
        assert_eq!(checked, MAX_FAILURES);
        assert!(refuted.may_check("other", 5_999) && refuted.may_check("one", 6_000));
        assert!(refuted.has(&digest(0)) && !refuted.has(&digest(99)));
    }

    #[test]
    fn however_many_come_it_stays_within_its_bounds() {
        let mut refuted = Refuted::default();
        for of in 0..20_000 {
            refuted.put(digest(of), &of.to_string(), 0);
        }
        assert!(refuted.young.len() <= MAX_DIGESTS && refuted.old.len() <= MAX_DIGESTS);
        assert_eq!(refuted.failures.len(), MAX_ADDRESSES);
        assert!(refuted.has(&digest(19_999)) && !refuted.has(&digest(0)));
        refuted.clear();
        assert!(!refuted.has(&digest(19_999)));
    }
}
