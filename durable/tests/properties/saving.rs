//! What is kept on disk, when, and for how long.

use std::num::NonZeroU32;

use bouncer_durable::counter::Override;
use bouncer_durable::ledger::{Ledger, Saving};
use bouncer_durable::{Algorithm, Limit, snapshot};
use proptest::prelude::*;

use crate::traces::{ALGORITHMS, arrivals, at_cost, claim, config, limits, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_ledger_comes_back_from_its_snapshot_as_it_was(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            ledger.take(next_id(), &at_cost(&claims, cost), now_ms);
            let saved = ledger.save(Saving::Idle);
            ledger.confirmed();
            prop_assert_eq!(&snapshot::decode(&saved).unwrap(), &ledger);
        }
    }

    #[test]
    fn any_bytes_are_a_ledger_or_an_error_and_a_ledger_can_always_be_asked(
        bytes in prop::collection::vec(any::<u8>(), 0..300), limits in limits(), now_ms: u64, cost in 1..20_u32,
    ) {
        let versioned = |version: u8| [vec![version], bytes.clone()].concat();
        for bytes in [bytes.clone(), versioned(1), versioned(2)] {
            if let Ok(mut ledger) = snapshot::decode(&bytes) {
                ledger.take(next_id(), &at_cost(&[claim("c", &limits)], NonZeroU32::new(cost).unwrap()), now_ms);
                ledger.expire(now_ms / 2);
                let _ = (ledger.is_due(), ledger.expires_at_ms());
            }
        }
    }
}

#[test]
fn a_ledger_is_forgotten_when_everything_in_it_has_expired_and_not_before() {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    let mut ledger = Ledger::default();
    ledger.take(next_id(), &[claim("c", &limits)], 7_200_001);
    assert_eq!(ledger.expires_at_ms(), 10_800_000);
    assert!(!ledger.expire(10_799_999));
    assert!(ledger.expire(10_800_000));
    let saved = ledger.save(Saving::Due);
    ledger.confirmed();
    assert_eq!(snapshot::decode(&saved).unwrap(), ledger);
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
        while ledger.take(next_id(), &claims, 1_000).refused().is_none() {
            if ledger.is_due() {
                saves += 1;
                ledger.save(Saving::Due);
                ledger.confirmed();
            }
        }
        assert_eq!(saves, saves_per_window, "{limit}");
        assert!(
            !ledger.has_unsaved(),
            "{limit}: the last permit is always saved"
        );
    }
}

#[test]
fn a_limit_that_stays_used_up_is_saved_as_such_once_and_then_at_every_twentieth() {
    for algorithm in ALGORITHMS {
        let limit = Limit::parse_all("600/minute").unwrap()[0];
        let claims = [claim("c", &[limit.counted_by(algorithm).unwrap()])];
        let (mut ledger, mut saves, mut admitted) = (Ledger::default(), 0, 0);
        // Ten times a second for ten minutes, twice as much as is permitted.
        for at_ms in (0..600_000).step_by(50) {
            let decision = ledger.take(next_id(), &claims, 60_000_000 + at_ms);
            admitted += u64::from(decision.refused().is_none());
            if ledger.is_due() {
                saves += 1;
                ledger.save(Saving::Due);
                ledger.confirmed();
            }
        }
        assert!(admitted >= 5_900, "{algorithm:?}: {admitted}");
        // A fixed window is used up anew each time, the others once.
        assert!(
            saves <= admitted / 30 + 11,
            "{algorithm:?}: {saves} of {admitted}"
        );
        let mut restored = snapshot::decode(&ledger.save(Saving::Idle)).unwrap();
        restored.take(next_id(), &claims, 60_600_000);
        restored.take(next_id(), &claims, 60_600_000);
        assert!(restored.is_due() || algorithm == Algorithm::FixedWindow);
    }
}

#[test]
fn replies_wait_for_the_disk_where_a_crash_would_forget_more_than_a_twentieth() {
    let limits = Limit::parse_all("100/minute").unwrap();
    let claims = [claim("c", &limits)];
    let mut ledger = Ledger::default();
    let take = |ledger: &mut Ledger, permits: u32| {
        for _ in 0..permits {
            ledger.take(next_id(), &claims, 1_000);
        }
        let is_due = ledger.is_due();
        if is_due {
            ledger.save(Saving::Due);
        }
        (is_due, ledger.waits_for_disk())
    };
    assert_eq!(take(&mut ledger, 4), (false, false));
    assert_eq!(take(&mut ledger, 1), (true, false), "5 are on their way");
    assert_eq!(take(&mut ledger, 1), (true, true), "6 would be forgotten");
    assert_eq!(
        take(&mut ledger, 1),
        (false, true),
        "this one waits for the others, and is one"
    );
    ledger.confirmed();
    assert_eq!(take(&mut ledger, 3), (false, false));
    assert_eq!(take(&mut ledger, 1), (true, false));
    ledger.confirmed();
    assert_eq!(take(&mut ledger, 100), (true, true), "the last one");
    ledger.confirmed();
    ledger.reset(None, 1_000);
    assert_eq!(take(&mut ledger, 0), (true, true), "no crash may undo it");

    let small = [claim("c", &Limit::parse_all("10/minute").unwrap())];
    let mut ledger = Ledger::default();
    ledger.take(next_id(), &small, 1_000);
    assert!(ledger.is_due());
    ledger.save(Saving::Due);
    assert!(ledger.waits_for_disk(), "one of ten is more than 5 %");
}

#[test]
fn a_small_limit_that_an_override_has_replaced_does_not_make_every_request_a_save() {
    let claims = [claim("c", &Limit::parse_all("5/minute").unwrap())];
    let (mut ledger, mut saves) = (Ledger::default(), 0);
    ledger.take(next_id(), &claims, 1_000);
    let limits = Limit::parse_all("1000/minute").unwrap();
    ledger.set(
        "c",
        Some(Override {
            limits,
            until_ms: None,
        }),
        1_000,
    );
    while ledger.take(next_id(), &claims, 1_000).refused().is_none() {
        if ledger.is_due() {
            saves += 1;
            ledger.save(Saving::Due);
        }
    }
    // The override itself, then each twentieth.
    assert!((20..=21).contains(&saves), "{saves}");
}

#[test]
fn what_a_failed_write_held_is_unsaved_again_and_written_at_the_next_chance() {
    let limits = Limit::parse_all("60/minute").unwrap();
    let claims = [claim("c", &limits)];
    let mut ledger = Ledger::default();
    let mut on_disk = ledger.clone();
    for write in 0..10 {
        let mut bytes = Vec::new();
        while !ledger.is_due() {
            ledger.take(next_id(), &claims, 1_000);
        }
        bytes.extend(ledger.save(Saving::Due));
        assert!(!ledger.has_unsaved());
        if write % 2 == 0 {
            ledger.failed();
            assert!(ledger.is_due(), "as much is unsaved as before");
            // Idle, the next chance.
            bytes = ledger.save(Saving::Idle);
        }
        ledger.confirmed();
        assert!(!ledger.has_unsaved());
        on_disk = snapshot::decode(&bytes).unwrap();
        assert_eq!(on_disk, ledger);
    }
    ledger.failed();
    assert_eq!(on_disk, ledger, "what is confirmed is on disk");
    ledger.reset(None, 1_000);
    ledger.save(Saving::Due);
    ledger.failed();
    assert!(ledger.is_due(), "no crash may undo a reset");
}

#[test]
fn a_refund_is_saved_like_a_charge() {
    for (limit, is_due) in [("5/minute", true), ("60/minute", false)] {
        let claims = [claim("c", &Limit::parse_all(limit).unwrap())];
        let mut ledger = Ledger::default();
        ledger.take_provisionally(1, &claims, 5_000, 1_000);
        ledger.save(Saving::Idle);
        ledger.confirmed();
        ledger.cancel(1, 1_000);
        assert!(ledger.has_unsaved());
        assert_eq!(ledger.is_due(), is_due, "{limit}");
    }
}
