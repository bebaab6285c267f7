use proptest::prelude::*;

use super::*;
use crate::names::{TRIOS, X_LIMIT, X_REMAINING, X_RESET};

const NOW_S: u64 = 1_800_000_000;

fn trio(limit: &str, remaining: &str, reset: &str) -> Head {
    let mut head = Head::default();
    head.set(X_LIMIT, limit);
    head.set(X_REMAINING, remaining);
    head.set(X_RESET, reset);
    head
}

fn lists(policy: &str, standing: &str) -> Head {
    let mut head = Head::default();
    head.set(POLICY, policy);
    head.set(STANDING, standing);
    head
}

#[test]
fn the_stricter_trio_stays_as_a_set() {
    let ours = trio("60", "10", "1800000030");
    for (limit, remaining, reset, is_kept) in [
        ("5", "9", "1800000001", true),
        ("1000", "9", "1800000001", true),
        ("5", "0", "soon", true),
        ("5", "-1", "1800000001", true),
        ("5", "10", "1800000031", true),
        ("5", "10", "1800000030.5", true),
        ("5", "10", "31", true),
        ("5", "10", "30", false),
        ("5", "10", "1800000030", false),
        ("5", "10", "1800000030.0", false),
        ("5", "10", "soon", false),
        ("5", "11", "1900000000", false),
        ("5", "few", "1900000000", false),
        ("5", "9, few", "1900000000", false),
    ] {
        let theirs = trio(limit, remaining, reset);
        let set = settled(&ours, &theirs.as_str().to_ascii_lowercase(), NOW_S);
        let expected = if is_kept {
            Head::default()
        } else {
            ours.clone()
        };
        assert_eq!(set, expected, "{limit} {remaining} {reset}");
    }
}

#[test]
fn a_header_that_the_origin_sets_twice_has_one_value_in_the_end_the_least() {
    let ours = trio("60", "5", "1800000030");
    for (theirs, expected) in [
        (
            trio("10, 60", "9, 3", "1800000001, 1800000002"),
            trio("10", "3", "1800000002").as_str().to_owned(),
        ),
        (
            trio("10", "3, 9", "7, 5"),
            "X-RateLimit-Remaining: 3\nX-RateLimit-Reset: 1800000007\n".to_owned(),
        ),
        (
            trio("100, 100;w=60", "0,0", "soon, later"),
            trio("100", "0", "1800000030").as_str().to_owned(),
        ),
        (
            trio("many, more", "3", "1"),
            "X-RateLimit-Limit: 60\n".to_owned(),
        ),
        (trio("9", "9, 6", "1"), ours.as_str().to_owned()),
    ] {
        assert_eq!(
            settled(&ours, theirs.as_str(), NOW_S).as_str(),
            expected,
            "{theirs:?}"
        );
    }
}

#[test]
fn another_spelling_of_the_trio_never_says_more_than_ours() {
    let ours = trio("60", "5", "1800000030").and(&lists(r#""a";q=60;w=60"#, r#""a";r=5;t=30"#));
    for names in TRIOS.iter().skip(1) {
        let [limit, remaining, reset] = names;
        let is_draft_6 = *limit == "RateLimit-Limit";
        let set = |theirs: &str| {
            let head = settled(&ours, theirs, NOW_S);
            let others = head
                .as_str()
                .strip_prefix(trio("60", "5", "1800000030").as_str())
                .unwrap();
            let lists = lists(r#""a";q=60;w=60"#, r#""a";r=5;t=30"#);
            others.strip_suffix(lists.as_str()).unwrap().to_owned()
        };
        let theirs =
            |left: &str, at: &str| format!("{limit}: 1000\n{remaining}: {left}\n{reset}: {at}\n");
        // More than ours, in its own way to write a time.
        assert_eq!(
            set(&theirs("9", "7")),
            format!("{limit}: 60\n{remaining}: 5\n{reset}: 30\n")
        );
        let at = if is_draft_6 { "30" } else { "1800000030" };
        assert_eq!(
            set(&theirs("9", "1800000007")),
            format!("{limit}: 60\n{remaining}: 5\n{reset}: {at}\n")
        );
        // Not more.
        assert_eq!(set(&theirs("4", "7")), "");
        assert_eq!(set(&theirs("5", "31")), "");
        // Several values, and no others than were sent.
        assert_eq!(
            set(&format!("{remaining}: 9, 3\n")),
            format!("{remaining}: 3\n")
        );
        assert_eq!(
            set(&format!("{remaining}: 9, 8\n")),
            format!("{remaining}: 5\n")
        );
        assert_eq!(
            set(&format!("{remaining}: plenty\n")),
            format!("{remaining}: 5\n")
        );
        assert_eq!(set(&format!("{limit}: 1000\n")), format!("{limit}: 60\n"));
    }
}

#[test]
fn beside_the_lists_alone_the_older_drafts_say_no_more_than_the_item_with_the_least_left() {
    let ours = lists(
        r#""a";q=60;w=60,"b";q=9;w=9"#,
        r#""a";r=50;t=3,"b";r=5;t=2"#,
    );
    let theirs = "RateLimit-Limit: 99\nRateLimit-Remaining: 98\nRateLimit-Reset: 1\nX-RateLimit-Remaining: 97\n";
    let expected = "RateLimit-Limit: 9\nRateLimit-Remaining: 5\nRateLimit-Reset: 2\n".to_owned()
        + ours.as_str();
    assert_eq!(settled(&ours, theirs, NOW_S).as_str(), expected);
}

#[test]
fn a_value_that_is_too_long_to_be_read_is_replaced() {
    let ours = trio("60", "5", "1800000030").and(&lists(r#""a";q=60;w=60"#, r#""a";r=5;t=30"#));
    let long = crate::facts::TOO_LONG;
    let theirs = trio(long, long, long).and(&lists(long, long));
    assert_eq!(settled(&ours, theirs.as_str(), NOW_S), ours);
}

#[test]
fn what_the_stricter_trio_leaves_out_is_filled_in() {
    let ours = trio("60", "10", "1800000030");
    let set = settled(&ours, "X-RateLimit-Remaining: 3\n", NOW_S);
    assert_eq!(
        set.as_str(),
        "X-RateLimit-Limit: 60\nX-RateLimit-Reset: 1800000030\n"
    );
    assert_eq!(settled(&ours, "X-RateLimit-Limit: 3\n", NOW_S), ours);
    assert_eq!(settled(&ours, "", NOW_S), ours);
}

#[test]
fn the_origins_items_stay_beside_ours_and_of_two_with_a_name_the_stricter() {
    let (policy, standing) = (r#""read-1m";q=60;w=60"#, r#""read-1m";r=10;t=30"#);
    for (their_policy, their_standing, policies, standings) in [
        // Other names are kept as they are.
        (
            r#""day";q=1000;w=86400;pk=:YQ==:"#,
            r#""day"; r=7"#,
            r#""read-1m";q=60;w=60,"day";q=1000;w=86400;pk=:YQ==:"#,
            r#""read-1m";r=10;t=30,"day"; r=7"#,
        ),
        // The same name, stricter.
        (
            r#""read-1m";q=59;w=60"#,
            r#""read-1m";r=9;t=1"#,
            r#""read-1m";q=59;w=60"#,
            r#""read-1m";r=9;t=1"#,
        ),
        (
            r#""read-1m";q=60;w=61"#,
            r#""read-1m";r=10;t=31"#,
            r#""read-1m";q=60;w=61"#,
            r#""read-1m";r=10;t=31"#,
        ),
        (
            r#""read-1m";q=1;w=1"#,
            r#""read-1m";r=-1"#,
            r#""read-1m";q=1;w=1"#,
            r#""read-1m";r=-1"#,
        ),
        (
            r#""read-1m";q=59"#,
            r#""read-1m";r=0"#,
            r#""read-1m";q=59"#,
            r#""read-1m";r=0"#,
        ),
        // The same name, laxer or not to be compared.
        (
            r#""read-1m";q=61;w=60"#,
            r#""read-1m";r=11;t=60"#,
            policy,
            standing,
        ),
        (
            r#""read-1m";q=60;w=59"#,
            r#""read-1m";r=10;t=29"#,
            policy,
            standing,
        ),
        (
            r#""read-1m";q=2;w=1"#,
            r#""read-1m";r=10"#,
            policy,
            standing,
        ),
        (
            r#""read-1m";w=9999"#,
            r#""read-1m";t=9999"#,
            policy,
            standing,
        ),
        (
            r#""read-1m";q=1.5;w=9999"#,
            r#""read-1m";r=1.5"#,
            policy,
            standing,
        ),
        // Twice the same name.
        (
            r#""x";q=9;w=1,"x";q=8;w=1"#,
            r#""x";r=5,"x";r=6"#,
            r#""read-1m";q=60;w=60,"x";q=8;w=1"#,
            r#""read-1m";r=10;t=30,"x";r=5"#,
        ),
        // No list of Strings.
        (
            "100;w=60",
            "limit=100, remaining=50, reset=5",
            policy,
            standing,
        ),
        ("", "", policy, standing),
        (r#""read-1m";q=1,"#, "read-1m;r=0", policy, standing),
    ] {
        let theirs = lists(their_policy, their_standing);
        let set = settled(&lists(policy, standing), theirs.as_str(), NOW_S);
        assert_eq!(
            set,
            lists(policies, standings),
            "{their_policy} {their_standing}"
        );
    }
}

#[test]
fn a_family_that_the_policy_leaves_out_is_the_origins_alone() {
    let theirs = trio("5", "100", "1").and(&lists(r#""a";q=1"#, r#""a";r=100"#));
    let ours = trio("60", "10", "1800000030");
    assert_eq!(settled(&ours, theirs.as_str(), NOW_S), ours);
    assert_eq!(
        settled(&Head::default(), theirs.as_str(), NOW_S),
        Head::default()
    );
}

proptest! {
    /// What a client reads in the end is never more than either of the two said.
    #[test]
    fn nobody_is_ever_told_more_than_either_says(
        our in (0_u32..20, 0_u64..20), their in (0_u32..20, 0_u64..20), window_s in (1_u32..9, 1_u32..9),
    ) {
        let ours = trio("9", &our.0.to_string(), &(NOW_S + our.1).to_string())
            .and(&lists(&format!("\"a\";q={};w={}", our.0, window_s.0), &format!("\"a\";r={};t={}", our.0, our.1)));
        let theirs = trio("9", &their.0.to_string(), &(NOW_S + their.1).to_string())
            .and(&lists(&format!("\"a\";q={};w={}", their.0, window_s.1), &format!("\"a\";r={};t={}", their.0, their.1)));
        let set = settled(&ours, theirs.as_str(), NOW_S);
        let read = |name| value(set.as_str(), name).or(value(theirs.as_str(), name)).unwrap();
        let least = our.0.min(their.0);
        prop_assert_eq!(read(X_REMAINING), least.to_string());
        let later = [(our.0, our.1), (their.0, their.1)].iter().filter(|(left, _)| *left == least).map(|(_, at)| *at).max().unwrap();
        prop_assert_eq!(read(X_RESET), (NOW_S + later).to_string());
        prop_assert_eq!(read(STANDING), format!("\"a\";r={least};t={later}"));
        let items = list::parse(read(POLICY)).unwrap();
        let rate = |quota: u32, window_s: u32| f64::from(quota) / f64::from(window_s);
        let [quota, by_s] = [QUOTA, WINDOW].map(|key| u32::try_from(items[0].integer(key).unwrap()).unwrap());
        prop_assert!(rate(quota, by_s) <= rate(our.0, window_s.0).min(rate(their.0, window_s.1)));
    }

    /// However often and in whatever spelling the origin says it.
    #[test]
    fn no_header_says_more_than_ours_however_often_it_is_there(
        our in 0_u32..20, their in proptest::collection::vec(0_u32..20, 1..4), spelling in 0..TRIOS.len(),
    ) {
        let ours = trio("9", &our.to_string(), "1800000005");
        let [_, remaining, _] = TRIOS[spelling];
        let texts: Vec<_> = their.iter().map(u32::to_string).collect();
        let theirs = format!("{remaining}: {}\n", texts.join(", "));
        let set = settled(&ours, &theirs, NOW_S);
        let read = value(set.as_str(), remaining).or(value(&theirs, remaining)).unwrap();
        let least = their.iter().copied().min().unwrap().min(our);
        prop_assert_eq!(read, least.to_string());
    }

    #[test]
    fn an_origin_may_send_anything(text in "[^\n\r]{0,40}", ours in 0_u32..9) {
        let ours = trio("9", &ours.to_string(), "1800000005").and(&lists("\"a\";q=1;w=1", "\"a\";r=1;t=1"));
        let theirs = trio(&text, &text, &text).and(&lists(&text, &text));
        let _ = settled(&ours, theirs.as_str(), NOW_S);
    }
}
