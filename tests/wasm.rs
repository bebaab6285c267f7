//! What must hold in the wasm itself, run in Node: 32-bit pointers, JavaScript's own strings, no clock and no threads.
#![cfg(target_arch = "wasm32")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests, which clippy does not recognise by wasm_bindgen_test"
)]

use std::num::NonZeroU32;

use bouncer::bouncer::Bouncer;
use bouncer::identity::{Client, Credentials};
use bouncer::route::resolve;
use bouncer_durable::ledger::{Claim, Ledger, Saving};
use bouncer_durable::message::{Operation, Reply, Request};
use bouncer_durable::{Algorithm, Limit, snapshot};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen]
extern "C" {
    type URL;

    #[wasm_bindgen(constructor)]
    fn new(url: &str) -> URL;

    #[wasm_bindgen(method, getter)]
    fn pathname(this: &URL) -> String;
}

const POLICY: &str = r#"{
    "origin": "http://127.0.0.1:8000",
    "default": { "limit": "100/minute" },
    "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" },
    "rules": [{ "name": "read", "match": ["GET /api/**"], "limit": "60/minute;1000/day" }]
}"#;

/// {"alg":"HS256","typ":"JWT"} . {"sub":"ada","exp":4102444800}, signed by another implementation (Node's crypto).
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDB9.5gpME8ZZRQNnFu6OfRcZDewMtii34l1FY_UncsKRYxY";

fn bouncer() -> Bouncer {
    let variable = |name: &str| match name {
        "BOUNCER" => Some(POLICY.to_owned()),
        "JWT_SECRET" => Some("an example secret of 32 bytes...".to_owned()),
        _ => None,
    };
    Bouncer::new(variable, |_| false).unwrap()
}

#[wasm_bindgen_test]
fn a_policy_routes_and_a_token_of_another_implementation_identifies() {
    let bouncer = bouncer();
    let route = bouncer.policy.route("GET", "/API/%2576x//");
    let rule = route.rules().next().unwrap();
    assert_eq!(rule.name, "read");
    let key = &rule.counting().unwrap().key;
    assert_eq!(key.to_string(), "user-or-ip");
    let authorization = format!("Bearer {TOKEN}");
    let credentials = Credentials {
        address: "203.0.113.7",
        authorization: &authorization,
        headers: "",
    };
    let named = |now_ms| {
        let client = Client::new(&bouncer.identification, credentials, now_ms);
        client.key(key).unwrap().to_string()
    };
    assert_eq!(named(1_800_000_000_000), "user:ada");
    assert_eq!(named(4_102_444_800_000), "ip:203.0.113.7");
}

#[wasm_bindgen_test]
fn the_largest_numbers_count_exactly() {
    let limit = Limit::parse_all("4294967295/100 years").unwrap()[0];
    for algorithm in [
        Algorithm::FixedWindow,
        Algorithm::TokenBucket { burst: None },
    ] {
        let claim = |cost| Claim {
            counter: "c".to_owned(),
            limits: vec![limit.counted_by(algorithm).unwrap()],
            cost,
            reserved_ms: 0,
        };
        let mut ledger = Ledger::default();
        let now_ms = u64::MAX - 1;
        let all = ledger.take(1, &[claim(NonZeroU32::MAX)], now_ms);
        assert_eq!(all.refused(), None);
        assert_eq!(all.claims[0][0].standing.remaining, 0);
        assert!(
            ledger
                .take(2, &[claim(NonZeroU32::MIN)], now_ms)
                .refused()
                .is_some()
        );
    }
}

#[wasm_bindgen_test]
fn messages_and_snapshots_survive_the_way_there_and_back() {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    let claims = vec![Claim {
        counter: "login".to_owned(),
        limits,
        cost: NonZeroU32::MIN,
        reserved_ms: 0,
    }];
    let take = Request {
        id: u64::MAX,
        operation: Operation::Take {
            claims,
            provisional_ms: 0,
            settled: Vec::new(),
        },
    };
    let take = Request::decode(&take.encode()).unwrap();
    let mut ledger = Ledger::default();
    let reply = take.perform(&mut ledger, 1_800_000_000_000);
    assert_eq!(Reply::decode(&reply.encode()).unwrap(), reply);
    let bytes = ledger.save(Saving::Due);
    ledger.confirmed();
    assert_eq!(snapshot::decode(&bytes).unwrap(), ledger);
}

#[wasm_bindgen_test]
fn a_path_is_resolved_as_a_url_parser_does() {
    const PARTS: [&str; 40] = [
        "/", "//", "\\", ".", "..", "%2e", "%2E", "%2f", "%2F", "%5C", "%5c", ";", "%3B", "%01",
        "%00", "%25", "%252F", "%252e", "%", "%z", "A", "b", "login", "a", " ", "\"", "<", ">",
        "^", "`", "{", "}", "|", "\u{1}", "\t", "\u{7f}", "é", "東", "'", "~",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let mut raw = String::from("/");
        for _ in 0..random(12) {
            raw += PARTS[random(PARTS.len())];
        }
        let resolved = resolve(&raw);
        let parsed = URL::new(&format!("http://origin.example{raw}?q")).pathname();
        assert_eq!(resolved, parsed, "{raw:?}");
        // What is resolved is sent as it is, below a base path too.
        let sent = URL::new(&format!("http://origin.example/base{resolved}?q")).pathname();
        assert_eq!(sent, format!("/base{resolved}"), "{raw:?}");
    }
}
