use bouncer_durable::{Algorithm, Limit, Refused, Standing};

use super::*;

fn limit(text: &str) -> Limit {
    Limit::parse_all(text).unwrap()[0]
}

fn stands(limit: Limit, remaining: u32, more_ms: u64, full_ms: u64) -> LimitStanding {
    LimitStanding {
        limit,
        standing: Standing {
            remaining,
            more_ms,
            full_ms,
        },
        refused: None,
        is_unsettled: false,
    }
}

fn stamped(rule: &str, limits: Vec<LimitStanding>) -> String {
    let decision = Decision {
        now_ms: 1_000_000_500,
        claims: vec![limits],
    };
    stamp(&[rule], &decision, Families::default())
        .as_str()
        .to_owned()
}

#[test]
fn every_limit_is_named_with_its_policy_and_where_the_client_stands() {
    let minute = stands(limit("5/minute"), 3, 11_001, 59_000);
    let hour = stands(limit("20/hour"), 18, 3_600_000, 3_600_000);
    assert_eq!(
        stamped("login", vec![minute, hour]),
        "X-RateLimit-Limit: 5\nX-RateLimit-Remaining: 3\nX-RateLimit-Reset: 1000060\n\
         RateLimit-Policy: \"login-1m\";q=5;w=60,\"login-1h\";q=20;w=3600\n\
         RateLimit: \"login-1m\";r=3;t=12,\"login-1h\";r=18;t=3600\n"
    );
}

#[test]
fn limits_of_several_rules_are_named_each_by_its_own() {
    let read = vec![stands(limit("60/minute"), 59, 1, 1)];
    let tenant = vec![stands(limit("100/minute"), 9, 1, 1)];
    let decision = Decision {
        now_ms: 0,
        claims: vec![read, tenant],
    };
    let head = stamp(&["read", "tenant"], &decision, Families::default());
    assert!(
        head.as_str()
            .starts_with("X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 9\n")
    );
    let listed = "RateLimit: \"read-1m\";r=59;t=1,\"tenant-1m\";r=9;t=1\n";
    assert!(head.as_str().ends_with(listed), "{}", head.as_str());
}

#[test]
fn the_limit_with_the_smallest_share_left_binds() {
    let (minute, hour) = (limit("10/minute"), limit("100/hour"));
    let hour_binds = stamped("a", vec![stands(minute, 9, 0, 0), stands(hour, 11, 0, 0)]);
    assert!(hour_binds.starts_with("X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 11\n"));
    let equal = stamped("a", vec![stands(minute, 1, 0, 0), stands(hour, 10, 0, 0)]);
    assert!(equal.starts_with("X-RateLimit-Limit: 10\n"));
}

#[test]
fn a_limit_that_refused_binds_whatever_the_others_have_left() {
    let refused = Some(Refused::Until { retry_ms: 5 });
    let hour = LimitStanding {
        refused,
        ..stands(limit("100/hour"), 2, 5, 5)
    };
    let head = stamped("a", vec![stands(limit("10/minute"), 0, 0, 0), hour]);
    assert!(head.starts_with("X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 2\n"));
}

#[test]
fn a_token_bucket_is_shown_as_its_burst_and_the_time_to_refill_it() {
    let bucket = Algorithm::TokenBucket { burst: Some(20) };
    let bucket = limit("60/minute").counted_by(bucket).unwrap();
    let head = stamped("read", vec![stands(bucket, 19, 1_000, 1_000)]);
    let shown = "RateLimit-Policy: \"read-1m\";q=20;w=20\nRateLimit: \"read-1m\";r=19;t=1\n";
    assert!(head.ends_with(shown), "{head}");
}

#[test]
fn the_policy_may_leave_out_either_family() {
    let limits = vec![stands(limit("5/minute"), 3, 11_001, 59_000)];
    let decision = Decision {
        now_ms: 0,
        claims: vec![limits],
    };
    let names = |x_ratelimit, draft| {
        let families = Families { x_ratelimit, draft };
        let head = stamp(&["login"], &decision, families);
        let set: Vec<_> = crate::head::headers(head.as_str())
            .map(|(name, _)| name.to_owned())
            .collect();
        let mut named: Vec<_> = families.names().to_vec();
        named.sort_unstable();
        let mut sorted = set.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, named);
        set
    };
    let x_ratelimit = [X_LIMIT, X_REMAINING, X_RESET];
    assert_eq!(names(true, false), x_ratelimit);
    assert_eq!(names(false, true), [POLICY, STANDING]);
    assert_eq!(
        names(true, true),
        [&x_ratelimit[..], &[POLICY, STANDING]].concat()
    );
    assert_eq!(names(false, false), [""; 0]);
}

#[test]
fn where_nothing_is_limited_there_is_no_header_not_an_empty_one() {
    for claims in [vec![], vec![vec![]]] {
        let decision = Decision { now_ms: 5, claims };
        let head = stamp(&["login"], &decision, Families::default());
        assert_eq!(head, Head::default());
    }
}

#[test]
fn the_limits_that_refused_are_named_as_in_the_stamp() {
    let refused = Some(Refused::Until { retry_ms: 5 });
    let minute = LimitStanding {
        refused,
        ..stands(limit("5/minute"), 0, 5, 5)
    };
    let hour = stands(limit("20/hour"), 1, 5, 5);
    let day = LimitStanding {
        refused,
        ..stands(limit("2/day"), 0, 5, 5)
    };
    let decision = Decision {
        now_ms: 0,
        claims: vec![vec![minute, hour], vec![day]],
    };
    assert_eq!(violated(&["a", "b"], &decision), ["a-1m", "b-1d"]);
}
