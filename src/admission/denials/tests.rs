use bouncer_durable::ledger::Ledger;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::{Client, Credentials, Identification};
use crate::policy::{Mode, Policy};

const LIMITS: [&str; 3] = ["3/minute", "2/10 seconds;5/minute", "1/second"];

const ALGORITHMS: [&str; 4] = [
    "fixed-window",
    "sliding-window",
    "sliding-log",
    "token-bucket",
];

fn policy(limit: &str, algorithm: &str) -> Policy {
    let policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": limit, "algorithm": algorithm, "key": "ip" },
        "rules": [
            { "name": "all", "also": true, "match": ["* /also"], "key": "ip", "limit": "4/minute" },
            { "name": "shared", "also": true, "match": ["* /shared"], "key": "global", "limit": "100/minute" },
        ],
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

fn wait(decision: &Decision) -> Option<Refused> {
    decision.refused().map(|(_, wait)| wait)
}

proptest! {
    #[test]
    fn what_is_refused_here_is_what_the_object_would_refuse_and_for_as_long(
        limit in prop::sample::select(&LIMITS[..]),
        algorithm in prop::sample::select(&ALGORITHMS[..]),
        path in prop::sample::select(&["/", "/also"][..]),
        steps_ms in prop::collection::vec(prop_oneof![0..50_u64, 0..2_000_u64, 0..70_000_u64], 1..80),
    ) {
        let policy = policy(limit, algorithm);
        let asked = asked(&policy, "203.0.113.7", path);
        let call = &asked.calls[0];
        let claims = call.claims();
        let (mut denials, mut ledger, mut now_ms) = (Denials::default(), Ledger::default(), 1_795_500_000_000);
        for (id, step_ms) in (1..).zip(steps_ms) {
            now_ms += step_ms;
            let asked_object = ledger.clone().take(id, &claims, now_ms);
            if let Some(denied) = denials.of(&asked, now_ms) {
                prop_assert_eq!(wait(&denied), wait(&asked_object));
                prop_assert_eq!(denied.now_ms, now_ms);
            } else {
                let decision = ledger.take(id, &claims, now_ms);
                denials.remember(call, &decision, now_ms);
            }
        }
    }
}

/// The object's reply once all is used up, and whether that rests on charges which are not settled.
fn refusal(asked: &Asked<'_>, now_ms: u64, provisional_ms: u32) -> Decision {
    let mut ledger = Ledger::default();
    let claims = asked.calls[0].claims();
    let mut decisions =
        (1..).map(|id| ledger.take_provisionally(id, &claims, provisional_ms, now_ms));
    decisions
        .find(|decision| decision.refused().is_some())
        .unwrap()
}

#[test]
fn a_refusal_is_over_at_its_retry_time_and_not_before() {
    let policy = policy("3/minute", "fixed-window");
    let asked = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    // The window ends in five seconds.
    denials.remember(&asked.calls[0], &refusal(&asked, 115_000, 0), 61_000);
    for (now_ms, is_denied) in [
        (61_000, true),
        (65_999, true),
        (66_000, false),
        (61_000, false),
    ] {
        assert_eq!(denials.of(&asked, now_ms).is_some(), is_denied, "{now_ms}");
    }
    denials.remember(&asked.calls[0], &refusal(&asked, 60_000, 0), 61_000);
    assert!(
        denials.of(&asked, 60_999).is_none(),
        "the clock was set back"
    );
}

#[test]
fn a_refusal_ends_with_its_reason_after_ten_seconds_whoever_ended_it() {
    let policy = policy("3/minute", "fixed-window");
    let asked = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&asked.calls[0], &refusal(&asked, 60_000, 0), 61_000);
    assert!(denials.of(&asked, 70_999).is_some());
    assert!(denials.of(&asked, 71_000).is_none());
}

#[test]
fn a_refusal_that_rests_on_unsettled_charges_is_remembered_for_a_quarter_of_a_second() {
    let policy = policy("3/minute", "fixed-window");
    let asked = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&asked.calls[0], &refusal(&asked, 60_000, 1_000), 61_000);
    assert!(denials.of(&asked, 61_249).is_some());
    assert!(denials.of(&asked, 61_250).is_none());
}

#[test]
fn nobody_is_refused_for_somebody_else_and_nothing_for_something_else() {
    let policy = policy("3/minute", "fixed-window");
    let refused = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&refused.calls[0], &refusal(&refused, 60_000, 0), 60_000);
    let other = asked(&policy, "203.0.113.8", "/");
    assert!(denials.of(&other, 60_000).is_none());
    assert!(denials.of(&refused, 60_000).is_some());
    // Another policy's limits on the same counter.
    let looser = self::policy("4/minute", "fixed-window");
    assert!(
        denials
            .of(&asked(&looser, "203.0.113.7", "/"), 60_000)
            .is_none()
    );
}

#[test]
fn whatever_else_a_request_asks_the_counter_that_refused_refuses_it() {
    let policy = policy("3/minute", "fixed-window");
    let refused = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&refused.calls[0], &refusal(&refused, 60_000, 0), 60_000);
    for path in ["/also", "/shared"] {
        let other = asked(&policy, "203.0.113.7", path);
        let decision = denials.of(&other, 60_000).unwrap();
        let by = other.refused(&decision).unwrap();
        assert_eq!(by.rule.name, "default", "{path}");
        assert_eq!(decision.standings().count(), 1, "{path}");
    }
}

#[test]
fn what_was_not_refused_is_shown_as_its_object_said_last_and_only_for_ten_seconds() {
    let policy = policy("3/minute", "fixed-window");
    let both = asked(&policy, "203.0.113.7", "/shared");
    let [own, shared] = both.calls.as_slice() else {
        panic!("two keys are two calls")
    };
    let mut everybody = Ledger::default();
    let mut denials = Denials::default();
    for (id, left) in [(1, 99), (2, 98)] {
        let word = everybody.take(id, &shared.claims(), 60_000 + id);
        denials.remember(shared, &word, 60_000 + id);
        denials.remember(own, &refusal(&both, 60_000, 0), 60_000);
        let whole = denials.of(&both, 60_500).unwrap();
        let shown: Vec<_> = whole
            .standings()
            .map(|each| each.standing.remaining)
            .collect();
        assert_eq!(
            shown,
            [0, left],
            "two requests of others have been admitted meanwhile"
        );
    }
    denials.remember(own, &refusal(&both, 69_000, 0), 69_500);
    let whole = denials.of(&both, 70_002).unwrap();
    assert_eq!(
        whole.standings().count(),
        1,
        "of the others nothing is known by now"
    );
}

#[test]
fn what_will_never_be_admitted_is_not_remembered_since_nobody_is_asked_for_it() {
    let policy = policy("0/minute", "fixed-window");
    let asked = asked(&policy, "203.0.113.7", "/");
    let mut denials = Denials::default();
    denials.remember(&asked.calls[0], &refusal(&asked, 60_000, 0), 60_000);
    assert!(denials.of(&asked, 60_000).is_none());
    assert!(asked.refused_by_none(60_000).is_some());
}
