//! The token bucket beside `governor`, an implementation of the generic cell rate algorithm by others.

use std::num::NonZeroU32;
use std::time::Duration;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::limit::Unit;
use bouncer_durable::{Algorithm, Limit, Refused};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use proptest::prelude::*;

use crate::traces::{arrivals, at_cost, claim, config, next_id};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_token_bucket_decides_as_governor_does_and_waits_as_long(
        // governor counts in whole nanoseconds a token, so N must divide the window.
        permits in prop::sample::select(vec![1_u32, 2, 3, 4, 5, 6, 8, 10, 12]), burst in 1..12_u32, arrivals in arrivals(),
    ) {
        let limit = Limit::new(permits, NonZeroU32::new(12).unwrap(), Unit::Second).unwrap();
        let limit = limit.counted_by(Algorithm::TokenBucket { burst: Some(burst) }).unwrap();
        let quota = Quota::with_period(Duration::from_secs(12) / permits).unwrap();
        let clock = FakeRelativeClock::default();
        let governor =
            RateLimiter::direct_with_clock(quota.allow_burst(NonZeroU32::new(burst).unwrap()), clock.clone());

        let (mut ledger, mut now_ms) = (Ledger::default(), 1_700_000_000_000);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            clock.advance(Duration::from_millis(step_ms));
            let decision = ledger.take(next_id(), &at_cost(&[claim("c", &[limit])], cost), now_ms);
            let ours = decision.refused().map(|(_, refused)| refused);
            let theirs = match governor.check_n(cost) {
                Ok(Ok(())) => None,
                Ok(Err(not_until)) => {
                    let wait = not_until.wait_time_from(governor::clock::Clock::now(&clock));
                    Some(Refused::Until { retry_ms: u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap() })
                }
                Err(_) => Some(Refused::Never),
            };
            prop_assert_eq!(ours, theirs);
        }
    }
}
