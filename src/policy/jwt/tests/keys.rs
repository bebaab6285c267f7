//! Public keys in the policy, and where they may be instead.

use super::*;

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// Keys that another implementation has made.
fn made_elsewhere() -> Value {
    let json = include_str!("../../../../tests/vectors/tokens.json");
    let mut vectors: Value = serde_json::from_str(json).unwrap();
    vectors["keys"].take()
}

fn labelled(label: &str) -> Value {
    json!(PEM.replace("PUBLIC KEY", label))
}

fn jwk(changes: &Value) -> Value {
    let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
    for (member, value) in changes.as_object().unwrap() {
        jwk[member] = value.clone();
    }
    jwk
}

fn assert_told(algorithm: &str, key: &Value, expected: &str) {
    let message = problem(&json!({ "algorithm": algorithm, "public_key": key }));
    let expected = format!("BOUNCER.jwt.public_key: {expected}");
    assert!(
        message.starts_with(&expected),
        "{algorithm}, {key}: {message}"
    );
}

#[test]
fn a_key_is_a_pem_a_jwk_or_where_they_are() {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "1" });
    let [pem, jwk] = [json!(PEM), jwk].map(|key| {
        jwt(&json!({ "algorithm": "EdDSA", "public_key": key }))
            .unwrap()
            .key
    });
    assert_eq!(pem, jwk);
    for url in [
        "https://a",
        "https://a.example:8443/keys?x=1",
        "http://127.0.0.1:1/keys",
        "http://localhost/",
        "http://[::1]:8/",
    ] {
        let key = jwt(&json!({ "algorithm": "EdDSA", "jwks": url }))
            .unwrap()
            .key;
        assert_eq!(key, KeySource::Set(url.to_owned()));
    }
    for url in [
        "",
        "a",
        "https://",
        "https:///keys",
        "ftp://a",
        "http://a.example",
        "http://localhost.example",
        "http://127.0.0.1.example/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "https://u@a",
        "https://a/#b",
        "https://a b",
        "http://a\\@localhost/",
        "HTTPS://a",
    ] {
        let message = problem(&json!({ "algorithm": "EdDSA", "jwks": url }));
        assert!(
            message.starts_with("BOUNCER.jwt.jwks: found "),
            "{url}: {message}"
        );
    }
}

#[test]
fn a_text_that_is_not_the_key_is_told_why() {
    let keys = made_elsewhere();
    for (algorithm, key, expected) in [
        (
            "EdDSA",
            labelled("PRIVATE KEY"),
            "found a private key; write the public one",
        ),
        ("ES256", labelled("EC PRIVATE KEY"), "found a private key"),
        (
            "EdDSA",
            labelled("CERTIFICATE"),
            "found \"BEGIN CERTIFICATE\"; write a \"BEGIN PUBLIC KEY\", which openssl x509",
        ),
        (
            "RS256",
            labelled("RSA PUBLIC KEY"),
            "found \"BEGIN RSA PUBLIC KEY\"; write",
        ),
        (
            "EdDSA",
            json!("ssh-ed25519 AAAA"),
            "found no PEM; write everything from",
        ),
        (
            "EdDSA",
            json!(PEM.replace("=\n-----END PUBLIC KEY-----", "")),
            "found no PEM",
        ),
        (
            "EdDSA",
            json!(PEM.replace("MCow", "MCoo")),
            "found a PEM that holds no key for",
        ),
        (
            "ES256",
            keys["P-384"].clone(),
            "found a PEM that holds no key for RSA, P-256 or Ed25519; ES256 needs a key on",
        ),
        (
            "EdDSA",
            keys["X25519"].clone(),
            "found a PEM that holds no key for",
        ),
        (
            "ES256",
            json!(PEM),
            "found a key on the curve \"Ed25519\"; ES256 needs a key on the curve P-256",
        ),
        (
            "RS256",
            json!(PEM),
            "found a key on the curve \"Ed25519\"; RS256 needs an RSA key",
        ),
        (
            "EdDSA",
            keys["RSA of 1024 bits"].clone(),
            "found an RSA key; EdDSA needs an Ed25519 key",
        ),
        (
            "RS256",
            keys["RSA of 1024 bits"].clone(),
            "found an RSA key of 1024 bits; RS256 takes 2048",
        ),
    ] {
        assert_told(algorithm, &key, expected);
    }
}

#[test]
fn a_table_that_is_not_the_key_is_told_why() {
    for (algorithm, key, expected) in [
        ("EdDSA", jwk(&json!({ "d": X })), "found a private key"),
        (
            "RS256",
            json!({ "kty": "oct", "k": X }),
            "found a private key",
        ),
        (
            "EdDSA",
            jwk(&json!({ "use": "enc" })),
            "found a JWK whose \"use\" is missing or wrong",
        ),
        (
            "EdDSA",
            jwk(&json!({ "alg": "ES256" })),
            "found a JWK whose \"alg\" is missing or wrong",
        ),
        (
            "EdDSA",
            jwk(&json!({ "x": null })),
            "found a JWK whose \"x\" is missing or wrong",
        ),
        (
            "EdDSA",
            jwk(&json!({ "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
            "found a key that is none: its point is of small order",
        ),
        (
            "EdDSA",
            jwk(&json!({ "x": "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
            "found a key that is none: its point is not on",
        ),
        (
            "ES256",
            json!({ "kty": "EC", "crv": "P-256", "x": X, "y": X }),
            "found a key that is none: its point is not on",
        ),
        (
            "RS256",
            json!({ "kty": "RSA", "n": format!("{}w", "_".repeat(341)), "e": "AQ" }),
            "found a key that is none: its exponent",
        ),
        (
            "RS256",
            json!({ "kty": "RSA", "n": format!("{}g", "_".repeat(341)), "e": "AQAB" }),
            "found a key that is none: its modulus is even",
        ),
        (
            "RS256",
            json!({ "kty": "RSA", "n": "_".repeat(800), "e": "AQAB" }),
            "found an RSA key of 4800 bits",
        ),
        (
            "EdDSA",
            json!(7),
            "expected a PEM as a string, or a JWK as a table",
        ),
    ] {
        assert_told(algorithm, &key, expected);
    }
}

#[test]
fn a_key_is_given_in_one_way_and_in_that_of_the_algorithm() {
    for (changes, expected) in [
        (json!({}), "jwt: has no key; write public_key ="),
        (
            json!({ "secret": "S" }),
            "jwt.secret: EdDSA is verified with a public key; write",
        ),
        (
            json!({ "public_key": PEM, "jwks": "https://a" }),
            "jwt.jwks: found both \"public_key\" and \"jwks\"",
        ),
    ] {
        let mut source = changes;
        source["algorithm"] = json!("EdDSA");
        let message = problem(&source);
        assert!(
            message.starts_with(&format!("BOUNCER.{expected}")),
            "{source}: {message}"
        );
    }
}
