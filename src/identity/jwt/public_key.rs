//! Public keys: a PEM or a JWK (RFC 7517) becomes the key that verifies, or a reason why not.
//!
//! A key must fit the algorithm, be public, and be strong enough; what it says of its own use is respected.

use std::borrow::Cow;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use jwt_compact::jwk::JsonWebKey;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::key::Signature;
#[cfg(any(feature = "es256", feature = "eddsa", feature = "rs256"))]
use super::key::has_signed;
use super::{base64, ecdsa, pem};

/// The longest RSA modulus, in bits: what the library can verify with.
const MAX_RSA_BITS: usize = 4_096;

/// A public key that fits its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "es256")]
    Es256(<jwt_compact::alg::Es256 as jwt_compact::Algorithm>::VerifyingKey),
    #[cfg(feature = "eddsa")]
    EdDsa(<jwt_compact::alg::Ed25519 as jwt_compact::Algorithm>::VerifyingKey),
    #[cfg(feature = "rs256")]
    Rs256 {
        key: jwt_compact::alg::RsaPublicKey,
        /// Without zeros before it.
        modulus: Vec<u8>,
    },
}

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It could sign.
    #[error(
        "found a private key; write the public one instead (openssl pkey -in FILE -pubout), and make a new pair if \
         anybody has seen this file"
    )]
    Private,
    /// A PEM of something else.
    #[error("found \"BEGIN {found}\"; write a \"BEGIN PUBLIC KEY\", which {command} prints")]
    OtherPem {
        /// What its first line says.
        found: String,
        /// The command that gets the key out of it.
        command: &'static str,
    },
    /// No PEM.
    #[error(
        "found no PEM; write everything from \"-----BEGIN PUBLIC KEY-----\" to \"-----END PUBLIC KEY-----\", or a JWK \
         as a table"
    )]
    NoPem,
    /// A PEM whose inside is nothing known.
    #[error("found a PEM that holds no key for RSA, P-256 or Ed25519; {algorithm} needs {needs}", needs = algorithm.needs())]
    UnknownPem {
        /// The policy's algorithm.
        algorithm: Algorithm,
    },
    /// A member is missing or not what it must be.
    #[error("found a JWK whose \"{member}\" is missing or wrong; {algorithm} needs {needs}", needs = algorithm.needs())]
    Member {
        /// The policy's algorithm.
        algorithm: Algorithm,
        /// The member.
        member: &'static str,
    },
    /// The key is of another kind.
    #[error("found {found}; {algorithm} needs {needs}", needs = algorithm.needs())]
    OtherKind {
        /// The policy's algorithm.
        algorithm: Algorithm,
        /// The key's kind.
        found: String,
    },
    /// The key is of the kind, and no key.
    #[error("found a key that is none: {why}")]
    Invalid {
        /// What is wrong with it.
        why: &'static str,
    },
    /// An RSA key of a length that is not taken.
    #[error(
        "found an RSA key of {bits} bits; RS256 takes 2048 (RFC 7518, section 3.3) to {MAX_RSA_BITS}"
    )]
    RsaBits {
        /// Its length.
        bits: usize,
    },
    /// The algorithm is not compiled in.
    #[error("found a key for {algorithm}, which is not compiled in")]
    NotCompiledIn {
        /// The policy's algorithm.
        algorithm: Algorithm,
    },
}

// === impl PublicKey ===

impl PublicKey {
    /// Reads a PEM, `-----BEGIN PUBLIC KEY-----` (RFC 7468, section 13).
    ///
    /// # Errors
    /// [`KeyError`] for anything but a public key of the algorithm.
    pub fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let der = pem::decode(text)?;
        let parts = pem::public_key(&der).ok_or(KeyError::UnknownPem { algorithm })?;
        Self::new(&parts, algorithm)
    }

    /// Reads a JWK (RFC 7517, section 4). Members that mean nothing here are not looked at.
    ///
    /// # Errors
    /// [`KeyError`] for anything but a public key of the algorithm.
    pub fn from_jwk(jwk: &Map<String, Value>, algorithm: Algorithm) -> Result<Self, KeyError> {
        let wrong = |member| KeyError::Member { algorithm, member };
        let text = |member: &'static str| {
            let value = jwk.get(member).and_then(Value::as_str);
            value.ok_or(wrong(member))
        };
        let bytes = |member: &'static str| {
            let decoded = Base64UrlUnpadded::decode_vec(text(member)?);
            decoded.map(Cow::Owned).map_err(|_| wrong(member))
        };
        // A shared secret (`k`) is as private as it gets.
        if ["d", "p", "q", "k"]
            .iter()
            .any(|member| jwk.contains_key(*member))
        {
            return Err(KeyError::Private);
        }
        let is_for_verifying = |value: &Value| {
            let mut operations = value.as_array().into_iter().flatten();
            operations.any(|operation| operation == "verify")
        };
        for (member, is_right) in [
            ("use", jwk.get("use").is_none_or(|value| value == "sig")),
            (
                "alg",
                jwk.get("alg").is_none_or(|value| value == algorithm.name()),
            ),
            ("key_ops", jwk.get("key_ops").is_none_or(is_for_verifying)),
        ] {
            if !is_right {
                return Err(wrong(member));
            }
        }
        let parts = match text("kty")? {
            "EC" => JsonWebKey::EllipticCurve {
                curve: text("crv")?.into(),
                x: bytes("x")?,
                y: bytes("y")?,
                secret: None,
            },
            "OKP" => JsonWebKey::KeyPair {
                curve: text("crv")?.into(),
                x: bytes("x")?,
                secret: None,
            },
            "RSA" => JsonWebKey::Rsa {
                modulus: bytes("n")?,
                public_exponent: bytes("e")?,
                private_parts: None,
            },
            _ => return Err(wrong("kty")),
        };
        Self::new(&parts, algorithm)
    }

    /// Whatever a verifier may take for the signature at the beginning of this text. Of RS256 there are verifiers that take
    /// a number for what is left of it modulo the key's.
    pub(super) fn signatures(&self, text: &str) -> Vec<Signature> {
        // Without a feature there is no key.
        let _ = (text, base64::leading, ecdsa::signatures, modulo);
        match self.0 {
            #[cfg(feature = "es256")]
            Kind::Es256(_) => ecdsa::signatures(text),
            #[cfg(feature = "eddsa")]
            Kind::EdDsa(_) => {
                // The second number has its last byte first, and Java takes zeros behind it.
                let padded = base64::prefixes(text).into_iter().filter_map(|bytes| {
                    let (signature, zeros) = bytes.split_at_checked(64)?;
                    let is_zero = zeros.iter().all(|byte| *byte == 0);
                    is_zero.then(|| signature.to_vec())
                });
                base64::leading(text, 64)
                    .into_iter()
                    .chain(padded)
                    .collect()
            }
            #[cfg(feature = "rs256")]
            Kind::Rs256 { ref modulus, .. } => {
                let number = base64::leading(text, modulus.len());
                let rest = number.map(|number| modulo(number, modulus));
                rest.into_iter().collect()
            }
        }
    }

    /// Whether the owner of the other half of this key has signed the message.
    pub(super) fn has_signed(&self, message: &str, signature: &Signature) -> bool {
        let _ = (message, signature);
        match self.0 {
            #[cfg(feature = "es256")]
            Kind::Es256(ref key) => has_signed(&jwt_compact::alg::Es256, key, message, signature),
            #[cfg(feature = "eddsa")]
            Kind::EdDsa(ref key) => has_signed(&jwt_compact::alg::Ed25519, key, message, signature),
            #[cfg(feature = "rs256")]
            Kind::Rs256 { ref key, .. } => {
                has_signed(&jwt_compact::alg::Rsa::rs256(), key, message, signature)
            }
        }
    }

    fn new(parts: &JsonWebKey<'_>, algorithm: Algorithm) -> Result<Self, KeyError> {
        match (algorithm, parts) {
            (Algorithm::Es256, JsonWebKey::EllipticCurve { curve, .. }) if curve == "P-256" => {
                Self::es256(parts)
            }
            (Algorithm::EdDsa, JsonWebKey::KeyPair { curve, .. }) if curve == "Ed25519" => {
                Self::eddsa(parts)
            }
            (
                Algorithm::Rs256,
                JsonWebKey::Rsa {
                    modulus,
                    public_exponent,
                    ..
                },
            ) => {
                check_rsa(modulus, public_exponent)?;
                Self::rs256(parts)
            }
            _ => Err(KeyError::OtherKind {
                algorithm,
                found: describe(parts),
            }),
        }
    }

    #[cfg(feature = "es256")]
    fn es256(parts: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        let why = "its point is not on the curve P-256";
        let key = parts.try_into().map_err(|_| KeyError::Invalid { why })?;
        Ok(Self(Kind::Es256(key)))
    }

    #[cfg(feature = "eddsa")]
    fn eddsa(parts: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        let why = "its point is not on the curve Ed25519";
        let key: <jwt_compact::alg::Ed25519 as jwt_compact::Algorithm>::VerifyingKey =
            parts.try_into().map_err(|_| KeyError::Invalid { why })?;
        if key.is_weak() {
            let why = "its point is of small order, for which anybody can sign";
            return Err(KeyError::Invalid { why });
        }
        Ok(Self(Kind::EdDsa(key)))
    }

    #[cfg(feature = "rs256")]
    fn rs256(parts: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        let why = "its exponent is not one for RSA";
        let key = parts.try_into().map_err(|_| KeyError::Invalid { why })?;
        let JsonWebKey::Rsa { modulus, .. } = parts else {
            return Err(KeyError::Invalid { why });
        };
        let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
        let modulus = modulus.get(zeros..).unwrap_or_default().to_vec();
        Ok(Self(Kind::Rs256 { key, modulus }))
    }

    #[cfg(not(feature = "es256"))]
    fn es256(_: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        Err(KeyError::NotCompiledIn {
            algorithm: Algorithm::Es256,
        })
    }

    #[cfg(not(feature = "eddsa"))]
    fn eddsa(_: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        Err(KeyError::NotCompiledIn {
            algorithm: Algorithm::EdDsa,
        })
    }

    #[cfg(not(feature = "rs256"))]
    fn rs256(_: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        Err(KeyError::NotCompiledIn {
            algorithm: Algorithm::Rs256,
        })
    }
}

/// The library takes any odd exponent and any modulus, even one that is no product of primes.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let significant = |bytes: &[u8]| match bytes.iter().position(|byte| *byte != 0) {
        Some(first) => 8 * (bytes.len() - first),
        None => 0,
    };
    let leading = modulus.iter().find(|byte| **byte != 0);
    let unused = leading.map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = significant(modulus) - unused;
    if !(2_048..=MAX_RSA_BITS).contains(&bits) {
        return Err(KeyError::RsaBits { bits });
    }
    if modulus.last().is_none_or(|byte| byte % 2 == 0) {
        let why = "its modulus is even";
        return Err(KeyError::Invalid { why });
    }
    // With an exponent of 1, every message signs itself.
    if matches!(exponent, [zeros @ .., 0 | 1] if zeros.iter().all(|byte| *byte == 0)) {
        let why = "its exponent is not one for RSA";
        return Err(KeyError::Invalid { why });
    }
    Ok(())
}

/// What is left of a number of as many bytes as the modulus, whose first byte is not 0: at most 255 subtractions.
fn modulo(mut number: Vec<u8>, modulus: &[u8]) -> Vec<u8> {
    while number.len() == modulus.len()
        && number.as_slice() >= modulus
        && modulus.first() > Some(&0)
    {
        let mut borrow = false;
        for (digit, minus) in number.iter_mut().zip(modulus).rev() {
            let (rest, one) = digit.overflowing_sub(*minus);
            let (rest, other) = rest.overflowing_sub(u8::from(borrow));
            *digit = rest;
            borrow = one || other;
        }
    }
    number
}

fn describe(parts: &JsonWebKey<'_>) -> String {
    match parts {
        JsonWebKey::Rsa { .. } => "an RSA key".to_owned(),
        JsonWebKey::EllipticCurve { curve, .. } | JsonWebKey::KeyPair { curve, .. } => {
            format!("a key on the curve {curve:?}")
        }
        _ => "a key of another kind".to_owned(),
    }
}
