//! The key that a token is verified under, with its algorithm: the two are never apart.

use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};

use super::algorithm::Algorithm;
use super::public_key::PublicKey;
use super::token::{Body, Unverified};

/// A key that verifies.
pub(super) enum Key {
    Hs256(Hs256Key),
    Hs384(Hs384Key),
    Hs512(Hs512Key),
    Public(PublicKey),
}

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

    /// What the token says, if this key has signed it.
    pub(super) fn verify(&self, token: &Unverified<'_>) -> Option<Body> {
        match self {
            Self::Hs256(key) => token.verify(&Hs256, key),
            Self::Hs384(key) => token.verify(&Hs384, key),
            Self::Hs512(key) => token.verify(&Hs512, key),
            Self::Public(key) => key.verify(token),
        }
    }
}
