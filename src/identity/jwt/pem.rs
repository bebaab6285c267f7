//! PEM (RFC 7468) and the one structure inside that is read here: `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7), in
//! DER.

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};
use jwt_compact::jwk::JsonWebKey;

use super::public_key::KeyError;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// 1.2.840.113549.1.1.1 (RFC 8017, appendix C).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1 and 1.2.840.10045.3.1.7 (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.101.112 (RFC 8410, section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// What is between the lines `BEGIN PUBLIC KEY` and `END PUBLIC KEY`.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    let (label, rest) = text
        .trim()
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .ok_or(KeyError::NoPem)?;
    let command = match label {
        "PUBLIC KEY" => {
            let body = rest.strip_suffix("-----END PUBLIC KEY-----");
            let body: String = body
                .ok_or(KeyError::NoPem)?
                .split_ascii_whitespace()
                .collect();
            return Base64::decode_vec(&body).map_err(|_| KeyError::NoPem);
        }
        "CERTIFICATE" => "openssl x509 -in FILE -noout -pubkey",
        "RSA PUBLIC KEY" => "openssl rsa -RSAPublicKey_in -in FILE -pubout",
        label if label.ends_with("PRIVATE KEY") => return Err(KeyError::Private),
        _ => "openssl pkey -in FILE -pubout",
    };
    Err(KeyError::OtherPem {
        found: label.to_owned(),
        command,
    })
}

/// The key in this structure, if it is one of RSA, P-256 or Ed25519.
pub(super) fn public_key(der: &[u8]) -> Option<JsonWebKey<'_>> {
    let info = only(der, SEQUENCE)?;
    let (algorithm, info) = element(info, SEQUENCE)?;
    let (0, key) = only(info, BIT_STRING)?.split_first()? else {
        return None;
    };
    let (algorithm, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    match algorithm {
        RSA_ENCRYPTION if only(parameters, NULL)?.is_empty() => {
            let (modulus, rest) = element(only(key, SEQUENCE)?, INTEGER)?;
            Some(JsonWebKey::Rsa {
                modulus: unsigned(modulus)?,
                public_exponent: unsigned(only(rest, INTEGER)?)?,
                private_parts: None,
            })
        }
        EC_PUBLIC_KEY if only(parameters, OBJECT_IDENTIFIER)? == P256 => {
            let (4, point) = key.split_first()? else {
                return None;
            };
            let (x, y) = point.split_at_checked(32)?;
            Some(JsonWebKey::EllipticCurve {
                curve: Cow::Borrowed("P-256"),
                x: Cow::Borrowed(x),
                y: Cow::Borrowed(y),
                secret: None,
            })
        }
        ED25519 if parameters.is_empty() => Some(JsonWebKey::KeyPair {
            curve: Cow::Borrowed("Ed25519"),
            x: Cow::Borrowed(key),
            secret: None,
        }),
        _ => None,
    }
}

/// The content of the only element.
fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der, tag)
        .filter(|(_, rest)| rest.is_empty())
        .map(|(content, _)| content)
}

/// The content of the first element, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match (length, rest) {
        (0..=0x7f, rest) => (usize::from(*length), rest),
        (0x81, [length @ 0x80..=0xff, rest @ ..]) => (usize::from(*length), rest),
        (0x82, [high @ 1..=0xff, low, rest @ ..]) => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

/// The bytes of an integer that is not negative.
fn unsigned(integer: &[u8]) -> Option<Cow<'_, [u8]>> {
    let is_positive = integer.first().is_some_and(|first| *first < 0x80);
    is_positive.then_some(Cow::Borrowed(integer))
}
