use bouncer_durable::{Algorithm, Limit, Refused, Standing};

use super::*;

fn named(name: &str, limit: &str) -> NamedLimit {
    NamedLimit {
        name: name.to_owned(),
        limit: Limit::parse_all(limit).unwrap()[0],
    }
}

fn stands(remaining: u32, more_ms: u64, full_ms: u64) -> LimitStanding {
    LimitStanding {
        standing: Standing {
            remaining,
            more_ms,
            full_ms,
        },
        refused: None,
    }
}

fn decision(standings: Vec<LimitStanding>) -> Decision {
    Decision {
        now_ms: 1_000_000_500,
        standings,
    }
}

#[test]
fn every_limit_is_named_with_its_policy_and_where_the_client_stands() {
    let limits = [named("login-1m", "5/minute"), named("login-1h", "20/hour")];
    let decision = decision(vec![
        stands(3, 11_001, 59_000),
        stands(18, 3_600_000, 3_600_000),
    ]);
    assert_eq!(
        stamp(&limits, &decision).as_str(),
        "X-RateLimit-Limit: 5\nX-RateLimit-Remaining: 3\nX-RateLimit-Reset: 1000060\n\
         RateLimit-Policy: \"login-1m\";q=5;w=60,\"login-1h\";q=20;w=3600\n\
         RateLimit: \"login-1m\";r=3;t=12,\"login-1h\";r=18;t=3600\n"
    );
}

#[test]
fn the_limit_with_the_smallest_share_left_binds() {
    let limits = [named("a-1m", "10/minute"), named("a-1h", "100/hour")];
    let one_ninth = stamp(&limits, &decision(vec![stands(9, 0, 0), stands(11, 0, 0)]));
    assert!(
        one_ninth
            .as_str()
            .starts_with("X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 11\n")
    );
    let equal = stamp(&limits, &decision(vec![stands(1, 0, 0), stands(10, 0, 0)]));
    assert!(equal.as_str().starts_with("X-RateLimit-Limit: 10\n"));
}

#[test]
fn a_limit_that_refused_binds_whatever_the_others_have_left() {
    let limits = [named("a-1m", "10/minute"), named("a-1h", "100/hour")];
    let refused = LimitStanding {
        refused: Some(Refused::Until { retry_ms: 5 }),
        ..stands(2, 5, 5)
    };
    let head = stamp(&limits, &decision(vec![stands(0, 0, 0), refused]));
    assert!(
        head.as_str()
            .starts_with("X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 2\n")
    );
}

#[test]
fn a_token_bucket_is_shown_as_its_burst_and_the_time_to_refill_it() {
    let bucket = Algorithm::TokenBucket { burst: Some(20) };
    let limit = Limit::parse_all("60/minute").unwrap()[0]
        .counted_by(bucket)
        .unwrap();
    let limits = [NamedLimit {
        name: "read-1m".to_owned(),
        limit,
    }];
    let head = stamp(&limits, &decision(vec![stands(19, 1_000, 1_000)]));
    assert!(
        head.as_str().ends_with(
            "RateLimit-Policy: \"read-1m\";q=20;w=20\nRateLimit: \"read-1m\";r=19;t=1\n"
        )
    );
}
