//! What one decision costs under each algorithm, beside `governor`.
//!
//! Both are given the time rather than read it: `governor` gets a clock that shows the number it was handed, cheaper than
//! any of its own. Both are told a cost and answer with the wait when they refuse, and each decision is a call, as in a
//! program: in a loop with nothing else in it a limiter's settings would stay in registers. What remains unequal is what
//! they are for. `governor` is one limit, settled when it is built, for many threads. `alone` is the like of that here, one
//! limit and its state; a counter is told its limits with every request, follows them when they change, and counts what
//! is unsaved, for one owner.
//!
//! `npm run bench:core` runs this and puts the medians into one table.

use std::cell::Cell;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use bouncer_durable::algorithm::State;
use bouncer_durable::counter::Counter;
use bouncer_durable::{Algorithm, Limit, Refused};
use criterion::Criterion;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

const START_MS: u64 = 1_700_000_000_000;

/// Limits that are never reached by one take each step.
struct Load {
    one_limit: &'static str,
    one_step_ms: u64,
    three_limits: &'static str,
    three_step_ms: u64,
}

const COUNTED: Load = Load {
    one_limit: "1000000/minute",
    one_step_ms: 1,
    three_limits: "1000000/minute;10000000/hour;100000000/day",
    three_step_ms: 1,
};

/// A log holds 10,000 at most; these have 6,000 and 8,640 in their longest, and one expires at each take.
const LOGGED: Load = Load {
    one_limit: "10000/minute",
    one_step_ms: 10,
    three_limits: "10000/minute;10000/hour;10000/day",
    three_step_ms: 10_000,
};

const ALGORITHMS: [(&str, Algorithm, Load); 4] = [
    ("fixed-window", Algorithm::FixedWindow, COUNTED),
    ("sliding-log", Algorithm::SlidingLog, LOGGED),
    ("sliding-window", Algorithm::SlidingWindow, COUNTED),
    (
        "token-bucket",
        Algorithm::TokenBucket { burst: None },
        COUNTED,
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for (name, algorithm, load) in ALGORITHMS {
        let limits = |text: &str| {
            let limits = Limit::parse_all(text).map_err(|error| error.to_string())?;
            let limits = limits.into_iter().map(|limit| limit.counted_by(algorithm));
            limits
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| error.to_string())
        };
        let (one, three) = (limits(load.one_limit)?, limits(load.three_limits)?);
        let id = |what: &str| format!("{name}/{what}");
        for limit in &one {
            alone(&mut criterion, &id("alone"), limit, load.one_step_ms);
        }
        admitted(&mut criterion, &id("one-limit"), &one, load.one_step_ms);
        admitted(
            &mut criterion,
            &id("three-limits"),
            &three,
            load.three_step_ms,
        );
        refused(&mut criterion, &id("refused"), &one);
    }
    governor(&mut criterion);
    criterion.final_summary();
    Ok(())
}

fn alone(criterion: &mut Criterion, id: &str, limit: &Limit, step_ms: u64) {
    let (mut state, mut now_ms) = (State::fresh(limit.algorithm()), START_MS);
    let cost = black_box(NonZeroU32::MIN);
    let mut step = || {
        now_ms += step_ms;
        take_alone(&mut state, limit, now_ms, cost)
    };
    assert_admits(id, &mut step);
    criterion.bench_function(id, |bencher| bencher.iter(&mut step));
}

fn admitted(criterion: &mut Criterion, id: &str, limits: &[Limit], step_ms: u64) {
    let (mut counter, mut now_ms) = (Counter::default(), START_MS);
    let cost = black_box(NonZeroU32::MIN);
    let mut step = || {
        now_ms += step_ms;
        take(&mut counter, limits, now_ms, cost)
    };
    assert_admits(id, &mut step);
    criterion.bench_function(id, |bencher| bencher.iter(&mut step));
}

/// Long enough for a log to hold what it holds all along.
fn assert_admits(id: &str, mut step: impl FnMut() -> Result<(), Refused>) {
    for _ in 0..20_000 {
        assert_eq!(step(), Ok(()), "{id} is to measure what is admitted");
    }
}

fn refused(criterion: &mut Criterion, id: &str, limits: &[Limit]) {
    let mut counter = Counter::default();
    let (now_ms, cost) = black_box((START_MS, NonZeroU32::MIN));
    while take(&mut counter, limits, now_ms, cost).is_ok() {}
    criterion.bench_function(id, |bencher| {
        bencher.iter(|| take(&mut counter, limits, now_ms, cost));
    });
}

fn governor(criterion: &mut Criterion) {
    let quota = Quota::per_minute(NonZeroU32::MIN.saturating_add(999_999));
    let clock = Given::default();
    let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
    let (mut now_ns, cost) = (0, black_box(NonZeroU32::MIN));
    criterion.bench_function("governor/one-limit", |bencher| {
        bencher.iter(|| {
            now_ns += 1_000_000;
            ask_governor(&limiter, &clock, now_ns, cost)
        });
    });
    while ask_governor(&limiter, &clock, now_ns, cost).is_ok() {}
    criterion.bench_function("governor/refused", |bencher| {
        bencher.iter(|| ask_governor(&limiter, &clock, now_ns, cost));
    });
}

#[inline(never)]
fn take_alone(
    state: &mut State,
    limit: &Limit,
    now_ms: u64,
    cost: NonZeroU32,
) -> Result<(), Refused> {
    state.take(limit, now_ms, cost)
}

#[inline(never)]
fn take(
    counter: &mut Counter,
    limits: &[Limit],
    now_ms: u64,
    cost: NonZeroU32,
) -> Result<(), Refused> {
    counter.take(limits, now_ms, cost)
}

#[inline(never)]
fn ask_governor(
    limiter: &RateLimiter<NotKeyed, InMemoryState, Given, NoOpMiddleware<Nanos>>,
    clock: &Given,
    now_ns: u64,
    cost: NonZeroU32,
) -> Result<(), Duration> {
    clock.0.set(now_ns);
    match limiter.check_n(cost) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not_until)) => Err(not_until.wait_time_from(clock.now())),
        Err(_never) => Err(Duration::MAX),
    }
}

/// A clock that shows the nanoseconds it was handed.
#[derive(Clone, Default)]
struct Given(Rc<Cell<u64>>);

impl Clock for Given {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.get())
    }
}
