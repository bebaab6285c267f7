//! Reasons for which a credential proves nothing.

/// A reason for which a credential that was sent proves nothing. They are the operator's to read, and never the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No part of the header is a token.
    Malformed,
    /// Another `alg` than the policy's.
    Algorithm,
    /// A `crit` (RFC 7515, section 4.1.11): it asks for what is not done here.
    Critical,
    /// `iss` is not the policy's.
    Issuer,
    /// `aud` has none of the policy's.
    Audience,
    /// `exp` is missing, or no number.
    NoExpiry,
    /// `exp` is over.
    Expired,
    /// `nbf` is still to come.
    Premature,
    /// No key of the set is the one that it names, or it does not say which.
    UnknownKey,
    /// The key that it names is not there, and the set cannot be fetched.
    NoKeySet,
    /// The signature is not the key's.
    Signature,
    /// Too many others from the same address had a wrong signature in this second, so its own was not checked.
    Unchecked,
    /// More bytes than are read.
    TooLong,
    /// It is verified, and has no claim that names a user.
    NoUser,
    /// An API key that is not listed.
    UnlistedApiKey,
}

// === impl Fault ===

impl Fault {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::Algorithm,
        Self::Critical,
        Self::Issuer,
        Self::Audience,
        Self::NoExpiry,
        Self::Expired,
        Self::Premature,
        Self::UnknownKey,
        Self::NoKeySet,
        Self::Signature,
        Self::Unchecked,
        Self::TooLong,
        Self::NoUser,
        Self::UnlistedApiKey,
    ];

    /// Its name in logs and data points.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Algorithm => "wrong_algorithm",
            Self::Critical => "critical_extension",
            Self::Issuer => "wrong_issuer",
            Self::Audience => "wrong_audience",
            Self::NoExpiry => "no_expiry",
            Self::Expired => "expired",
            Self::Premature => "not_yet_valid",
            Self::UnknownKey => "unknown_key",
            Self::NoKeySet => "no_key_set",
            Self::Signature => "bad_signature",
            Self::Unchecked => "unchecked",
            Self::TooLong => "too_long",
            Self::NoUser => "no_user_claim",
            Self::UnlistedApiKey => "unlisted_api_key",
        }
    }
}
