use bouncer_durable::ledger::Ledger;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::{Client, Credentials, Identification};
use crate::policy::{Mode, Policy};

const LIMITS: [&str; 4] = ["3/minute", "2/10 seconds;5/minute", "1/second", "0/minute"];

const ALGORITHMS: [&str; 4] = [
    "fixed-window",
    "sliding-window",
    "sliding-log",
    "token-bucket",
];

fn policy(limit: &str, algorithm: &str, count: &str) -> Policy {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": limit, "algorithm": algorithm, "key": "ip", "count": count },
        "rules": [{ "name": "all", "also": true, "match": ["* /also"], "key": "ip", "limit": "4/minute" }],
    });
    Policy::from_json(&policy.to_string()).unwrap()
}

fn asked<'a>(policy: &'a Policy, address: &str, path: &str) -> Asked<'a> {
    let identification = Identification::default();
    let credentials = Credentials {
        address,
        ..Credentials::default()
    };
    let client = Client::new(&identification, credentials, 0);
    Asked::new(&policy.route("GET", path), &client, Mode::Enforce)
}

proptest! {
    #[test]
    fn what_is_refused_here_is_what_the_object_would_refuse_and_for_as_long(
        limit in prop::sample::select(&LIMITS[..3]),
        algorithm in prop::sample::select(&ALGORITHMS[..]),
        path in prop::sample::select(&["/", "/also"][..]),
        steps_ms in prop::collection::vec(prop_oneof![0..50_u64, 0..2_000_u64, 0..70_000_u64], 1..80),
    ) {
        let policy = policy(limit, algorithm, "every");
        let asked = asked(&policy, "203.0.113.7", path);
        let claims = &asked.calls[0].claims;
        let (mut denials, mut ledger, mut now_ms) = (Denials::default(), Ledger::default(), 1_795_500_000_000);
        for (id, step_ms) in (1..).zip(steps_ms) {
            now_ms += step_ms;
            let asked_object = ledger.clone().take(id, claims, now_ms);
            if let Some(denied) = denials.of(&asked, now_ms) {
                prop_assert_eq!(
                    denied.refused().map(|(_, wait)| wait),
                    asked_object.refused().map(|(_, wait)| wait)
                );
                prop_assert_eq!(denied.now_ms, now_ms);
            } else {
                let decision = ledger.take(id, claims, now_ms);
                denials.remember(&asked, &decision, now_ms);
            }
        }
    }
}

/// The object's answer once all is used up.
fn refusal(asked: &Asked<'_>, now_ms: u64) -> Decision {
    let mut ledger = Ledger::default();
    let mut decisions = (1..).map(|id| ledger.take(id, &asked.calls[0].claims, now_ms));
    decisions
        .find(|decision| decision.refused().is_some())
        .unwrap()
}

#[test]
fn a_refusal_is_over_at_its_retry_time_and_not_before() {
    let policy = policy("3/minute", "fixed-window", "every");
    let asked = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&asked, &refusal(&asked, 60_000), 61_000);
    for (now_ms, is_denied) in [
        (61_000, true),
        (120_999, true),
        (121_000, false),
        (61_000, false),
    ] {
        assert_eq!(denials.of(&asked, now_ms).is_some(), is_denied, "{now_ms}");
    }
    denials.remember(&asked, &refusal(&asked, 60_000), 61_000);
    assert!(
        denials.of(&asked, 60_999).is_none(),
        "the clock was set back"
    );
}

#[test]
fn nobody_is_refused_for_somebody_else_and_nothing_for_something_else() {
    let policy = policy("3/minute", "fixed-window", "every");
    let refused = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&refused, &refusal(&refused, 60_000), 60_000);
    for other in [
        asked(&policy, "203.0.113.8", "/"),
        asked(&policy, "203.0.113.7", "/also"),
    ] {
        assert!(denials.of(&other, 60_000).is_none());
    }
    assert!(denials.of(&refused, 60_000).is_some());
}

#[test]
fn what_may_change_before_its_time_is_not_remembered() {
    for (limit, count) in [("3/minute", "failures"), ("0/minute", "every")] {
        let policy = policy(limit, "fixed-window", count);
        let asked = asked(&policy, "203.0.113.7", "/");
        let mut denials = Denials::default();
        denials.remember(&asked, &refusal(&asked, 60_000), 60_000);
        assert!(denials.of(&asked, 60_000).is_none(), "{limit} {count}");
    }
}
