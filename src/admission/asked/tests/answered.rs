//! What becomes of the ledgers' answers, or of their silence.

use bouncer_durable::ledger::Ledger;

use super::*;

/// What is asked for a request of a user who has a tenant, under rules on both.
fn asked_by_ada(policy: &Policy) -> Asked<'_> {
    let ada = bearer(json!({ "sub": "ada", "org": "acme" }));
    let identification = identification();
    let credentials = Credentials {
        authorization: &ada,
        ..Credentials::default()
    };
    let client = Client::new(&identification, credentials, 1_000_000);
    Asked::new(&policy.route("GET", "/swapped"), &client, Mode::Enforce)
}

#[test]
fn the_decisions_of_several_ledgers_are_put_in_the_order_of_the_rules() {
    let policy = policy();
    let asked = asked_by_ada(&policy);
    assert_eq!(asked.names(), ["swapped", "burst", "tenant"]);
    assert_eq!(asked.calls.len(), 2);
    let calls = asked.calls.iter().zip([5_000, 4_000]);
    let decisions: Vec<_> = calls
        .map(|(call, now_ms)| Ledger::default().take(1, &call.claims(), now_ms))
        .collect();
    let whole = asked.together(decisions.iter().map(Some));
    assert_eq!(whole.now_ms, 5_000);
    let quotas = |decision: &Decision| -> Vec<Vec<u32>> {
        let claims = decision.claims.iter();
        claims
            .map(|claim| claim.iter().map(|each| each.limit.quota()).collect())
            .collect()
    };
    assert_eq!(quotas(&whole), [vec![7], vec![10], vec![100]]);
    // Whichever of them was asked first, each limit is restored when its own ledger says.
    let restored_ms = |decision: &Decision| -> Vec<u64> {
        let standings = decision.standings();
        standings
            .map(|each| decision.now_ms + each.standing.full_ms)
            .collect()
    };
    let mut own_ms: Vec<_> = decisions.iter().flat_map(&restored_ms).collect();
    let mut shown_ms = restored_ms(&whole);
    own_ms.sort_unstable();
    shown_ms.sort_unstable();
    assert_eq!(shown_ms, own_ms);

    let only_the_user = asked.together([Some(&decisions[0]), None].into_iter());
    assert_eq!(quotas(&only_the_user), [vec![], vec![10], vec![]]);
}

#[test]
fn a_call_follows_the_strictest_of_its_rules_when_it_fails() {
    let on_error = |one: &str, other: &str| {
        let policy = json!({
            "origin": "http://127.0.0.1:8000",
            "on_error": one,
            "default": { "limit": "1/day" },
            "rules": [{ "name": "all", "also": true, "match": ["* /**"], "key": "ip", "limit": "9/day", "on_error": other }],
        });
        let policy = Policy::from_json(&policy.to_string()).unwrap();
        let identification = identification();
        let client = Client::new(&identification, Credentials::default(), 0);
        let asked = Asked::new(&policy.route("GET", "/"), &client, Mode::Enforce);
        let [call] = asked.calls.as_slice() else {
            panic!("one key is one call")
        };
        asked.on_error(call)
    };
    assert_eq!(on_error("open", "open"), OnError::Open);
    assert_eq!(on_error("open", "local"), OnError::Local);
    assert_eq!(on_error("closed", "local"), OnError::Closed);
}

#[test]
fn a_refusal_is_of_the_limit_with_the_longest_wait_and_names_whom_it_refused() {
    let policy = policy();
    let asked = asked_by_ada(&policy);
    let decide = |used: [u64; 2]| {
        let decisions = asked.calls.iter().zip(used).map(|(call, used)| {
            let mut ledger = Ledger::default();
            for id in 1..=used {
                assert_eq!(ledger.take(id, &call.claims(), 1_000_000).refused(), None);
            }
            ledger.take(0, &call.claims(), 1_000_000)
        });
        let decisions: Vec<_> = decisions.collect();
        asked.together(decisions.iter().map(Some))
    };
    let refused = |used| {
        let decision = decide(used);
        let by = asked.refused(&decision)?;
        Some((
            by.rule.name.clone(),
            by.key.to_string(),
            by.limit.to_string(),
        ))
    };
    let of = |rule: &str, key: &str, limit: &str| {
        Some((rule.to_owned(), key.to_owned(), limit.to_owned()))
    };
    assert_eq!(refused([0, 0]), None);
    assert_eq!(refused([10, 0]), of("burst", "user:ada", "10 per 1 second"));
    assert_eq!(refused([0, 7]), of("swapped", "tenant:acme", "7 per 1 day"));
    assert_eq!(
        refused([10, 7]),
        of("swapped", "tenant:acme", "7 per 1 day")
    );
}
