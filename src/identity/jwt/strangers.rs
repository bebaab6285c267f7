//! Addresses whose tokens have named a key that a set has not, each of which is worth one fetch in a while.
//!
//! So whoever invents names has the set fetched once, and the next fetch is left for whoever comes from elsewhere with a key
//! that is new. Bounded: when many addresses have asked, the oldest are forgotten, and may ask again.

use std::collections::VecDeque;

/// The time in which an address is worth one fetch, in milliseconds.
pub(super) const INTERVAL_MS: u64 = 60_000;

/// How many addresses are remembered. Fetches have pauses between them, so no more come in the time by far.
const MAX_ADDRESSES: usize = 64;

/// Which addresses were worth a fetch, and when, the oldest first.
#[derive(Default)]
pub(super) struct Strangers(VecDeque<(String, u64)>);

// === impl Strangers ===

impl Strangers {
    /// Whether a fetch may begin at `now_ms` for this address, for which it then counts.
    pub(super) fn may_ask(&mut self, address: &str, now_ms: u64) -> bool {
        // A clock that was set back holds nobody up.
        self.0
            .retain(|(_, asked_at_ms)| now_ms.abs_diff(*asked_at_ms) < INTERVAL_MS);
        if self.0.iter().any(|(other, _)| other == address) {
            return false;
        }
        if self.0.len() >= MAX_ADDRESSES {
            self.0.pop_front();
        }
        self.0.push_back((address.to_owned(), now_ms));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_worth_one_fetch_in_its_time_and_others_are_worth_theirs() {
        let mut strangers = Strangers::default();
        assert!(strangers.may_ask("one", 1_000_000));
        assert!(!strangers.may_ask("one", 1_000_000 + INTERVAL_MS - 1));
        assert!(!strangers.may_ask("one", 1_000_000 - INTERVAL_MS + 1));
        assert!(strangers.may_ask("other", 1_000_001));
        assert!(strangers.may_ask("one", 1_000_000 + INTERVAL_MS));
        assert!(!strangers.may_ask("one", 1_000_001 + INTERVAL_MS));
    }

    #[test]
    fn however_many_ask_few_are_remembered_and_these_are_the_last() {
        let mut strangers = Strangers::default();
        for now_ms in 0..10_000 {
            assert!(strangers.may_ask(&now_ms.to_string(), now_ms));
        }
        assert_eq!(strangers.0.len(), MAX_ADDRESSES);
        assert!(!strangers.may_ask("9999", 10_000) && strangers.may_ask("0", 10_000));
    }
}
