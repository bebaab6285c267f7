//! What a ledger is after it has left memory or crashed, whatever was pending: between "5 % forgotten" and "nothing too
//! much".

use std::num::NonZeroU32;

use bouncer_durable::Limit;
use bouncer_durable::ledger::Saving;
use bouncer_durable::limit::Unit;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::traces::{algorithm, claim, config};

mod world;

use world::{Event, World};

fn event() -> impl Strategy<Value = Event> {
    let duration_ms = prop_oneof![3 => Just(0), 2 => 1..3_000_u32, 1 => Just(100_000)];
    let take = (
        prop_oneof![4 => Just(1), 1 => 2..6_u32],
        duration_ms.clone(),
        duration_ms,
    );
    let take = take.prop_map(|(cost, provisional_ms, reserved_ms)| Event::Take {
        cost,
        provisional_ms,
        reserved_ms,
    });
    prop_oneof![
        10 => take,
        6 => (any::<Index>(), any::<bool>()).prop_map(|(which, is_kept)| Event::Settle(which, is_kept)),
        1 => any::<Index>().prop_map(Event::Stand),
        2 => any::<Index>().prop_map(Event::Cancel),
        3 => Just(Event::Confirm),
        1 => Just(Event::Evict),
        1 => Just(Event::Crash),
    ]
}

/// Small limits, of which each permit is saved, and larger ones.
fn limit() -> impl Strategy<Value = Limit> {
    let permits = prop_oneof![1..12_u32, 20..120_u32];
    (permits, 1..5_u32, algorithm()).prop_map(|(permits, multiple, algorithm)| {
        let limit = Limit::new(permits, NonZeroU32::new(multiple).unwrap(), Unit::Second).unwrap();
        limit.counted_by(algorithm).unwrap()
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_restored_ledger_resurrects_nothing_and_forgets_at_most_a_twentieth(
        limit in limit(), events in prop::collection::vec((step_ms(), event()), 1..60),
    ) {
        let mut world = World::new(limit);
        for (step_ms, event) in events {
            world.now_ms += step_ms;
            world.lapse();
            // Whoever asks next finds that something's time is over.
            world.ledger.stand(&[], world.now_ms);
            if world.ledger.is_due() {
                world.save(Saving::Due);
            }
            world.happens(event)?;
            let standing = world.ledger.peek(&[claim("c", &[limit])], world.now_ms).claims[0][0].standing;
            let model = world.model(&world.memory);
            if world.is_exact {
                prop_assert_eq!(standing.remaining, model.remaining(world.now_ms));
            } else {
                prop_assert!(standing.remaining <= model.remaining(world.now_ms));
            }
            if world.ledger.is_due() {
                world.save(Saving::Due);
            }
            world.assert_bounded()?;
        }
    }
}

fn step_ms() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0), 4 => 1..300_u64, 1 => 300..3_000_u64]
}
