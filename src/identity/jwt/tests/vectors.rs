//! Tokens and keys that another implementation has made.

use base64ct::Base64;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::identity::jwt::{Algorithm, pem};

#[derive(serde::Deserialize)]
struct Vectors {
    secret: String,
    algorithms: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    pem: Option<String>,
    jwk: Option<serde_json::Map<String, Value>>,
    genuine: String,
    forged: std::collections::BTreeMap<String, String>,
}

/// What another implementation has signed, as far as this build has the algorithms.
fn vectors() -> (String, Vec<(Algorithm, Vector)>) {
    let json = include_str!("../../../../tests/vectors/tokens.json");
    let vectors: Vectors = serde_json::from_str(json).unwrap();
    let mut found = Vec::new();
    for vector in vectors.algorithms {
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|known| known.name() == vector.name)
            .unwrap();
        if algorithm.missing_feature().is_none() {
            found.push((algorithm, vector));
        }
    }
    (vectors.secret, found)
}

/// A verifier for each way in which the key can be given.
fn verifiers(secret: &str, algorithm: Algorithm, vector: &Vector) -> Vec<Verifier> {
    let (Some(pem), Some(jwk)) = (&vector.pem, &vector.jwk) else {
        return Verifier::shared(requirements(algorithm), secret.as_bytes())
            .into_iter()
            .collect();
    };
    let set = Verifier::key_set(requirements(algorithm), "https://issuer/keys");
    assert_eq!(
        set.judge(&format!("Bearer {}", vector.genuine), NOW_MS),
        Verdict::LacksKey
    );
    assert!(set.ask(NOW_MS).is_some());
    set.answered(Some(&json!({ "keys": [jwk] }).to_string()), NOW_MS)
        .unwrap();
    let from_pem = PublicKey::from_pem(pem, algorithm).unwrap();
    let from_jwk = PublicKey::from_jwk(jwk, algorithm).unwrap();
    assert_eq!(from_pem, from_jwk);
    vec![Verifier::public(requirements(algorithm), from_pem), set]
}

const RESPELLED: [&str; 4] = [
    "a dot more",
    "padded base64",
    "a bit set that base64 does not use",
    "a signature in DER",
];

#[test]
fn of_what_another_implementation_made_the_genuine_is_taken_and_the_forged_is_not() {
    let (secret, vectors) = vectors();
    for (algorithm, vector) in vectors {
        for verifier in verifiers(&secret, algorithm, &vector) {
            let user =
                |token: &str| text(&verifier.judge(&format!("Bearer {token}"), NOW_MS), "sub");
            for _ in 0..2 {
                assert_eq!(user(&vector.genuine).as_deref(), Some("ada"), "{algorithm}");
                for (what, forged) in &vector.forged {
                    // Other spellings of a signature, which verifiers take.
                    let has_no_spare_bit =
                        algorithm == Algorithm::Hs384 && what.starts_with("a bit set");
                    let is_padded = matches!(algorithm, Algorithm::Es256 | Algorithm::EdDsa)
                        && what == "a signature with a zero behind";
                    let is_spelling =
                        is_padded || RESPELLED.contains(&what.as_str()) && !has_no_spare_bit;
                    assert_eq!(user(forged).is_some(), is_spelling, "{algorithm}: {what}");
                }
            }
        }
    }
}

#[test]
fn a_genuine_token_proves_nothing_under_another_algorithm() {
    let (secret, vectors) = vectors();
    for (algorithm, vector) in &vectors {
        for verifier in verifiers(&secret, *algorithm, vector) {
            for (other, token) in &vectors {
                let verdict = verifier.judge(&format!("Bearer {}", token.genuine), NOW_MS);
                assert_eq!(
                    text(&verdict, "sub").is_some(),
                    algorithm == other,
                    "{other} for {algorithm}"
                );
            }
        }
    }
}

/// A change to one byte of a token: where, as a share of its length, and what it becomes.
fn changed(token: &str, at: usize, byte: u8) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = at % bytes.len();
    bytes[at] = if bytes[at] == byte { byte ^ 1 } else { byte };
    String::from_utf8(bytes).unwrap()
}

fn is_no_proof(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Absent | Verdict::Unverified(_))
}

thread_local! {
    static VERIFIERS: Vec<(String, Verifier)> = {
        let (secret, vectors) = vectors();
        let all = vectors.iter().flat_map(|(algorithm, vector)| {
            let verifiers = verifiers(&secret, *algorithm, vector);
            verifiers.into_iter().map(|verifier| (vector.genuine.clone(), verifier))
        });
        all.collect()
    };
    /// The inside of each public key, and its algorithm.
    static KEYS: Vec<(Algorithm, Vec<u8>)> = {
        let pems = vectors().1.into_iter().filter_map(|(algorithm, vector)| Some((algorithm, vector.pem?)));
        pems.map(|(algorithm, pem)| (algorithm, pem::decode(&pem).unwrap())).collect()
    };
}

/// Tries something with each genuine token and its verifier.
fn each(
    mut attempt: impl FnMut(&str, &Verifier) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    VERIFIERS.with(|verifiers| {
        verifiers
            .iter()
            .try_for_each(|(genuine, verifier)| attempt(genuine, verifier))
    })
}

proptest! {
    #[test]
    fn a_token_of_which_any_byte_is_another_proves_nothing(at: usize, byte in 1..0x7f_u8) {
        each(|genuine, verifier| {
            let changed = changed(genuine, at, byte);
            // The last character may differ in bits that are not used, and two others have a second spelling.
            let text = genuine.len() - 1;
            let spelled = |token: &str| token.replace('+', "-").replace('/', "_");
            if spelled(&changed).as_bytes()[..text] != genuine.as_bytes()[..text] {
                let verdict = verifier.judge(&format!("Bearer {changed}"), NOW_MS);
                prop_assert!(is_no_proof(&verdict), "{}: {:?}", changed, verdict);
            }
            Ok(())
        })?;
    }

    #[test]
    fn whatever_the_header_holds_it_is_no_more_than_unverified(text in "\\PC{0,60}", parts in "[A-Za-z0-9_=.{}\":-]{0,200}") {
        each(|genuine, verifier| {
            let signature = genuine.rsplit('.').next().unwrap();
            let header = Base64UrlUnpadded::encode_string(text.as_bytes());
            for authorization in [
                text.clone(),
                format!("Bearer {text}"),
                format!("Bearer {parts}"),
                format!("Bearer {header}.{header}.{signature}"),
                format!("Bearer {genuine}xxx{text}"),
            ] {
                let verdict = verifier.judge(&authorization, NOW_MS);
                prop_assert!(is_no_proof(&verdict), "{}: {:?}", authorization, verdict);
            }
            Ok(())
        })?;
    }

    #[test]
    fn whatever_a_key_is_made_of_it_is_read_or_refused(
        text in any::<String>(),
        der in prop::collection::vec(any::<u8>(), 0..120),
        at: usize,
        byte: u8,
    ) {
        let pem = |der: &[u8]| {
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", Base64::encode_string(der))
        };
        let members = |value: &str| {
            let names = ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"];
            names.map(|name| (name.to_owned(), Value::from(value))).into_iter()
        };
        KEYS.with(|keys| for (algorithm, good) in keys {
            let _ = PublicKey::from_pem(&text, *algorithm);
            let _ = PublicKey::from_pem(&pem(&der), *algorithm);
            let mut changed = good.clone();
            let at = at % changed.len();
            changed[at] = byte;
            let _ = PublicKey::from_pem(&pem(&changed), *algorithm);
            let _ = PublicKey::from_pem(&pem(&good[..at]), *algorithm);
            let encoded = Base64UrlUnpadded::encode_string(&der);
            for kty in ["EC", "OKP", "RSA", &text] {
                for value in [&text, &encoded] {
                    let mut jwk: serde_json::Map<String, Value> = members(value).collect();
                    jwk.insert("kty".to_owned(), kty.into());
                    jwk.insert("crv".to_owned(), (if kty == "EC" { "P-256" } else { "Ed25519" }).into());
                    let _ = PublicKey::from_jwk(&jwk, *algorithm);
                }
            }
        });
    }
}
