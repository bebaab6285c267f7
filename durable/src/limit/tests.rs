use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Vec<String> {
    Limit::parse_all(text)
        .unwrap()
        .iter()
        .map(Limit::to_string)
        .collect()
}

#[test]
fn strings_that_the_limits_package_accepts_mean_the_same_here() {
    for (text, shown) in [
        ("10/minute", vec!["10 per 1 minute"]),
        ("10 per 5 minutes", vec!["10 per 5 minute"]),
        ("500/7days", vec!["500 per 7 day"]),
        (
            "5/minute;100/hour",
            vec!["5 per 1 minute", "100 per 1 hour"],
        ),
        ("010/minute", vec!["10 per 1 minute"]),
        ("0/minute", vec!["0 per 1 minute"]),
        (
            "1/SECOND, 2 PER month|3/Years",
            vec!["1 per 1 second", "2 per 1 month", "3 per 1 year"],
        ),
        (" \t5\n/ 2 hours ", vec!["5 per 2 hour"]),
        ("5perminute", vec!["5 per 1 minute"]),
    ] {
        assert_eq!(parsed(text), shown, "{text:?}");
    }
}

#[test]
fn a_wrong_string_is_shown_with_the_place_marked() {
    for (text, marked, problem) in [
        ("", "▸", Problem::ExpectedCount),
        ("10 minute", "10 ▸minute", Problem::ExpectedPer),
        ("10/min", "10/▸min", Problem::ExpectedUnit),
        ("-1/minute", "▸-1/minute", Problem::ExpectedCount),
        ("1.5/minute", "1▸.5/minute", Problem::ExpectedPer),
        ("5/minute;", "5/minute;▸", Problem::ExpectedCount),
        (
            "5/minute;;20/hour",
            "5/minute;▸;20/hour",
            Problem::ExpectedCount,
        ),
        (
            "5/minute 20/hour",
            "5/minute ▸20/hour",
            Problem::ExpectedSeparator,
        ),
        ("5/minutess", "5/minutes▸s", Problem::ExpectedSeparator),
        ("5/0 minutes", "5/▸0 minutes", Problem::ZeroWindow),
        ("5/101 years", "5/▸101 years", Problem::WindowTooLong),
        (
            "4294967296/minute",
            "▸4294967296/minute",
            Problem::NumberTooLarge,
        ),
        (
            "5/4294967296 days",
            "5/▸4294967296 days",
            Problem::NumberTooLarge,
        ),
        ("٣/minute", "▸٣/minute", Problem::ExpectedCount),
    ] {
        let error = Limit::parse_all(text).unwrap_err();
        assert_eq!(error.problem, problem, "{text:?}");
        assert!(
            error.to_string().starts_with(&format!("\"{marked}\": ")),
            "{error}"
        );
    }
}

#[test]
fn the_largest_numbers_are_limits_too() {
    assert_eq!(parsed("4294967295/100 years"), ["4294967295 per 100 year"]);
}

#[test]
fn a_token_bucket_is_shown_as_its_burst_and_the_time_to_refill_it() {
    let minute = Limit::parse_all("60/minute").unwrap()[0];
    let bucket = minute
        .counted_by(Algorithm::TokenBucket { burst: Some(20) })
        .unwrap();
    assert_eq!((bucket.quota(), bucket.quota_window_ms()), (20, 20_000));
    assert_eq!((minute.quota(), minute.quota_window_ms()), (60, 60_000));
}

#[test]
fn what_no_algorithm_can_count_is_not_a_limit() {
    let limit = Limit::parse_all("20000/hour").unwrap()[0];
    assert_eq!(
        limit.counted_by(Algorithm::SlidingLog),
        Err(LimitError::LogTooLarge)
    );
    assert_eq!(
        limit.counted_by(Algorithm::TokenBucket { burst: Some(0) }),
        Err(LimitError::NoBurst)
    );
}

fn unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(Unit::ALL.as_slice())
}

proptest! {
    #[test]
    fn what_is_displayed_parses_back(permits: u32, multiple in 1..=100_u32, unit in unit()) {
        let limit = Limit::new(permits, multiple.try_into().unwrap(), unit).unwrap();
        prop_assert_eq!(Limit::parse_all(&limit.to_string()).unwrap(), vec![limit]);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".*|[0-9/;,| permintehou]*") {
        if let Err(error) = Limit::parse_all(&text) {
            let shown = error.to_string().replacen('▸', "", 1);
            prop_assert!(shown.starts_with(&format!("\"{text}\": ")), "{}", shown);
        }
    }
}

#[test]
fn a_burst_that_changes_nothing_makes_no_other_limit() {
    let bucket = |text: &str, burst| {
        let limit = Limit::parse_all(text).unwrap()[0];
        limit.counted_by(Algorithm::TokenBucket { burst }).unwrap()
    };
    assert_eq!(bucket("10/minute", Some(10)), bucket("10/minute", None));
    assert_eq!(bucket("0/minute", Some(3)), bucket("0/minute", None));
    assert_ne!(bucket("10/minute", Some(9)), bucket("10/minute", None));
    assert_eq!(
        bucket("10/minute", Some(9)).algorithm(),
        Algorithm::TokenBucket { burst: Some(9) }
    );
}
