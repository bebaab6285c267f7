//! Clocks that jump.

use std::num::NonZeroU32;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::{Algorithm, Refused};
use proptest::prelude::*;

use crate::model::Model;
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

    #[test]
    fn a_clock_that_goes_back_and_forth_over_a_boundary_hands_out_nothing_twice(
        limit in limit(), start_ms in start_ms(), steps in prop::collection::vec((0..200_u64, any::<bool>()), 1..60),
        ahead_ms in 1..60_000_u64, cost in 1..3_u32,
    ) {
        let claims = at_cost(&[claim("c", &[limit])], NonZeroU32::new(cost).unwrap());
        let (mut ledger, mut now_ms, mut seen_ms) = (Ledger::default(), start_ms, 0);
        // As if the clock had never gone back.
        let mut model = Model::new(limit);
        for (step_ms, is_ahead) in steps {
            now_ms += step_ms;
            let clock_ms = if is_ahead { now_ms + ahead_ms } else { now_ms };
            seen_ms = clock_ms.max(seen_ms);
            let decision = ledger.take(next_id(), &claims, clock_ms);
            prop_assert_eq!(decision.now_ms, clock_ms);
            prop_assert_eq!(decision.refused().is_none(), model.admits(seen_ms, cost));
            match decision.refused() {
                None => model.admit(seen_ms, cost),
                // Retry-After is kept by a clock that goes on from here.
                Some((_, Refused::Until { retry_ms })) => {
                    let admits_from = model.admits_from(seen_ms, cost);
                    prop_assert_eq!(admits_from, Some(clock_ms + retry_ms));
                }
                Some((_, Refused::Never)) => {}
            }
        }
    }

    #[test]
    fn a_clock_that_jumps_far_back_and_forth_hands_out_one_quota_at_most_for_each_jump_forward(
        limit in limit(), start_ms in start_ms(), jumps in prop::collection::vec((60_001..1_000_000_u64, 0..20_u32), 1..20),
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut admitted, mut forward) = (Ledger::default(), 0, 0);
        for (by_ms, takes) in jumps {
            for now_ms in [start_ms, start_ms + by_ms] {
                forward += u32::from(now_ms > start_ms);
                for _ in 0..takes {
                    admitted += u32::from(ledger.take(next_id(), &claims, now_ms).refused().is_none());
                }
            }
            prop_assert!(admitted <= limit.quota() * (1 + forward));
        }
    }
}
