use proptest::prelude::*;

use super::*;
use crate::check::evidence::Latency;

fn evidence(latency: Option<[f64; 3]>, failed: u64) -> Evidence {
    Evidence {
        source: String::new(),
        requests: 1_000,
        failed,
        refused: 0,
        resolution_ms: crate::statistics::SHORTEST_MS,
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
        tail_ratio: Some(tail_ratio),
        p95_times,
        p99_times,
        ..off()
    }
}

fn off() -> Thresholds {
    let off = Limit(None);
    Thresholds {
        p95_ms: off,
        p99_ms: off,
        failures_percent: off,
        tail_ratio: Some(off),
        refused_users_percent: off,
        served_percent: off,
        refused_users_more: off,
        p95_times: off,
        p99_times: off,
    }
}

fn baseline() -> Evidence {
    evidence(Some([5.0, 10.0, 20.0]), 0)
}

fn passed(evidence: &Evidence, thresholds: &Thresholds) -> Vec<bool> {
    verdicts(evidence, thresholds, Some(&baseline()))
        .iter()
        .map(|verdict| verdict.grade == Grade::Pass)
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
    let thresholds = off();
    assert_eq!(passed(&evidence(None, 0), &thresholds), [false]);
    assert!(passed(&evidence(Some([1.0; 3]), 0), &thresholds).is_empty());
}

#[test]
fn a_verdict_says_what_was_found_and_what_is_accepted() {
    let limits = thresholds([200.0, 30.0, 1.0, 5.0, 2.0, 3.0]);
    let said: Vec<_> = verdicts(
        &evidence(Some([10.0, 45.2, 61.7]), 3),
        &limits,
        Some(&baseline()),
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

#[test]
fn who_refuses_users_is_told_so_and_fails_where_that_is_a_threshold() {
    let mut run = evidence(Some([1.0; 3]), 0);
    run.refused = 400;
    let held = |thresholds: Thresholds| {
        let found = verdicts(&run, &thresholds, Some(&baseline()));
        let said =
            |verdict: &Verdict| anstream::adapter::strip_str(&verdict.to_string()).to_string();
        found.iter().map(said).collect::<Vec<_>>()
    };
    let at_most = |most| Limit(Some(most));
    for (thresholds, expected) in [
        (
            Thresholds {
                refused_users_percent: at_most(1.0),
                ..off()
            },
            "FAIL refused users 40 %, at most 1 %",
        ),
        (
            Thresholds {
                refused_users_percent: at_most(40.0),
                ..off()
            },
            "PASS refused users 40 %, at most 40 %",
        ),
        (
            Thresholds {
                served_percent: at_most(99.0),
                ..off()
            },
            "FAIL served 60 %, at least 99 %",
        ),
        (
            Thresholds {
                refused_users_more: at_most(1.0),
                ..off()
            },
            "FAIL refused users 40 % more than the baseline's 0 %, at most 1 %",
        ),
    ] {
        assert_eq!(held(thresholds), [expected]);
    }
}

#[test]
fn a_long_tail_is_worth_a_look_and_a_failure_only_where_it_is_asked_for() {
    let tail = |p99_ms: f64, resolution_ms: f64, limit: Option<Limit>| {
        let mut run = evidence(Some([0.0, 0.0, p99_ms]), 0);
        run.resolution_ms = resolution_ms;
        let thresholds = Thresholds {
            tail_ratio: limit,
            ..off()
        };
        verdicts(&run, &thresholds, None)
            .first()
            .map(|verdict| verdict.grade)
    };
    assert_eq!(tail(4.0, 1.0, None), Some(Grade::Pass));
    assert_eq!(tail(10.0, 1.0, None), Some(Grade::Pass));
    assert_eq!(tail(11.0, 1.0, None), Some(Grade::Warn));
    assert_eq!(tail(11.0, 1.0, Some(Limit(Some(10.0)))), Some(Grade::Fail));
    assert_eq!(tail(11.0, 1.0, Some(Limit(None))), None);
    // What Locust calls 0 may have been almost a millisecond.
    assert_eq!(tail(1.0, 1.0, Some(Limit(Some(5.0)))), Some(Grade::Pass));
}
