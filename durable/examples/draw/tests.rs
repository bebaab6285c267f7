//! What docs/algorithms.md says, by word and by picture.

use bouncer_durable::algorithm::fixed_window::FixedWindow;
use bouncer_durable::algorithm::sliding_window::SlidingWindow;
use bouncer_durable::algorithm::token_bucket::TokenBucket;
use proptest::prelude::*;

use crate::replay::{Replay, Stage};
use crate::{draw, pictures};

const TEXT: &str = include_str!("../../../docs/algorithms.md");

fn stage(name: &str) -> &'static Stage {
    Stage::ALL.iter().find(|stage| stage.name == name).unwrap()
}

fn picture(name: &str) -> Replay {
    Replay::of(stage(name)).unwrap()
}

/// How many were admitted from the one moment up to the other, in seconds after the start.
fn admitted(replay: &Replay, from_s: u32, to_s: u32) -> usize {
    let during_ms = from_s * 1_000..to_s * 1_000;
    let admitted_ms = replay.admitted_ms();
    admitted_ms
        .filter(|at_ms| during_ms.contains(at_ms))
        .count()
}

#[test]
fn every_picture_shows_what_the_counters_decide_today() {
    draw(&pictures().unwrap(), true).unwrap();
}

#[test]
fn the_text_shows_every_picture_and_states_its_numbers() {
    for picture in pictures().unwrap() {
        let link = format!("(algorithms/{}.svg)", picture.stage.name);
        assert!(TEXT.contains(&link), "{link}");
        assert!(TEXT.contains(&picture.summary()), "{}", picture.summary());
    }
}

#[test]
fn a_fixed_window_admits_20_in_17_seconds_around_a_boundary_and_then_none_for_50() {
    let picture = picture("fixed-window");
    assert_eq!(admitted(&picture, 54, 72), 20);
    let admitted_ms: Vec<u32> = picture.admitted_ms().take(20).collect();
    assert_eq!((admitted_ms[19] - admitted_ms[0]) / 1_000, 17);
    assert_eq!(admitted(&picture, 72, 122), 0);
}

#[test]
fn a_sliding_log_admits_none_until_the_first_ten_are_a_minute_old() {
    let picture = picture("sliding-log");
    assert_eq!(admitted(&picture, 54, 60), 10);
    assert_eq!(admitted(&picture, 60, 114), 0);
    assert_eq!(picture.most(), 10);
}

#[test]
fn a_sliding_window_refuses_9_of_the_second_burst_and_none_of_what_trickles() {
    let picture = picture("sliding-window");
    assert_eq!(admitted(&picture, 60, 72), 1);
    assert_eq!(admitted(&picture, 72, 150), 7);
}

#[test]
fn a_token_bucket_admits_its_burst_of_5_and_then_one_in_6_seconds() {
    let picture = picture("token-bucket");
    let admitted_ms: Vec<u32> = picture.admitted_ms().collect();
    assert_eq!(admitted(&picture, 54, 60), 5);
    assert_eq!(admitted_ms[5..7], [60_600, 66_600]);
    assert_eq!(admitted(&picture, 72, 150), 7);
}

#[test]
fn the_states_are_as_small_as_the_table_says() {
    assert_eq!(size_of::<FixedWindow>(), 16);
    assert_eq!(size_of::<SlidingWindow>(), 16);
    assert_eq!(size_of::<TokenBucket>(), 16);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_arrivals_ever_get_20_through_a_sliding_window_or_15_through_the_bucket_in_60_s(
        mut moments_ms in prop::collection::vec(0..240_000_u32, 0..200), from_ms in 0..60_000_u32,
    ) {
        // Beside any others the greediest: one each time that a permit comes back, from a moment on.
        moments_ms.extend((from_ms..240_000).step_by(500));
        moments_ms.sort_unstable();
        for (name, most) in [("sliding-log", 10), ("sliding-window", 19), ("token-bucket", 14), ("fixed-window", 20)] {
            let replay = Replay::at(stage(name), moments_ms.iter().copied()).unwrap();
            prop_assert!(replay.most() <= most, "{} of {}", replay.most(), name);
        }
    }
}
