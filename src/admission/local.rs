//! Counters in the memory of one isolate: for the time in which an object cannot be asked, or for a policy that wants no
//! other.
//!
//! They count by the same ledgers as the objects do. But the world has many isolates, each with counters of its own, and an
//! isolate may end at any time: this bounds what one client gets through one isolate, and is no shared limit.

use bouncer_durable::ledger::{Claim, Decision, Ledger};

use super::generations::Generations;
use crate::identity::Key;

/// Ledgers by the name of their key.
#[derive(Default)]
pub struct Local {
    ledgers: Generations<Ledger>,
    next_id: u64,
}

// === impl Local ===

impl Local {
    /// See [`Ledger::take`].
    pub fn take(&mut self, key: &Key, claims: &[Claim], now_ms: u64) -> Decision {
        let id = self.id();
        self.ledgers
            .get_or_default(key.to_string())
            .take(id, claims, now_ms)
    }

    /// See [`Ledger::refund`].
    pub fn refund(
        &mut self,
        key: &Key,
        claims: &[Claim],
        receipt: &Decision,
        now_ms: u64,
    ) -> Decision {
        let id = self.id();
        self.ledgers
            .get_or_default(key.to_string())
            .refund(id, claims, receipt, now_ms)
    }

    /// Nothing here is delivered twice.
    const fn id(&mut self) -> u64 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use bouncer_durable::Limit;

    use super::super::generations::MAX_NAMES;
    use super::*;

    fn claims() -> [Claim; 1] {
        [Claim {
            counter: "c".to_owned(),
            limits: Limit::parse_all("2/minute").unwrap(),
            cost: NonZeroU32::MIN,
        }]
    }

    fn key(number: usize) -> Key {
        Key::new([("user", number.to_string().as_str())])
    }

    #[test]
    fn each_key_has_its_limits_and_gets_back_what_is_refunded() {
        let mut local = Local::default();
        let receipt = local.take(&key(1), &claims(), 0);
        assert_eq!(local.take(&key(1), &claims(), 0).refused(), None);
        assert!(local.take(&key(1), &claims(), 0).refused().is_some());
        assert_eq!(local.take(&key(2), &claims(), 0).refused(), None);
        let after = local.refund(&key(1), &claims(), &receipt, 0);
        assert_eq!(after.claims[0][0].standing.remaining, 1);
        assert_eq!(local.take(&key(1), &claims(), 0).refused(), None);
    }

    #[test]
    fn memory_is_bounded_and_whoever_keeps_coming_is_not_forgotten() {
        let mut local = Local::default();
        for number in 1..5 * MAX_NAMES {
            local.take(&key(number), &claims(), 0);
            if number % 1_000 == 0 {
                local.take(&key(0), &claims(), 0);
            }
        }
        assert!(local.take(&key(0), &claims(), 0).refused().is_some());
        assert_eq!(
            local.take(&key(1), &claims(), 0).refused(),
            None,
            "forgotten long ago"
        );
    }
}
