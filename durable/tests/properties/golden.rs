//! Snapshots of every version that was ever written, as golden bytes: each can be read, and means what it meant.

use std::num::NonZeroU32;

use bouncer_durable::counter::Override;
use bouncer_durable::ledger::{Claim, Ledger, Outcome, Saving};
use bouncer_durable::{Algorithm, Limit, snapshot};

const NOW_MS: u64 = 1_700_000_000_000;

fn of(text: &str, algorithm: Algorithm) -> Vec<Limit> {
    let limits = Limit::parse_all(text).unwrap().into_iter();
    limits
        .map(|limit| limit.counted_by(algorithm).unwrap())
        .collect()
}

fn claim(counter: &str, limits: Vec<Limit>, cost: u32) -> Claim {
    Claim {
        counter: counter.to_owned(),
        limits,
        cost: NonZeroU32::new(cost).unwrap(),
        reserved_ms: 0,
    }
}

fn claims() -> [Claim; 4] {
    let bucket = Algorithm::TokenBucket { burst: Some(20) };
    [
        claim("fixed", of("5/minute;20/hour", Algorithm::FixedWindow), 2),
        claim("log", of("10/minute", Algorithm::SlidingLog), 3),
        claim("window", of("10/minute", Algorithm::SlidingWindow), 1),
        claim("bucket", of("60/minute", bucket), 4),
    ]
}

/// Both takes of the first version's fixture, and its override.
fn used() -> Ledger {
    let mut ledger = Ledger::default();
    for (id, at_ms) in [(7, NOW_MS), (u64::MAX - 3, NOW_MS + 30_500)] {
        let decision = ledger.take(id, &claims(), at_ms);
        assert_eq!(decision.refused(), None);
    }
    let exception = Override {
        limits: of("3/minute", Algorithm::SlidingWindow),
        until_ms: Some(NOW_MS + 600_000),
    };
    ledger.set("window", Some(exception), NOW_MS + 30_600);
    ledger
}

/// The same, and something pending of every kind.
fn pending() -> Ledger {
    let mut ledger = used();
    let reserved = claims().map(|claim| Claim {
        cost: NonZeroU32::MIN,
        reserved_ms: 40_000,
        ..claim
    });
    ledger.take(8, &reserved[1..], NOW_MS + 30_700);
    ledger.take_provisionally(9, &reserved[2..], 3_000, NOW_MS + 30_700);
    ledger.take(10, &claims()[3..], NOW_MS + 30_800);
    ledger.cancel(11, NOW_MS + 30_900);
    ledger
}

fn golden(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex
        .trim()
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    let bytes = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    bytes.map(|byte| u8::try_from(byte).unwrap()).collect()
}

#[test]
fn a_snapshot_of_the_first_version_is_read_and_hands_nobody_a_fresh_quota() {
    let mut old = snapshot::decode(&golden(include_str!("golden/v1.hex"))).unwrap();
    let mut new = used();
    for later_ms in [0, 1_000, 29_000, 60_000, 3_600_000] {
        let now_ms = NOW_MS + 30_600 + later_ms;
        assert_eq!(old.peek(&claims(), now_ms), new.peek(&claims(), now_ms));
    }
    assert_eq!(old.expires_at_ms(), new.expires_at_ms());
    // A message that was charged before is not charged again.
    for ledger in [&mut old, &mut new] {
        ledger.take(7, &claims(), NOW_MS + 30_700);
        ledger.take(12, &claims()[..1], NOW_MS + 60_700);
    }
    let now_ms = NOW_MS + 60_800;
    assert_eq!(old.peek(&claims(), now_ms), new.peek(&claims(), now_ms));
}

#[test]
fn a_snapshot_of_the_second_version_is_written_as_ever_and_read_as_it_was() {
    let fixture = include_str!("golden/v2.hex");
    let mut ledger = pending();
    assert_eq!(ledger.save(Saving::Idle), golden(fixture));
    ledger.confirmed();
    let mut restored = snapshot::decode(&golden(fixture)).unwrap();
    assert_eq!(restored, ledger);
    let outcomes = claims().map(|claim| Outcome {
        claim: Claim {
            cost: NonZeroU32::MIN,
            reserved_ms: 40_000,
            ..claim
        },
        is_kept: false,
    });
    for ledger in [&mut restored, &mut ledger] {
        ledger.settle(8, NOW_MS + 30_700, &outcomes[1..], NOW_MS + 40_000);
    }
    assert_eq!(restored, ledger);
}
