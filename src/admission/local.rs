//! Counters in the memory of one isolate: for the time in which an object cannot be asked, or for a policy that wants no
//! other.
//!
//! They count by the same ledgers as the objects do. But the world has many isolates, each with counters of its own, and an
//! isolate may end at any time: this bounds what one client gets through one isolate, and is no shared limit.

use bouncer_durable::ledger::{Claim, Decision, Ledger, Outcome};

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
    /// See [`Ledger::take`]. With the identifier by which it is settled.
    pub fn take(&mut self, key: &Key, claims: &[Claim], now_ms: u64) -> (u64, Decision) {
        let id = self.id();
        let ledger = self.ledgers.get_or_default(key.to_string());
        (id, ledger.take(id, claims, now_ms))
    }

    /// See [`Ledger::settle`].
    pub fn settle(
        &mut self,
        key: &Key,
        id: u64,
        outcomes: &[Outcome],
        taken_ms: u64,
        now_ms: u64,
    ) -> Decision {
        let ledger = self.ledgers.get_or_default(key.to_string());
        ledger.settle(id, taken_ms, outcomes, now_ms)
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
            reserved_ms: 0,
        }]
    }

    fn key(number: usize) -> Key {
        Key::new([("user", number.to_string().as_str())])
    }

    fn refused(local: &mut Local, number: usize) -> Option<bouncer_durable::Refused> {
        let (_, decision) = local.take(&key(number), &claims(), 0);
        decision.refused().map(|(_, wait)| wait)
    }

    #[test]
    fn each_key_has_its_limits_and_gets_back_what_is_refunded() {
        let mut local = Local::default();
        let (id, taken) = local.take(&key(1), &claims(), 0);
        assert_eq!(refused(&mut local, 1), None);
        assert!(refused(&mut local, 1).is_some());
        assert_eq!(refused(&mut local, 2), None);
        let outcomes = claims().map(|claim| Outcome {
            claim,
            is_kept: false,
        });
        let after = local.settle(&key(1), id, &outcomes, taken.now_ms, 0);
        assert_eq!(after.claims[0][0].standing.remaining, 1);
        assert_eq!(refused(&mut local, 1), None);
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
        assert!(refused(&mut local, 0).is_some());
        assert_eq!(refused(&mut local, 1), None, "forgotten long ago");
    }
}
