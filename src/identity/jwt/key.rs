//! The key that a token is verified under, with its algorithm: the two are never apart.

use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};
use jwt_compact::{Algorithm as Signing, AlgorithmSignature as _};

use super::algorithm::Algorithm;
use super::base64;
use super::public_key::PublicKey;

/// A key that verifies.
pub(super) enum Key {
    Hs256(Hs256Key),
    Hs384(Hs384Key),
    Hs512(Hs512Key),
    /// Two secrets of one algorithm, while one takes the place of the other.
    Either(Box<(Key, Key)>),
    Public(PublicKey),
}

/// A signature to check, as bytes of the length that the key has.
pub(super) type Signature = Vec<u8>;

// === impl Key ===

impl Key {
    /// The key of a shared secret; nothing for an algorithm whose keys come in pairs.
    pub(super) fn shared(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Hs256 => Some(Self::Hs256(Hs256Key::new(secret))),
            Algorithm::Hs384 => Some(Self::Hs384(Hs384Key::new(secret))),
            Algorithm::Hs512 => Some(Self::Hs512(Hs512Key::new(secret))),
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Rs256 => None,
        }
    }

    /// Whether these are the same public key.
    pub(super) fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Public(key), Self::Public(other)) if key == other)
    }

    /// Whatever a verifier may take for the signature at the beginning of this text: one, except for ES256.
    pub(super) fn signatures(&self, text: &str) -> Vec<Signature> {
        let length = match self {
            Self::Hs256(_) => 32,
            Self::Hs384(_) => 48,
            Self::Hs512(_) => 64,
            Self::Either(keys) => return keys.0.signatures(text),
            Self::Public(key) => return key.signatures(text),
        };
        base64::leading(text, length).into_iter().collect()
    }

    /// Whether the owner of this key has signed the message.
    pub(super) fn has_signed(&self, message: &str, signature: &Signature) -> bool {
        match self {
            Self::Hs256(key) => has_signed(&Hs256, key, message, signature),
            Self::Hs384(key) => has_signed(&Hs384, key, message, signature),
            Self::Hs512(key) => has_signed(&Hs512, key, message, signature),
            Self::Either(keys) => {
                keys.0.has_signed(message, signature) || keys.1.has_signed(message, signature)
            }
            Self::Public(key) => key.has_signed(message, signature),
        }
    }
}

pub(super) fn has_signed<A: Signing>(
    algorithm: &A,
    key: &A::VerifyingKey,
    message: &str,
    signature: &Signature,
) -> bool {
    // The library expects of whoever calls it that the length is right.
    A::Signature::LENGTH.is_none_or(|length| length.get() == signature.len())
        && A::Signature::try_from_slice(signature)
            .is_ok_and(|signature| algorithm.verify_signature(&signature, key, message.as_bytes()))
}
