//! The signature algorithms that a policy may name (RFC 7518, RFC 8037).
//!
//! Those of shared secrets are always there. Each of the others costs kilobytes of wasm, and is a feature of this crate.

use std::fmt;

/// How tokens are signed. The policy says it, and never the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA (PKCS#1, version 1.5) with SHA-256.
    Rs256,
}

// === impl Algorithm ===

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Es256,
        Self::EdDsa,
        Self::Rs256,
    ];

    /// The name in a policy and in a token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The least length of a secret, in bytes (RFC 7518, section 3.2); nothing where keys come in pairs.
    #[must_use]
    pub const fn min_secret_bytes(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            Self::Es256 | Self::EdDsa | Self::Rs256 => None,
        }
    }

    /// The feature that this build lacks for it.
    #[must_use]
    pub const fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Es256 if !cfg!(feature = "es256") => Some("es256"),
            Self::EdDsa if !cfg!(feature = "eddsa") => Some("eddsa"),
            Self::Rs256 if !cfg!(feature = "rs256") => Some("rs256"),
            _ => None,
        }
    }

    /// The key it needs, in words.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => "a shared secret",
            Self::Es256 => "a key on the curve P-256 (\"kty\" \"EC\", \"crv\" \"P-256\")",
            Self::EdDsa => "an Ed25519 key (\"kty\" \"OKP\", \"crv\" \"Ed25519\")",
            Self::Rs256 => "an RSA key of 2048 bits or more (\"kty\" \"RSA\")",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
