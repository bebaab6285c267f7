//! What the Python package `limits` decides, replayed: see `tests/vectors/generate.py`, which wrote the table.

use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Ledger};
use bouncer_durable::{Algorithm, Limit};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    algorithm: String,
    limit: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    at_ms: u64,
    cost: NonZeroU32,
    theirs: bool,
    /// What we decide where we differ by design, and why.
    ours: Option<bool>,
    why: Option<String>,
}

#[test]
fn we_decide_as_the_limits_package_does_but_where_the_table_says_why_not() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../tests/vectors/limits.json")).unwrap();
    let (mut compared, mut differences) = (0, 0);
    for (number, vector) in vectors.iter().enumerate() {
        let algorithm = match vector.algorithm.as_str() {
            "fixed-window" => Algorithm::FixedWindow,
            "sliding-log" => Algorithm::SlidingLog,
            "sliding-window" => Algorithm::SlidingWindow,
            other => panic!("{other}"),
        };
        let limit = Limit::parse_all(&vector.limit).unwrap()[0]
            .counted_by(algorithm)
            .unwrap();
        let claim = |cost| Claim {
            counter: "key".to_owned(),
            limits: vec![limit],
            cost,
            reserved_ms: 0,
        };
        let mut ledger = Ledger::default();
        for (id, step) in (0..).zip(&vector.steps) {
            let admitted = ledger
                .take(id, &[claim(step.cost)], step.at_ms)
                .refused()
                .is_none();
            let expected = step.ours.unwrap_or(step.theirs);
            assert_eq!(
                admitted, expected,
                "vector {number}, step {id}: {} {}",
                vector.algorithm, vector.limit
            );
            compared += 1;
            if step.ours.is_some() {
                assert_ne!(step.ours, Some(step.theirs));
                assert!(step.why.is_some());
                differences += 1;
            }
        }
    }
    assert!(compared > 5_000, "the table holds {compared} steps");
    assert_eq!(differences, 4);
}
