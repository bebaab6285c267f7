//! The numbers of one limit: what is admitted, what is left, and when more comes back.

use std::num::NonZeroU32;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::{Algorithm, Limit, Refused};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{ALGORITHMS, arrivals, at_cost, claim, config, limit, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_decision_is_the_one_of_the_definition(limit in limit(), start_ms in start_ms(), arrivals in arrivals()) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut model, mut now_ms) = (Ledger::default(), Model::new(limit), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let admits = model.admits(now_ms, cost.get());
            let decision = ledger.take(next_id(), &at_cost(&claims, cost), now_ms);
            prop_assert_eq!(decision.refused().is_none(), admits, "at {}", now_ms);
            if admits {
                model.admit(now_ms, cost.get());
            }
            let standing = decision.claims[0][0].standing;
            prop_assert_eq!(standing.remaining, model.remaining(now_ms));
            prop_assert!(standing.remaining <= limit.quota());
        }
    }

    #[test]
    fn no_window_of_the_algorithms_definition_ever_holds_more_than_the_limit(
        limit in limit(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut now_ms, mut admitted) = (Ledger::default(), start_ms, Vec::new());
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            if ledger.take(next_id(), &at_cost(&claims, cost), now_ms).refused().is_none() {
                admitted.push((now_ms, u64::from(cost.get())));
            }
        }
        let (permits, window_ms) = (u64::from(limit.permits()), limit.window_ms());
        for (index, (from_ms, _)) in admitted.iter().enumerate() {
            let mut sum = 0;
            for (at_ms, cost) in &admitted[index..] {
                sum += cost;
                let elapsed_ms = at_ms - from_ms;
                match limit.algorithm() {
                    Algorithm::FixedWindow if at_ms / window_ms == from_ms / window_ms => prop_assert!(sum <= permits),
                    Algorithm::SlidingLog if elapsed_ms < window_ms => prop_assert!(sum <= permits),
                    Algorithm::TokenBucket { .. } => {
                        prop_assert!(sum * window_ms <= u64::from(limit.quota()) * window_ms + permits * elapsed_ms);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_refused_cost_is_refused_until_and_admitted_exactly_at_the_promised_moment(
        limit in limit(), start_ms in start_ms(), arrivals in arrivals(), early in 0..1_000_u64,
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut model, mut now_ms) = (Ledger::default(), Model::new(limit), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            match ledger.take(next_id(), &at_cost(&claims, cost), now_ms).refused() {
                None => model.admit(now_ms, cost.get()),
                Some((_, Refused::Never)) => prop_assert!(cost.get() > limit.quota()),
                Some((_, Refused::Until { retry_ms })) => {
                    prop_assert_eq!(model.admits_from(now_ms, cost.get()), Some(now_ms + retry_ms));
                    let sooner_ms = now_ms + (retry_ms - 1) * early / 1_000;
                    prop_assert!(ledger.clone().take(next_id(), &at_cost(&claims, cost), sooner_ms).refused().is_some());
                    prop_assert!(ledger.clone().take(next_id(), &at_cost(&claims, cost), now_ms + retry_ms).refused().is_none());
                }
            }
        }
    }

    #[test]
    fn more_comes_back_exactly_when_it_is_said_to_and_everything_when_it_is_said_to(
        limit in limit(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut model, mut now_ms) = (Ledger::default(), Model::new(limit), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let decision = ledger.take(next_id(), &at_cost(&claims, cost), now_ms);
            if decision.refused().is_none() {
                model.admit(now_ms, cost.get());
            }
            let standing = decision.claims[0][0].standing;
            prop_assert_eq!(standing.more_ms == 0, standing.remaining == limit.quota());
            if standing.more_ms > 0 {
                prop_assert_eq!(model.remaining(now_ms + standing.more_ms - 1), standing.remaining);
                prop_assert!(model.remaining(now_ms + standing.more_ms) > standing.remaining);
                prop_assert!(model.remaining(now_ms + standing.full_ms - 1) < limit.quota());
            }
            prop_assert_eq!(model.remaining(now_ms + standing.full_ms), limit.quota());
        }
    }
}

fn refused(limits: &[Limit], cost: u32) -> Option<Refused> {
    let cost = NonZeroU32::new(cost).unwrap();
    let decision =
        Ledger::default().take(next_id(), &at_cost(&[claim("c", limits)], cost), 1_000_000);
    decision.refused().map(|(_, refused)| refused)
}

#[test]
fn a_cost_that_can_never_fit_is_told_so() {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    assert_eq!(refused(&limits, 5), None);
    assert_eq!(refused(&limits, 6), Some(Refused::Never));
}

#[test]
fn nothing_is_ever_admitted_under_a_limit_of_none() {
    let burst = Algorithm::TokenBucket { burst: Some(3) };
    for algorithm in ALGORITHMS.into_iter().chain([burst]) {
        let limit = Limit::parse_all("0/minute").unwrap()[0];
        let limit = limit.counted_by(algorithm).unwrap();
        assert_eq!(refused(&[limit], 1), Some(Refused::Never), "{algorithm:?}");
    }
}
