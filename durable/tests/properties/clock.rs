//! Clocks that jump.

use std::num::NonZeroU32;

use bouncer_durable::Algorithm;
use bouncer_durable::ledger::Ledger;
use proptest::prelude::*;

use crate::traces::{arrivals, at_cost, claim, config, limit, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_clock_whatever_neither_panics_nor_hands_out_more_than_the_limit_at_once(
        limit in limit(), moments in prop::collection::vec(any::<u64>(), 1..40), cost in 1..5_u32,
    ) {
        let claims = [claim("c", &[limit])];
        let mut ledger = Ledger::default();
        for now_ms in moments {
            let decision = ledger.take(next_id(), &at_cost(&claims, NonZeroU32::new(cost).unwrap()), now_ms);
            prop_assert!(decision.claims[0][0].standing.remaining <= limit.quota());
            let _ = ledger.expires_at_ms();
        }
    }

    #[test]
    fn a_clock_set_back_hands_out_nothing_and_locks_nobody_out_for_longer_than_a_window(
        limit in limit(), start_ms in start_ms(), arrivals in arrivals(), back_ms in 1..100_000_000_u64,
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms + 200_000_000);
        let mut remaining = limit.quota();
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            remaining = ledger.take(next_id(), &at_cost(&claims, cost), now_ms).claims[0][0].standing.remaining;
        }
        let too_much = NonZeroU32::new(limit.quota() + 1).unwrap();
        let standing = ledger.take(next_id(), &at_cost(&claims, too_much), now_ms - back_ms).claims[0][0].standing;
        prop_assert!(standing.remaining <= remaining);
        // The estimate by its definition takes two windows to forget.
        let windows = if limit.algorithm() == Algorithm::SlidingWindow { 2 } else { 1 };
        // While the clock is a little behind, time stands still until it has caught up.
        let caught_up_ms = if back_ms <= 60_000 { back_ms } else { 0 };
        prop_assert!(standing.full_ms <= windows * limit.quota_window_ms() + caught_up_ms);
    }
}
