//! Access tokens: HS256 JWTs, signed here and verified here and at the edge with the same secret.
//!
//! Pure functions of the key, the token and the time they are given; nothing is stored, so a token cannot be revoked
//! and is therefore short-lived. What it says of its holder is what was so at the login.

use chrono::{DateTime, TimeDelta, Utc};
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{
    AlgorithmExt, Claims, CreationError, Header, TimeOptions, Token, UntrustedToken,
};
use serde::{Deserialize, Serialize};

use crate::accounts::{self, Plan, Role};

/// Life of a token, in seconds.
pub const LIFETIME_S: u32 = 3600;

/// The shortest secret, in bytes: RFC 7518, 3.2 asks for one as long as the hash.
pub const SECRET_MIN_BYTES: usize = 32;

/// Signs and verifies tokens.
#[derive(Debug, Clone)]
pub struct TokenKey(Hs256Key);

/// Whom a token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's id: claim `sub`.
    #[serde(rename = "sub")]
    pub id: String,
    /// The username: claim `name`.
    pub name: String,
    /// The id of the organisation: claim `org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// Claim `role`.
    #[serde(default, deserialize_with = "accounts::or_least")]
    pub role: Role,
    /// The organisation's plan: claim `plan`.
    #[serde(default, deserialize_with = "accounts::or_least")]
    pub plan: Plan,
}

/// What a genuine token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whom it stands for.
    pub holder: Holder,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// The secret is too short to protect anything.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token secret needs at least {SECRET_MIN_BYTES} bytes, this one has {bytes}")]
pub struct WeakSecret {
    /// The length it has.
    pub bytes: usize,
}

/// A token could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign a token")]
pub struct SigningError(#[from] CreationError);

/// Why a request is from nobody in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// There is no `Authorization: Bearer` header.
    #[error("log in and send the token as `Authorization: Bearer <token>`")]
    Missing,
    /// Not a token, or not signed with our secret, or without the claims ours have.
    #[error("the token is not valid: log in for a new one")]
    Invalid,
    /// It was valid once.
    #[error("the token has expired: log in for a new one")]
    Expired,
    /// It is valid, and its user does not exist.
    #[error("the token's user does not exist: register, then log in")]
    UnknownUser,
}

// === impl TokenKey ===

impl TokenKey {
    /// A key from the secret shared with the edge.
    ///
    /// # Errors
    /// [`WeakSecret`], when it has fewer than [`SECRET_MIN_BYTES`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, WeakSecret> {
        match secret.len() {
            bytes if bytes < SECRET_MIN_BYTES => Err(WeakSecret { bytes }),
            _ => Ok(Self(Hs256Key::new(secret))),
        }
    }

    /// A token for `holder`, valid from `now` for [`LIFETIME_S`] seconds.
    ///
    /// # Errors
    /// [`SigningError`], when the claims cannot be written as JSON.
    pub fn issue(&self, holder: &Holder, now: DateTime<Utc>) -> Result<String, SigningError> {
        let header = Header::empty().with_token_type("JWT");
        let claims = Claims::new(holder)
            .set_duration_and_issuance(&at(now), TimeDelta::seconds(LIFETIME_S.into()));
        Ok(Hs256.token(&header, &claims, &self.0)?)
    }

    /// Whom `token` stands for at `now`, and until when.
    ///
    /// # Errors
    /// [`Unauthenticated`]: why it stands for nobody.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, Unauthenticated> {
        let token = UntrustedToken::new(token).map_err(|_| Unauthenticated::Invalid)?;
        let token: Token<Holder> = Hs256
            .validator(&self.0)
            .validate(&token)
            .map_err(|_| Unauthenticated::Invalid)?;
        let claims = match token.claims().validate_expiration(&at(now)) {
            Ok(claims) => claims,
            Err(jwt_compact::ValidationError::Expired) => return Err(Unauthenticated::Expired),
            Err(_) => return Err(Unauthenticated::Invalid),
        };
        Ok(Verified {
            holder: claims.custom.clone(),
            expires_at: claims.expiration.ok_or(Unauthenticated::Invalid)?,
        })
    }
}

/// No leeway: who verifies is who issued, by the same clock.
fn at(now: DateTime<Utc>) -> TimeOptions<impl Fn() -> DateTime<Utc>> {
    TimeOptions::new(TimeDelta::zero(), move || now)
}

#[cfg(test)]
mod tests;
