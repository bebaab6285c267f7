//! Random limits and random arrivals, drawn so that limits are met, and often exactly at their edges.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use bouncer_durable::ledger::Claim;
use bouncer_durable::limit::Unit;
use bouncer_durable::{Algorithm, Limit};
use proptest::prelude::*;

/// A moment to start at: an ordinary one, a window's first or last millisecond, or the first of all.
pub(crate) fn start_ms() -> impl Strategy<Value = u64> {
    prop_oneof![
        1_700_000_000_000..1_700_000_010_000_u64,
        Just(1_700_000_000_000 - 1),
        Just(1_700_000_040_000),
        Just(0),
    ]
}

pub(crate) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::FixedWindow,
    Algorithm::SlidingLog,
    Algorithm::SlidingWindow,
    Algorithm::TokenBucket { burst: None },
];

pub(crate) fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![
        3 => prop::sample::select(ALGORITHMS.as_slice()),
        1 => (1..12_u32).prop_map(|burst| Algorithm::TokenBucket { burst: Some(burst) }),
    ]
}

pub(crate) fn limit() -> impl Strategy<Value = Limit> {
    (0..12_u32, 1..5_u32, algorithm()).prop_map(|(permits, multiple, algorithm)| {
        let multiple = NonZeroU32::new(multiple).unwrap();
        Limit::new(permits, multiple, Unit::Second)
            .unwrap()
            .counted_by(algorithm)
            .unwrap()
    })
}

/// Steps from one arrival to the next, and what each costs: bursts, small steps, and whole windows.
pub(crate) fn arrivals() -> impl Strategy<Value = Vec<(u64, NonZeroU32)>> {
    let step_ms = prop_oneof![4 => Just(0), 3 => 1..50_u64, 3 => 50..1_500_u64, 1 => (1..5_u64).prop_map(|s| s * 1_000)];
    let cost = prop_oneof![6 => Just(1), 1 => 2..5_u32, 1 => 1..15_u32];
    prop::collection::vec(
        (
            step_ms,
            cost.prop_map(|cost| NonZeroU32::new(cost).unwrap()),
        ),
        1..60,
    )
}

pub(crate) fn claim(counter: &str, limits: &[Limit]) -> Claim {
    Claim {
        counter: counter.to_owned(),
        limits: limits.to_vec(),
        cost: NonZeroU32::MIN,
        reserved_ms: 0,
    }
}

/// The same claims, each at this cost.
pub(crate) fn at_cost(claims: &[Claim], cost: NonZeroU32) -> Vec<Claim> {
    let each = claims.iter().cloned();
    each.map(|claim| Claim { cost, ..claim }).collect()
}

/// Limits with windows of different lengths, as a rule has them.
pub(crate) fn limits() -> impl Strategy<Value = Vec<Limit>> {
    prop::collection::vec(limit(), 1..4).prop_map(|mut limits| {
        let mut windows = Vec::new();
        limits.retain(|limit| {
            let is_new = !windows.contains(&limit.window_ms());
            windows.push(limit.window_ms());
            is_new
        });
        limits
    })
}

/// An identifier that no other message of this run has.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(10_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
