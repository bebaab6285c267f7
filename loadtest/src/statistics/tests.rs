use hyper::StatusCode;
use proptest::prelude::*;

use super::*;

fn answered(status: u16, latency_us: u32) -> Sample {
    Sample {
        outcome: Outcome::Answered(StatusCode::from_u16(status).unwrap()),
        latency_us,
    }
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let status = prop_oneof![
        Just(200_u16),
        Just(302),
        Just(404),
        Just(429),
        Just(503),
        100..600_u16
    ];
    let outcome = prop_oneof![
        8 => status.prop_map(|status| Outcome::Answered(StatusCode::from_u16(status).unwrap())),
        1 => Just(Outcome::Broken(TransportError::Timeout)),
        1 => Just(Outcome::Broken(TransportError::ConnectionReset)),
    ];
    // Latencies of every magnitude, not only of the largest.
    let latency_us = (0..32_u32, any::<u32>()).prop_map(|(shift, bits)| bits >> shift);
    (outcome, latency_us).prop_map(|(outcome, latency_us)| Sample {
        outcome,
        latency_us,
    })
}

proptest! {
    // A histogram costs a debug build milliseconds; a quarter of the usual cases is plenty.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn percentiles_never_fall_and_never_pass_the_slowest(latencies_us in prop::collection::vec(any_sample(), 1..300)) {
        let statistics = Statistics::of(&latencies_us).unwrap();
        for group in [statistics.served, statistics.refused, statistics.failed] {
            let Some(p) = group.latency else { continue };
            let rising = [0.0, p.p50_ms, p.p90_ms, p.p95_ms, p.p99_ms, p.p99_9_ms, p.max_ms];
            prop_assert!(rising.is_sorted(), "{rising:?}");
        }
    }

    #[test]
    fn every_sample_is_counted_once_by_class_and_once_by_status_or_error(samples in prop::collection::vec(any_sample(), 0..300)) {
        let statistics = Statistics::of(&samples).unwrap();
        let total = u32::try_from(samples.len()).unwrap();
        prop_assert_eq!(statistics.requests(), total);
        let answers: u32 = statistics.status_counts.values().sum();
        prop_assert_eq!(answers + statistics.transport_errors.values().sum::<u32>(), total);
    }

    #[test]
    fn a_429_is_refused_and_not_failed_whatever_surrounds_it(samples in prop::collection::vec(any_sample(), 0..300), more in 0..50_u32) {
        let before = Statistics::of(&samples).unwrap();
        let refusals = (0..more).map(|_| answered(429, 1_000));
        let after = Statistics::of(&samples.into_iter().chain(refusals).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(after.refused.count, before.refused.count + more);
        prop_assert_eq!(after.failed, before.failed);
        prop_assert_eq!(after.served, before.served);
    }

    #[test]
    fn a_percentile_is_within_a_thousandth_of_the_exact_one(mut latencies_us in prop::collection::vec(0..100_000_000_u32, 1..300)) {
        let samples: Vec<_> = latencies_us.iter().map(|latency_us| answered(200, *latency_us)).collect();
        let measured_ms = Statistics::of(&samples).unwrap().served.latency.unwrap().p90_ms;
        latencies_us.sort_unstable();
        let exact_ms = f64::from(latencies_us[(latencies_us.len() * 9).div_ceil(10) - 1]) / 1_000.0;
        prop_assert!((measured_ms - exact_ms).abs() <= exact_ms / 1_000.0, "{measured_ms} instead of {exact_ms}");
    }
}

#[test]
fn the_tail_ratio_says_how_much_worse_the_unlucky_fare() {
    let samples: Vec<_> = (0..98)
        .map(|_| answered(200, 1_000))
        .chain([answered(200, 1_500); 2])
        .collect();
    let latency = Statistics::of(&samples).unwrap().served.latency.unwrap();
    assert_eq!(
        (latency.p50_ms, latency.p99_ms, latency.tail_ratio),
        (1.0, 1.5, Some(1.5))
    );
}

#[test]
fn an_empty_class_has_no_latency_rather_than_a_zero() {
    let statistics = Statistics::of(&[answered(200, 1_000)]).unwrap();
    assert_eq!(
        statistics.refused,
        Group {
            count: 0,
            latency: None
        }
    );
}

#[test]
fn the_json_has_one_flat_object_for_each_class_with_units_in_the_names() {
    let samples = [
        answered(200, 1_234),
        Sample {
            outcome: Outcome::Broken(TransportError::ConnectionRefused),
            latency_us: 5,
        },
    ];
    let json = serde_json::to_value(Statistics::of(&samples).unwrap()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "served": {
                "count": 1, "p50_ms": 1.234, "p90_ms": 1.234, "p95_ms": 1.234, "p99_ms": 1.234, "p99_9_ms": 1.234,
                "max_ms": 1.234, "tail_ratio": 1.0,
            },
            "refused": { "count": 0 },
            "failed": {
                "count": 1, "p50_ms": 0.005, "p90_ms": 0.005, "p95_ms": 0.005, "p99_ms": 0.005, "p99_9_ms": 0.005,
                "max_ms": 0.005, "tail_ratio": 1.0,
            },
            "status_counts": { "200": 1 },
            "transport_errors": { "connection_refused": 1 },
        })
    );
}

#[test]
fn the_maximum_is_the_longest_latency_exactly_and_no_percentile_is_more() {
    let sample = |latency_us| Sample {
        outcome: Outcome::Answered(hyper::StatusCode::OK),
        latency_us,
    };
    let mut samples = vec![sample(12_000); 99];
    samples.push(sample(4_200_000));
    let statistics = Group::of(&samples, Class::Served).unwrap();
    let latency = statistics.latency.unwrap();
    assert_eq!((latency.p50_ms, latency.max_ms), (12.007, 4_200.0));
    assert!(latency.p99_9_ms <= latency.max_ms);
}

/// Nearest rank: of a hundred values the 99th percentile is the 99th. numpy's default goes between that and the next: 12 + 0.01 *
/// (4200 - 12), which is 53.88, a latency that nobody had.
#[test]
fn a_percentile_is_a_latency_that_was_measured_by_the_nearest_rank() {
    let samples: Vec<Sample> = (1..=100)
        .map(|ms| Sample {
            outcome: Outcome::Answered(hyper::StatusCode::OK),
            latency_us: ms * 1_000,
        })
        .collect();
    let latency = Group::of(&samples, Class::Served).unwrap().latency.unwrap();
    let near = |found: f64, expected: f64| (found - expected).abs() <= expected / 1_000.0;
    for (found, expected) in [
        (latency.p50_ms, 50.0),
        (latency.p90_ms, 90.0),
        (latency.p95_ms, 95.0),
        (latency.p99_ms, 99.0),
        (latency.max_ms, 100.0),
    ] {
        assert!(near(found, expected), "{found} {expected}");
    }
}
