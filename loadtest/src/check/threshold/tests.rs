use proptest::prelude::*;

use super::*;

fn evidence(latency: Option<[f64; 3]>, failed: u64) -> Evidence {
    Evidence {
        source: String::new(),
        requests: 1_000,
        failed,
        latency: latency.map(|[p50_ms, p95_ms, p99_ms]| Latency {
            p50_ms,
            p95_ms,
            p99_ms,
        }),
        notes: Vec::new(),
    }
}

fn thresholds(limits: [f64; 6]) -> Thresholds {
    let [
        p95_ms,
        p99_ms,
        failures_percent,
        tail_ratio,
        p95_times,
        p99_times,
    ] = limits.map(|most| Limit(Some(most)));
    Thresholds {
        p95_ms,
        p99_ms,
        failures_percent,
        tail_ratio,
        p95_times,
        p99_times,
    }
}

const BASELINE: Latency = Latency {
    p50_ms: 5.0,
    p95_ms: 10.0,
    p99_ms: 20.0,
};

fn passed(evidence: &Evidence, thresholds: &Thresholds) -> Vec<bool> {
    verdicts(evidence, thresholds, Some(BASELINE))
        .iter()
        .map(|verdict| verdict.passed)
        .collect()
}

proptest! {
    #[test]
    fn a_run_that_is_no_worse_passes_wherever_a_worse_one_did(
        limits in prop::array::uniform6(0.0..100.0_f64),
        p50 in 0.0..100.0_f64, more in prop::array::uniform2(0.0..100.0_f64), failed in 0..1_000_u64,
        worse in prop::array::uniform2(0.0..50.0_f64), worse_failed in 0..500_u64,
    ) {
        let thresholds = thresholds(limits);
        let run = [p50, p50 + more[0], p50 + more[0] + more[1]];
        let worse_run = [p50, run[1] + worse[0], run[2] + worse[0] + worse[1]];
        let good = passed(&evidence(Some(run), failed), &thresholds);
        let bad = passed(&evidence(Some(worse_run), failed + worse_failed), &thresholds);
        prop_assert!(good.iter().zip(&bad).all(|(good, bad)| good >= bad), "{good:?} {bad:?}");
    }

    #[test]
    fn a_higher_limit_fails_nobody_that_a_lower_one_passed(
        limits in prop::array::uniform6(0.0..100.0_f64), headroom in 0.0..100.0_f64,
        run in prop::array::uniform3(0.0..200.0_f64), failed in 0..=1_000_u64,
    ) {
        let run = evidence(Some(run), failed);
        let strict = passed(&run, &thresholds(limits));
        let lenient = passed(&run, &thresholds(limits.map(|most| most + headroom)));
        prop_assert!(lenient.iter().zip(&strict).all(|(lenient, strict)| lenient >= strict));
    }

    #[test]
    fn a_run_that_served_nothing_passes_no_threshold_on_latency(limits in prop::array::uniform6(0.0..1e9_f64)) {
        let passed = passed(&evidence(None, 0), &thresholds(limits));
        prop_assert_eq!(passed, [false, false, true, false, false, false, false]);
    }
}

#[test]
fn a_limit_itself_is_good_enough() {
    let run = evidence(Some([10.0, 20.0, 40.0]), 10);
    assert_eq!(
        passed(&run, &thresholds([20.0, 40.0, 1.0, 4.0, 2.0, 2.0])),
        [true; 6]
    );
}

#[test]
fn with_everything_switched_off_a_run_that_served_nothing_still_fails() {
    let off = Limit(None);
    let thresholds = Thresholds {
        p95_ms: off,
        p99_ms: off,
        failures_percent: off,
        tail_ratio: off,
        p95_times: off,
        p99_times: off,
    };
    assert_eq!(passed(&evidence(None, 0), &thresholds), [false]);
    assert!(passed(&evidence(Some([1.0; 3]), 0), &thresholds).is_empty());
}

#[test]
fn a_verdict_says_what_was_found_and_what_is_accepted() {
    let limits = thresholds([200.0, 30.0, 1.0, 5.0, 2.0, 3.0]);
    let said: Vec<_> = verdicts(
        &evidence(Some([10.0, 45.2, 61.7]), 3),
        &limits,
        Some(BASELINE),
    )
    .iter()
    .map(|verdict| anstream::adapter::strip_str(&verdict.to_string()).to_string())
    .collect();
    assert_eq!(
        said,
        [
            "PASS p95 45.2 ms, at most 200 ms",
            "FAIL p99 61.7 ms, at most 30 ms",
            "PASS failures 0.3 %, at most 1 %",
            "FAIL tail (p99/p50) 6.17, at most 5",
            "FAIL p95 4.52 times the baseline's 10 ms, at most 2 times",
            "FAIL p99 3.085 times the baseline's 20 ms, at most 3 times",
        ]
    );
}

#[test]
fn a_limit_is_a_number_or_none() {
    assert_eq!("none".parse(), Ok(Limit(None)));
    assert_eq!("0.5".parse(), Ok(Limit(Some(0.5))));
    for wrong in ["", "-1", "NaN", "inf", "200ms"] {
        assert_eq!(wrong.parse::<Limit>(), Err(NotALimit), "{wrong}");
    }
}
