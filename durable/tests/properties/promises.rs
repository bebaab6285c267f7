use std::num::NonZeroU32;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::{Algorithm, Limit, Refused, snapshot};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{arrivals, claim, config, limit, limits, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_decision_is_the_one_of_the_definition(limit in limit(), start_ms in start_ms(), arrivals in arrivals()) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut model, mut now_ms) = (Ledger::default(), Model::new(limit), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let admits = model.admits(now_ms, cost.get());
            let decision = ledger.take(&claims, now_ms, cost);
            prop_assert_eq!(decision.refused().is_none(), admits, "at {}", now_ms);
            if admits {
                model.admit(now_ms, cost.get());
            }
            let standing = decision.standings[0].standing;
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
            if ledger.take(&claims, now_ms, cost).refused().is_none() {
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
            match ledger.take(&claims, now_ms, cost).refused() {
                None => model.admit(now_ms, cost.get()),
                Some((_, Refused::Never)) => prop_assert!(cost.get() > limit.quota()),
                Some((_, Refused::Until { retry_ms })) => {
                    prop_assert_eq!(model.admits_from(now_ms, cost.get()), Some(now_ms + retry_ms));
                    let sooner_ms = now_ms + (retry_ms - 1) * early / 1_000;
                    prop_assert!(ledger.clone().take(&claims, sooner_ms, cost).refused().is_some());
                    prop_assert!(ledger.clone().take(&claims, now_ms + retry_ms, cost).refused().is_none());
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
            let decision = ledger.take(&claims, now_ms, cost);
            if decision.refused().is_none() {
                model.admit(now_ms, cost.get());
            }
            let standing = decision.standings[0].standing;
            prop_assert_eq!(standing.more_ms == 0, standing.remaining == limit.quota());
            if standing.more_ms > 0 {
                prop_assert_eq!(model.remaining(now_ms + standing.more_ms - 1), standing.remaining);
                prop_assert!(model.remaining(now_ms + standing.more_ms) > standing.remaining);
                prop_assert!(model.remaining(now_ms + standing.full_ms - 1) < limit.quota());
            }
            prop_assert_eq!(model.remaining(now_ms + standing.full_ms), limit.quota());
        }
    }

    #[test]
    fn a_refusal_changes_nothing_at_all(limits in limits(), start_ms in start_ms(), arrivals in arrivals()) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let before = ledger.clone();
            if ledger.take(&claims, now_ms, cost).refused().is_some() {
                // A request that would be admitted anyway sees the same before and after.
                for later_ms in [0, 1, 999, 1_000, 5_000] {
                    let at_ms = now_ms + later_ms;
                    prop_assert_eq!(
                        ledger.clone().take(&claims, at_ms, NonZeroU32::MIN),
                        before.clone().take(&claims, at_ms, NonZeroU32::MIN)
                    );
                }
                prop_assert_eq!(ledger.has_unsaved(), before.has_unsaved());
            }
        }
    }

    #[test]
    fn several_limits_of_several_rules_are_charged_all_or_none(
        one in limits(), other in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("one", &one), claim("other", &other)];
        let mut models: Vec<Model> = one.iter().chain(&other).copied().map(Model::new).collect();
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let all_admit = models.iter().all(|model| model.admits(now_ms, cost.get()));
            let decision = ledger.take(&claims, now_ms, cost);
            prop_assert_eq!(decision.refused().is_none(), all_admit);
            if all_admit {
                for model in &mut models {
                    model.admit(now_ms, cost.get());
                }
            }
            for (model, limit) in models.iter().zip(&decision.standings) {
                prop_assert_eq!(limit.standing.remaining, model.remaining(now_ms));
            }
        }
    }

    #[test]
    fn a_ledger_comes_back_from_its_snapshot_as_it_was(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            ledger.take(&claims, now_ms, cost);
            ledger.saved();
            prop_assert_eq!(&snapshot::decode(&snapshot::encode(&ledger)).unwrap(), &ledger);
        }
    }

    #[test]
    fn any_bytes_are_a_ledger_or_an_error_and_a_ledger_can_always_be_asked(
        bytes in prop::collection::vec(any::<u8>(), 0..300), limits in limits(), now_ms: u64, cost in 1..20_u32,
    ) {
        let mut versioned = vec![1];
        versioned.extend(&bytes);
        for bytes in [bytes, versioned] {
            if let Ok(mut ledger) = snapshot::decode(&bytes) {
                ledger.take(&[claim("c", &limits)], now_ms, NonZeroU32::new(cost).unwrap());
                ledger.expire(now_ms / 2);
                let _ = (ledger.is_due(), ledger.expires_at_ms());
            }
        }
    }

    #[test]
    fn any_clock_whatever_neither_panics_nor_hands_out_more_than_the_limit_at_once(
        limit in limit(), moments in prop::collection::vec(any::<u64>(), 1..40), cost in 1..5_u32,
    ) {
        let claims = [claim("c", &[limit])];
        let mut ledger = Ledger::default();
        for now_ms in moments {
            let decision = ledger.take(&claims, now_ms, NonZeroU32::new(cost).unwrap());
            prop_assert!(decision.standings[0].standing.remaining <= limit.quota());
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
            remaining = ledger.take(&claims, now_ms, cost).standings[0].standing.remaining;
        }
        let too_much = NonZeroU32::new(limit.quota() + 1).unwrap();
        let standing = ledger.take(&claims, now_ms - back_ms, too_much).standings[0].standing;
        prop_assert!(standing.remaining <= remaining);
        prop_assert!(standing.full_ms <= limit.quota_window_ms());
    }

    #[test]
    fn what_was_used_outlives_a_change_of_the_limit(
        before in limit(), permits in 0..12_u32, to in crate::traces::algorithm(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let after = Limit::parse_all(&format!("{permits}/{} seconds", before.window_ms() / 1_000)).unwrap()[0];
        let after = after.counted_by(to).unwrap();
        let (mut ledger, mut now_ms, mut remaining) = (Ledger::default(), start_ms, before.quota());
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            remaining = ledger.take(&[claim("c", &[before])], now_ms, cost).standings[0].standing.remaining;
        }
        let used = before.quota() - remaining;
        let decision = ledger.take(&[claim("c", &[after])], now_ms, NonZeroU32::new(after.quota() + 1).unwrap());
        prop_assert!(decision.standings[0].standing.remaining <= after.quota().saturating_sub(used));
    }
}

#[test]
fn a_cost_that_can_never_fit_is_told_so() {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    let refused = |cost| {
        Ledger::default()
            .take(&[claim("c", &limits)], 0, NonZeroU32::new(cost).unwrap())
            .refused()
    };
    assert_eq!(refused(5), None);
    assert_eq!(refused(6), Some((0, Refused::Never)));
}

#[test]
fn nothing_is_ever_admitted_under_a_limit_of_none() {
    for algorithm in [
        Algorithm::FixedWindow,
        Algorithm::SlidingLog,
        Algorithm::TokenBucket { burst: Some(3) },
    ] {
        let limit = Limit::parse_all("0/minute").unwrap()[0]
            .counted_by(algorithm)
            .unwrap();
        let decision = Ledger::default().take(&[claim("c", &[limit])], 1_000_000, NonZeroU32::MIN);
        assert_eq!(
            decision.refused(),
            Some((0, Refused::Never)),
            "{algorithm:?}"
        );
    }
}

#[test]
fn a_ledger_is_forgotten_when_everything_in_it_has_expired_and_not_before() {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    let mut ledger = Ledger::default();
    ledger.take(&[claim("c", &limits)], 7_200_001, NonZeroU32::MIN);
    assert_eq!(ledger.expires_at_ms(), 10_800_000);
    assert!(!ledger.expire(10_799_999));
    assert!(ledger.expire(10_800_000));
    ledger.saved();
    assert_eq!(
        snapshot::decode(&snapshot::encode(&ledger)).unwrap(),
        ledger
    );
}

#[test]
fn it_is_saved_at_every_twentieth_of_a_limit_and_at_the_last_permit() {
    for (limit, saves_per_window) in [
        ("5/minute", 5),
        ("60/minute", 20),
        ("1000/hour", 20),
        ("100000/day", 20),
    ] {
        let claims = [claim("c", &Limit::parse_all(limit).unwrap())];
        let (mut ledger, mut saves) = (Ledger::default(), 0);
        while ledger
            .take(&claims, 1_000, NonZeroU32::MIN)
            .refused()
            .is_none()
        {
            if ledger.is_due() {
                saves += 1;
                ledger.saved();
            }
        }
        assert_eq!(saves, saves_per_window, "{limit}");
        assert!(
            !ledger.has_unsaved(),
            "{limit}: the last permit is always saved"
        );
    }
}
