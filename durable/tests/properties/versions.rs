//! Two limits in turns on one counter, and a limit that changes: a neighbour on another plan, a role, a new policy.

use std::num::NonZeroU32;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::limit::Unit;
use bouncer_durable::{Algorithm, Limit};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{algorithm, arrivals, at_cost, claim, config, limit, next_id, start_ms};

/// Two limits over one window, of which the first admits whatever the second does.
fn generous_and_strict() -> impl Strategy<Value = (Limit, Limit)> {
    let permits = (1..12_u32, 1..12_u32);
    let bursts = (1..12_u32, 1..12_u32, any::<bool>());
    (permits, bursts, 1..5_u32, algorithm()).prop_map(|(permits, bursts, multiple, algorithm)| {
        let (one, other, has_burst) = bursts;
        let limit = |permits: u32, burst: u32| {
            let multiple = NonZeroU32::new(multiple).unwrap();
            let limit = Limit::new(permits, multiple, Unit::Second).unwrap();
            let algorithm = match algorithm {
                Algorithm::TokenBucket { .. } => Algorithm::TokenBucket {
                    burst: has_burst.then_some(burst),
                },
                other => other,
            };
            limit.counted_by(algorithm).unwrap()
        };
        (
            limit(permits.0.max(permits.1), one.max(other)),
            limit(permits.0.min(permits.1), one.min(other)),
        )
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn two_limits_in_turns_admit_no_more_than_the_more_generous_alone(
        (generous, strict) in generous_and_strict(), start_ms in start_ms(), arrivals in arrivals(), turns: u64,
    ) {
        let (mut ledger, mut now_ms, mut alone) = (Ledger::default(), start_ms, Model::new(generous));
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            let limit = if turns >> (turn % 64) & 1 == 1 { generous } else { strict };
            let claims = at_cost(&[claim("c", &[limit])], cost);
            if ledger.take(next_id(), &claims, now_ms).refused().is_none() {
                prop_assert!(alone.admits(now_ms, cost.get()));
                alone.admit(now_ms, cost.get());
            }
        }
    }

    #[test]
    fn requests_that_were_refused_under_one_limit_take_nothing_from_those_under_another(
        one in limit(), other in limit(), start_ms in start_ms(), arrivals in arrivals(), turns: u64,
    ) {
        // The other is always refused: it asks for more than there ever is.
        let (mut both, mut alone, mut now_ms) = (Ledger::default(), Ledger::default(), start_ms);
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            if turns >> (turn % 64) & 1 == 1 {
                let too_much = NonZeroU32::new(other.quota() + cost.get()).unwrap();
                both.take(next_id(), &at_cost(&[claim("c", &[other])], too_much), now_ms);
                // Time passes for both.
                alone.stand(&[], now_ms);
                prop_assert_eq!(&both, &alone);
            } else {
                let (id, claims) = (next_id(), at_cost(&[claim("c", &[one])], cost));
                prop_assert_eq!(both.take(id, &claims, now_ms), alone.take(id, &claims, now_ms));
            }
        }
    }

    #[test]
    fn a_neighbours_smaller_bucket_is_at_most_empty_for_what_a_larger_one_has_used(
        (generous, strict) in generous_and_strict(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        if let Algorithm::TokenBucket { .. } = strict.algorithm() {
            let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
            ledger.take(next_id(), &[claim("c", &[strict])], now_ms);
            for (step_ms, cost) in arrivals {
                now_ms += step_ms;
                ledger.take(next_id(), &at_cost(&[claim("c", &[generous])], cost), now_ms);
                let neighbour = ledger.peek(&[claim("c", &[strict])], now_ms);
                prop_assert!(neighbour.claims[0][0].standing.full_ms <= strict.quota_window_ms());
            }
        }
    }

    #[test]
    fn a_shorter_window_takes_over_what_is_certain_and_nothing_more(
        before in limit(), after in limit(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        if before.window_ms() > after.window_ms() {
            let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
            let (mut longer, mut shorter) = (Model::new(before), Model::new(after));
            for (step_ms, cost) in arrivals {
                now_ms += step_ms;
                let claims = at_cost(&[claim("c", &[before])], cost);
                if ledger.take(next_id(), &claims, now_ms).refused().is_none() {
                    longer.admit(now_ms, cost.get());
                    shorter.admit(now_ms, cost.get());
                }
            }
            let remaining = |limit| ledger.peek(&[claim("c", &[limit])], now_ms).claims[0][0].standing.remaining;
            // Nothing more: who knew every request would leave no more than this.
            prop_assert!(remaining(after) >= shorter.remaining(now_ms));
            // What is certain: the log knows every moment, and a fixed window that began within the shorter one counts only
            // what was taken in both.
            let looks_back_one_window = matches!(after.algorithm(), Algorithm::FixedWindow | Algorithm::SlidingLog);
            if before.algorithm() == Algorithm::SlidingLog && looks_back_one_window {
                prop_assert_eq!(remaining(after), shorter.remaining(now_ms));
            }
            let start_of = |limit: Limit| now_ms - now_ms % limit.window_ms();
            if before.algorithm() == Algorithm::FixedWindow
                && after.algorithm() == Algorithm::FixedWindow
                && start_of(before) >= start_of(after)
            {
                let used = before.permits() - longer.remaining(now_ms);
                prop_assert_eq!(remaining(after), after.permits().saturating_sub(used));
            }
        }
    }
}

#[test]
fn a_neighbour_without_a_plan_leaves_the_bucket_of_a_plan_as_it_is() {
    let bucket = |text: &str| {
        let limit = Limit::parse_all(text).unwrap()[0];
        limit
            .counted_by(Algorithm::TokenBucket { burst: None })
            .unwrap()
    };
    let (pro, plain) = (
        [claim("c", &[bucket("40/10 seconds")])],
        [claim("c", &[bucket("2/10 seconds")])],
    );
    let (mut ledger, mut now_ms) = (Ledger::default(), 1_700_000_000_000);
    for _ in 0..40 {
        assert_eq!(ledger.take(next_id(), &pro, now_ms).refused(), None);
    }
    let mut admitted = 0;
    while now_ms < 1_700_000_010_000 {
        now_ms += 250;
        ledger.take(next_id(), &plain, now_ms);
        admitted += u32::from(ledger.take(next_id(), &pro, now_ms).refused().is_none());
    }
    assert!(admitted >= 38, "{admitted} of 40");
}

#[test]
fn a_limit_that_is_used_up_gives_no_fresh_quota_when_its_window_is_halved() {
    let [minute, half] =
        ["10/minute", "10/30 seconds"].map(|text| [claim("c", &Limit::parse_all(text).unwrap())]);
    let mut ledger = Ledger::default();
    let now_ms = 1_700_000_040_000;
    while ledger.take(next_id(), &minute, now_ms).refused().is_none() {}
    for later_ms in [27_000, 29_999] {
        assert!(
            ledger
                .take(next_id(), &half, now_ms + later_ms)
                .refused()
                .is_some()
        );
    }
    assert_eq!(
        ledger.take(next_id(), &half, now_ms + 30_000).refused(),
        None
    );
}
