//! Spellings of headers, and whom real verifiers take for their user: `tests/vectors/readings.json`.

use std::collections::BTreeMap;

use super::*;
use crate::identity::jwt::{Algorithm, Ambiguity};

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    key: String,
    readings: Vec<Spelling>,
}

#[derive(serde::Deserialize)]
struct Spelling {
    name: String,
    lines: Vec<String>,
    /// Who verifies it as whose.
    users: BTreeMap<String, Vec<String>>,
}

fn vectors() -> Vec<(Vector, Verifier)> {
    let json = include_str!("../../../../tests/vectors/readings.json");
    let vectors: Vec<Vector> = serde_json::from_str(json).unwrap();
    let mut found = Vec::new();
    for vector in vectors {
        let mut algorithms = Algorithm::ALL.into_iter();
        let algorithm = algorithms.find(|it| it.name() == vector.name).unwrap();
        if algorithm.missing_feature().is_some() {
            continue;
        }
        let requirements = requirements(algorithm);
        let verifier = Verifier::shared(requirements.clone(), vector.key.as_bytes());
        let verifier = verifier.unwrap_or_else(|| {
            let key = PublicKey::from_pem(&vector.key, algorithm).unwrap();
            Verifier::public(requirements, key)
        });
        found.push((vector, verifier));
    }
    found
}

const CUT_OTHERWISE: [&str; 9] = [
    // As Ruby reads it, which was not run for EdDSA.
    "a dot more",
    "dots more",
    "padding inside",
    "comma and more",
    "single quotes",
    "brackets",
    "token=",
    "token=\"\"",
    "DER and a byte",
];

#[test]
fn whoever_a_verifier_takes_for_a_user_counts_as_that_user_or_is_refused() {
    for (Vector { name, readings, .. }, verifier) in vectors() {
        for Spelling {
            name: spelling,
            lines,
            users,
        } in &readings
        {
            let verdict = verifier.judge(&lines.join(", "), NOW_MS);
            let by: Vec<_> = users.values().flatten().collect();
            match (&verdict, users.len()) {
                (Verdict::Verified(claims), 1) => {
                    assert_eq!(claims.text("sub"), users.keys().next().map(String::as_str));
                }
                (Verdict::Ambiguous(Ambiguity::TwoUsers), 2) | (Verdict::Unverified(_), 0) => {}
                // Cut out as these services do not, and still signed for whoever sends it.
                (Verdict::Verified(claims), 0) if CUT_OTHERWISE.contains(&spelling.as_str()) => {
                    assert_eq!(claims.text("sub"), Some("ada"));
                }
                _ => panic!("{name}, {spelling}: {verdict:?}, but {by:?}"),
            }
        }
    }
}

#[test]
fn however_a_token_is_spelled_it_is_checked_once_and_remembered_once() {
    for (Vector { readings, name, .. }, verifier) in vectors() {
        let plain = |it: &&Spelling| it.name == "plain";
        let plain = readings.iter().find(plain).unwrap();
        assert!(matches!(
            verifier.judge(&plain.lines[0], NOW_MS),
            Verdict::Verified(_)
        ));
        assert_eq!(verifier.checks(), 1);
        for Spelling {
            name: spelling,
            lines,
            users,
        } in &readings
        {
            // Those that have another token in them, or a signature of their own.
            let has_other = ["eve", "two users", "modulus", "other s", "forged", "DER"];
            if !users.contains_key("ada") || has_other.iter().any(|word| spelling.contains(word)) {
                continue;
            }
            let before = verifier.checks();
            assert!(matches!(
                verifier.judge(&lines.join(", "), NOW_MS),
                Verdict::Verified(_)
            ));
            assert_eq!(verifier.checks(), before, "{name}, {spelling}");
        }
    }
}

#[test]
fn a_request_costs_four_checks_at_most() {
    for (Vector { readings, name, .. }, verifier) in vectors() {
        for Spelling {
            name: spelling,
            lines,
            ..
        } in &readings
        {
            let before = verifier.checks();
            let _ = verifier.judge(&lines.join(", "), NOW_MS);
            assert!(verifier.checks() - before <= 4, "{name}, {spelling}");
        }
    }
}
