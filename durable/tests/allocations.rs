//! What a decision allocates: nothing once the counter exists, but for the log, which grows with what it remembers.

use std::error::Error;
use std::iter::{once, repeat_n};
use std::num::NonZeroU32;

use allocation_counter::AllocationInfo;
use bouncer_durable::counter::Counter;
use bouncer_durable::{Algorithm, Limit};

const START_MS: u64 = 1_700_000_000_000;

type Outcome = Result<(), Box<dyn Error>>;

fn limits(text: &str, algorithm: Algorithm) -> Result<Vec<Limit>, Box<dyn Error>> {
    let limits = Limit::parse_all(text)?.into_iter();
    let counted: Result<_, _> = limits.map(|limit| limit.counted_by(algorithm)).collect();
    Ok(counted?)
}

/// Takes once at each moment. How many were admitted, and what that allocated.
fn take(
    counter: &mut Counter,
    limits: &[Limit],
    moments_ms: impl Iterator<Item = u64>,
) -> (u32, AllocationInfo) {
    let mut admitted = 0;
    let allocated = allocation_counter::measure(|| {
        for now_ms in moments_ms {
            admitted += u32::from(counter.take(limits, now_ms, NonZeroU32::MIN).is_ok());
        }
    });
    (admitted, allocated)
}

fn assert_allocates_nothing(algorithm: Algorithm) -> Outcome {
    for text in ["100/minute", "100/minute;150/hour;200/day"] {
        let limits = limits(text, algorithm)?;
        let mut counter = Counter::default();
        let (_, first) = take(&mut counter, &limits, once(START_MS));
        assert!(first.count_total > 0, "the counter's own must be seen");

        let at_once = repeat_n(START_MS, 200);
        let (admitted, allocated) = take(&mut counter, &limits, at_once);
        assert_eq!((admitted, allocated.count_total), (99, 0), "{text}");

        // Windows pass, and there are more requests than permits in each.
        let later_ms = (1..=40_000).map(|step| START_MS + step * 250);
        let (admitted, allocated) = take(&mut counter, &limits, later_ms);
        assert!((50..20_000).contains(&admitted), "{admitted} of {text}");
        assert_eq!(allocated.count_total, 0, "{text}");
    }
    Ok(())
}

#[test]
fn a_fixed_window_allocates_nothing_whether_it_admits_or_refuses() -> Outcome {
    assert_allocates_nothing(Algorithm::FixedWindow)
}

#[test]
fn a_sliding_window_allocates_nothing_whether_it_admits_or_refuses() -> Outcome {
    assert_allocates_nothing(Algorithm::SlidingWindow)
}

#[test]
fn a_token_bucket_allocates_nothing_whether_it_admits_or_refuses() -> Outcome {
    assert_allocates_nothing(Algorithm::TokenBucket { burst: None })
}

#[test]
fn a_sliding_log_allocates_as_it_grows_and_never_once_it_has_grown() -> Outcome {
    let limits = limits("10000/minute", Algorithm::SlidingLog)?;
    let mut counter = Counter::default();
    let (admitted, allocated) = take(&mut counter, &limits, repeat_n(START_MS, 20_000));
    assert_eq!(admitted, 10_000);
    // One for the counter's slot, and one for each doubling of the log, the last of which is to 128 KiB.
    assert!((2..=15).contains(&allocated.count_total), "{allocated:?}");
    assert!(
        (80_000..=132_000).contains(&allocated.bytes_current),
        "{allocated:?}"
    );

    let later_ms = (1..100_000).map(|step| START_MS + 60_000 + step * 5);
    let (admitted, allocated) = take(&mut counter, &limits, later_ms);
    assert!(admitted > 50_000);
    assert_eq!(allocated.count_total, 0);
    Ok(())
}
