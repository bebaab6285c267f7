//! What becomes of takes: settled, standing, cancelled; twice, late, and before they come.

use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Decision, Ledger, Outcome, Saving};
use bouncer_durable::{Algorithm, Limit, Refused, snapshot};
use proptest::prelude::*;

use crate::traces::{ALGORITHMS, arrivals, at_cost, claim, config, limits, next_id, start_ms};

const NOW_MS: u64 = 1_700_000_000_000;

fn limit(text: &str, algorithm: Algorithm) -> Limit {
    let limit = Limit::parse_all(text).unwrap()[0];
    limit.counted_by(algorithm).unwrap()
}

fn claims(text: &str, algorithm: Algorithm) -> [Claim; 1] {
    [claim("c", &[limit(text, algorithm)])]
}

/// The same claims, as reservations.
fn reserved(claims: &[Claim], reserved_ms: u32) -> Vec<Claim> {
    let claims = claims.iter().cloned();
    let reserved = claims.map(|claim| Claim {
        reserved_ms,
        ..claim
    });
    reserved.collect()
}

fn outcomes(claims: &[Claim], is_kept: bool) -> Vec<Outcome> {
    let claims = claims.iter().cloned();
    claims.map(|claim| Outcome { claim, is_kept }).collect()
}

fn remaining(ledger: &Ledger, claims: &[Claim], now_ms: u64) -> u32 {
    ledger.peek(claims, now_ms).claims[0][0].standing.remaining
}

fn is_unsettled(decision: &Decision) -> bool {
    let (by, _) = decision.refused().expect("a refusal");
    by.is_unsettled
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_never_fails_is_never_locked_out_however_many_requests_are_in_progress_and_however_often_the_object_sleeps(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(), slow in 0..3_usize,
    ) {
        let claims = reserved(&[claim("c", &limits)], 100_000);
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        let mut in_progress: Vec<(u64, u64)> = Vec::new();
        for (turn, (step_ms, _)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            let id = next_id();
            if ledger.take(id, &claims, now_ms).refused().is_none() {
                in_progress.push((id, now_ms));
            } else {
                // The permits that are missing are those of the requests in progress.
                let is_refused = |limit: &Limit| limit.quota() as usize <= in_progress.len();
                prop_assert!(limits.iter().any(is_refused));
            }
            if ledger.is_due() {
                let saved = ledger.save(Saving::Due);
                let restored = snapshot::decode(&saved).unwrap();
                prop_assert_eq!(restored.peek(&claims, now_ms), Ledger::default().peek(&claims, now_ms));
            }
            if turn % 4 == 0 && ledger.has_unsaved() {
                ledger = snapshot::decode(&ledger.save(Saving::Idle)).unwrap();
            }
            while in_progress.len() > slow {
                let (id, taken_ms) = in_progress.remove(0);
                ledger.settle(id, taken_ms, &outcomes(&claims, false), now_ms);
            }
        }
    }

    #[test]
    fn a_take_that_is_cancelled_takes_nothing_whichever_of_the_two_comes_first(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(), provisional_ms in 0..2_u32, reserved_ms in 0..2_u32,
    ) {
        let claims = reserved(&[claim("c", &limits)], reserved_ms * 10_000);
        let (mut early, mut late, mut plain, mut now_ms) = (Ledger::default(), Ledger::default(), Ledger::default(), start_ms);
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            let (id, claims) = (next_id(), at_cost(&claims, cost));
            if turn % 2 == 0 {
                early.cancel(id, now_ms);
                early.take_provisionally(id, &claims, provisional_ms * 10_000, now_ms);
                late.take_provisionally(id, &claims, provisional_ms * 10_000, now_ms);
                late.cancel(id, now_ms);
            } else {
                for ledger in [&mut early, &mut late, &mut plain] {
                    ledger.take(id, &claims, now_ms);
                }
            }
            let expected = plain.peek(&claims, now_ms);
            prop_assert_eq!(early.peek(&claims, now_ms), expected.clone());
            // A slot that the cancelled take has opened is one more, and knows at least as much.
            if limits.len() == 1 {
                prop_assert_eq!(late.peek(&claims, now_ms), expected);
            }
        }
    }

    #[test]
    fn what_happens_to_a_take_happens_once_however_often_it_is_said(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(), kept: u64, ends: u64,
    ) {
        let claims = reserved(&[claim("c", &limits)], 5_000);
        let (mut once, mut often, mut now_ms) = (Ledger::default(), Ledger::default(), start_ms);
        let mut said: Vec<(u64, u64, Vec<Outcome>)> = Vec::new();
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms.min(500);
            let (id, claims) = (next_id(), at_cost(&claims, cost));
            let is_admitted = once.take(id, &claims, now_ms).refused().is_none();
            often.take(id, &claims, now_ms);
            often.take(id, &claims, now_ms);
            if is_admitted && ends >> (turn % 64) & 1 == 1 {
                let outcomes = outcomes(&claims, kept >> (turn % 64) & 1 == 1);
                once.settle(id, now_ms, &outcomes, now_ms);
                often.settle(id, now_ms, &outcomes, now_ms);
                said.push((id, now_ms, outcomes));
            }
            let lately = said.iter().filter(|(_, at_ms, _)| at_ms + 5_000 >= now_ms);
            for (id, at_ms, outcomes) in lately {
                often.settle(*id, *at_ms, outcomes, now_ms);
                often.cancel(*id, now_ms);
                let claims: Vec<Claim> = outcomes.iter().map(|each| each.claim.clone()).collect();
                often.take(*id, &claims, now_ms);
            }
            prop_assert_eq!(often.peek(&claims, now_ms), once.peek(&claims, now_ms));
        }
    }
}

#[test]
fn a_reservation_makes_no_save_due_and_is_in_no_save_that_is_due_to_others() {
    for algorithm in ALGORITHMS {
        let plain = claims("10/minute", algorithm);
        let failures = reserved(&plain, 30_000);
        let mut ledger = Ledger::default();
        ledger.take(1, &failures, NOW_MS);
        assert!(!ledger.is_due(), "{algorithm:?}");
        assert!(
            ledger.has_unsaved(),
            "it is saved before memory may be lost"
        );
        ledger.take(2, &plain, NOW_MS);
        assert!(ledger.is_due());
        let restored = snapshot::decode(&ledger.save(Saving::Due)).unwrap();
        assert_eq!(remaining(&restored, &plain, NOW_MS), 9, "{algorithm:?}");
        assert!(ledger.has_unsaved(), "the reservation is not on disk");

        let mut restored = snapshot::decode(&ledger.save(Saving::Idle)).unwrap();
        assert!(!restored.has_unsaved());
        assert_eq!(remaining(&restored, &plain, NOW_MS), 8);
        restored.settle(1, NOW_MS, &outcomes(&failures, false), NOW_MS);
        assert!(restored.is_due(), "it must not come back");
        assert_eq!(remaining(&restored, &plain, NOW_MS), 9);
    }
}

#[test]
fn a_reservation_or_a_provisional_charge_stands_once_its_time_is_over() {
    for algorithm in ALGORITHMS {
        let plain = claims("10/hour", algorithm);
        let failures = reserved(&plain, 5_000);
        for late_ms in [5_000, 5_001] {
            let mut ledger = Ledger::default();
            ledger.take(1, &failures, NOW_MS);
            ledger.take_provisionally(2, &plain, 5_000, NOW_MS);
            ledger.settle(1, NOW_MS, &outcomes(&failures, false), NOW_MS + late_ms);
            ledger.settle(2, NOW_MS, &outcomes(&plain, false), NOW_MS + late_ms);
            let expected = if late_ms == 5_000 { 10 } else { 8 };
            let remaining = remaining(&ledger, &plain, NOW_MS + late_ms);
            assert_eq!(remaining, expected, "{algorithm:?} {late_ms}");
        }
    }
}

#[test]
fn what_is_known_to_stand_is_not_given_back_and_a_reservation_in_it_still_is() {
    let plain = claims("10/hour", Algorithm::FixedWindow);
    let failures = [Claim {
        counter: "failures".to_owned(),
        ..reserved(&plain, 5_000)[0].clone()
    }];
    let both = [plain[0].clone(), failures[0].clone()];
    let mut ledger = Ledger::default();
    ledger.take_provisionally(1, &both, 5_000, NOW_MS);
    ledger.stand(&[1], NOW_MS);
    ledger.settle(1, NOW_MS, &outcomes(&both, false), NOW_MS);
    assert_eq!(remaining(&ledger, &plain, NOW_MS), 9);
    assert_eq!(remaining(&ledger, &failures, NOW_MS), 10);
}

#[test]
fn a_refusal_says_that_it_rests_on_charges_which_may_be_given_back() {
    for algorithm in ALGORITHMS {
        let plain = claims("2/hour", algorithm);
        let failures = reserved(&plain, 5_000);
        for (first, second, expected) in [
            (&plain[..], &plain[..], false),
            (&plain, &failures, true),
            (&failures, &failures, true),
        ] {
            let mut ledger = Ledger::default();
            ledger.take(1, first, NOW_MS);
            ledger.take(2, second, NOW_MS);
            let refused = ledger.take(3, &plain, NOW_MS);
            assert_eq!(is_unsettled(&refused), expected, "{algorithm:?}");
            // What never fits is refused for itself.
            let too_much = at_cost(&plain, NonZeroU32::new(3).unwrap());
            assert!(!is_unsettled(&ledger.take(4, &too_much, NOW_MS)));
            ledger.settle(2, NOW_MS, &outcomes(second, true), NOW_MS);
            let refused = ledger.take(5, &plain, NOW_MS);
            assert_eq!(is_unsettled(&refused), first[0].reserved_ms > 0);
        }
        let mut ledger = Ledger::default();
        ledger.take_provisionally(1, &plain, 5_000, NOW_MS);
        ledger.take(2, &plain, NOW_MS);
        assert!(is_unsettled(&ledger.take(3, &plain, NOW_MS)));
        assert!(!is_unsettled(&ledger.take(3, &plain, NOW_MS + 5_001)));
    }
}

#[test]
fn of_a_take_that_was_forgotten_nothing_is_given_back_and_a_failure_counts() {
    for algorithm in ALGORITHMS {
        let plain = claims("5/hour", algorithm);
        let failures = reserved(&plain, 30_000);
        let mut ledger = Ledger::default();
        ledger.take(1, &plain, NOW_MS);
        for id in [2, 3] {
            ledger.settle(id, NOW_MS, &outcomes(&failures, false), NOW_MS + 1_000);
            ledger.settle(id, NOW_MS, &outcomes(&plain, false), NOW_MS + 1_000);
            ledger.cancel(id, NOW_MS + 1_000);
        }
        assert_eq!(
            remaining(&ledger, &plain, NOW_MS + 1_000),
            4,
            "{algorithm:?}"
        );
        for _ in 0..2 {
            ledger.settle(4, NOW_MS, &outcomes(&failures, true), NOW_MS + 1_000);
        }
        assert_eq!(
            remaining(&ledger, &plain, NOW_MS + 1_000),
            3,
            "{algorithm:?}"
        );
        // By now it has been a charge, or forgotten for good.
        ledger.settle(5, NOW_MS, &outcomes(&failures, true), NOW_MS + 30_001);
        assert_eq!(
            remaining(&ledger, &plain, NOW_MS + 30_001),
            3,
            "{algorithm:?}"
        );
    }
}

#[test]
fn of_too_many_pending_takes_the_oldest_that_is_only_provisional_stands() {
    let plain = claims("5000/hour", Algorithm::FixedWindow);
    let mut ledger = Ledger::default();
    for id in 0..1_100 {
        let decision = ledger.take_provisionally(id, &plain, 600_000, NOW_MS + id);
        assert_eq!(decision.refused(), None);
    }
    for id in 0..1_100 {
        ledger.settle(id, NOW_MS + id, &outcomes(&plain, false), NOW_MS + 2_000);
    }
    assert_eq!(
        remaining(&ledger, &plain, NOW_MS + 2_000),
        5_000 - (1_100 - 1_024)
    );
}

#[test]
fn a_reservation_never_stands_for_want_of_room_and_who_finds_none_comes_back_in_a_second() {
    for algorithm in ALGORITHMS {
        let plain = claims("5000/hour", algorithm);
        let failures = reserved(&plain, 600_000);
        let other = [claim("other", &[limit("5/hour", algorithm)])];
        let mut ledger = Ledger::default();
        ledger.take_provisionally(2_000, &plain, 600_000, NOW_MS);
        for id in 0..1_024 {
            assert_eq!(ledger.take(id, &failures, NOW_MS).refused(), None);
        }
        let before = ledger.peek(&plain, NOW_MS);
        for (id, claims) in [(1_024, &failures[..]), (1_025, &reserved(&other, 1_000))] {
            let refused = ledger.take(id, claims, NOW_MS);
            assert!(is_unsettled(&refused), "{algorithm:?}");
            let (_, wait) = refused.refused().unwrap();
            assert_eq!(wait, Refused::Until { retry_ms: 1_000 });
        }
        assert_eq!(ledger.peek(&plain, NOW_MS), before, "{algorithm:?}");
        assert_eq!(
            ledger.take(1_026, &plain, NOW_MS).refused(),
            None,
            "what is counted from the start needs no room"
        );
        for id in 0..1_024 {
            ledger.settle(id, NOW_MS, &outcomes(&failures, false), NOW_MS);
        }
        assert_eq!(remaining(&ledger, &plain, NOW_MS), 5_000 - 2);
        assert_eq!(ledger.take(1_027, &failures, NOW_MS).refused(), None);
    }
}

#[test]
fn reservations_that_are_never_settled_take_no_room_once_they_no_longer_count() {
    for algorithm in ALGORITHMS {
        let failures = reserved(&claims("2000/minute", algorithm), u32::MAX);
        let mut ledger = Ledger::default();
        for id in 0..1_024 {
            ledger.take(id, &failures, NOW_MS);
        }
        assert!(is_unsettled(&ledger.take(2_000, &failures, NOW_MS)));
        let later_ms = NOW_MS + 120_001;
        assert_eq!(remaining(&ledger, &failures, later_ms), 2_000);
        assert_eq!(ledger.take(2_001, &failures, later_ms).refused(), None);
    }
}

#[test]
fn a_message_is_charged_once_however_many_others_came_in_between() {
    let plain = claims("100000/hour", Algorithm::FixedWindow);
    let mut ledger = Ledger::default();
    for id in 0..1_500 {
        ledger.take(id, &plain, NOW_MS + id);
    }
    let mut ledger = snapshot::decode(&ledger.save(Saving::Idle)).unwrap();
    for id in 0..1_500 {
        ledger.take(id, &plain, NOW_MS + 1_500);
    }
    assert_eq!(remaining(&ledger, &plain, NOW_MS + 1_500), 100_000 - 1_500);
    // And an object that answers for hours remembers no more of them than it needs.
    for id in 1_500..50_000 {
        ledger.take(id, &plain, NOW_MS + id);
    }
    assert!(ledger.save(Saving::Idle).len() < 16_000);
}

#[test]
fn a_reset_leaves_nothing_to_give_back() {
    for algorithm in ALGORITHMS {
        let plain = claims("5/hour", algorithm);
        let mut ledger = Ledger::default();
        ledger.take(1, &plain, NOW_MS);
        ledger.take_provisionally(2, &plain, 5_000, NOW_MS);
        ledger.reset(None, NOW_MS);
        ledger.take(3, &plain, NOW_MS);
        ledger.cancel(1, NOW_MS);
        ledger.cancel(2, NOW_MS);
        assert_eq!(remaining(&ledger, &plain, NOW_MS), 4, "{algorithm:?}");
    }
}
