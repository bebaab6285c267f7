//! A token before its signature is checked: whether it is worth checking, and under which key.
//!
//! Nothing here is believed until the signature is checked. What a token says that means nothing here never voids it.

use super::algorithm::Algorithm;
use super::base64;
use super::claims::Claims;
use super::fault::Fault;
use super::json::{Json, Members, Twice, leads_to};

/// What a token must be, beside signed, and what is read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// Its `alg`.
    pub algorithm: Algorithm,
    /// Its `iss`, if that matters.
    pub issuer: Option<String>,
    /// One of these must be in its `aud`; none if that does not matter.
    pub audiences: Vec<String>,
    /// How far its clock may be off, in milliseconds.
    pub leeway_ms: u32,
    /// The claims that are read, by the names that a policy gives them. No others are kept.
    pub claims: Vec<String>,
}

/// The header of a token (RFC 7515, section 4).
#[derive(Debug, PartialEq)]
pub(super) struct Header(Members);

/// A token that is worth checking.
#[derive(Debug)]
pub(super) struct Unverified {
    /// The name of the key that is said to have signed it.
    pub(super) key_id: Option<String>,
    pub(super) period: Period,
    pub(super) claims: Claims,
}

/// When a token is valid: Unix time in milliseconds, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

// === impl Header ===

impl Header {
    /// Reads the first part of a token; nothing if that is no header.
    pub(super) fn read(part: &str) -> Option<Self> {
        let json = base64::decode(part)?;
        let members = Members::read(&json, &|name| matches!(name, "alg" | "kid" | "crit"));
        members.map(Self)
    }
}

// === impl Requirements ===

impl Requirements {
    /// Reads the second part of a token under its header, if it is worth checking at `now_ms`.
    pub(super) fn read(
        &self,
        header: &Header,
        part: &str,
        now_ms: i64,
    ) -> Result<Unverified, Fault> {
        let key_id = self.key_id(header)?;
        let is_read = |name: &str| {
            matches!(name, "exp" | "nbf" | "iss" | "aud")
                || self.claims.iter().any(|path| leads_to(name, path))
        };
        let json = base64::decode(part).ok_or(Fault::Malformed)?;
        let body = Members::read(&json, &is_read).ok_or(Fault::Malformed)?;
        let claims = Claims::of(&body, &self.claims)?;
        self.check_recipient(&body)?;
        let period = self.period(&body)?;
        match period {
            Period { end_ms, .. } if now_ms >= end_ms => Err(Fault::Expired),
            Period { start_ms, .. } if now_ms < start_ms => Err(Fault::Premature),
            period => Ok(Unverified {
                key_id,
                period,
                claims,
            }),
        }
    }

    fn key_id(&self, Header(header): &Header) -> Result<Option<String>, Fault> {
        match header.get("alg")? {
            Some(Json::Text(name)) if name == self.algorithm.name() => {}
            _ => return Err(Fault::Algorithm),
        }
        if header.get("crit")?.is_some() {
            return Err(Fault::Critical);
        }
        Ok(match header.get("kid")? {
            Some(Json::Text(name)) => Some(name.clone()),
            _ => None,
        })
    }

    fn check_recipient(&self, body: &Members) -> Result<(), Fault> {
        let is_text =
            |value: &Json, wanted: &str| matches!(value, Json::Text(text) if text == wanted);
        if let Some(wanted) = &self.issuer
            && !body.get("iss")?.is_some_and(|found| is_text(found, wanted))
        {
            return Err(Fault::Issuer);
        }
        let found = match body.get("aud")? {
            Some(Json::List(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let is_found = |wanted: &String| found.iter().any(|each| is_text(each, wanted));
        if self.audiences.is_empty() || self.audiences.iter().any(is_found) {
            Ok(())
        } else {
            Err(Fault::Audience)
        }
    }

    fn period(&self, body: &Members) -> Result<Period, Fault> {
        let leeway_ms = i64::from(self.leeway_ms);
        let end_ms = body.get("exp")?.and_then(time_ms).ok_or(Fault::NoExpiry)?;
        let start_ms = match body.get("nbf")? {
            None | Some(Json::Other) => i64::MIN,
            Some(value) => time_ms(value).ok_or(Fault::Malformed)?,
        };
        Ok(Period {
            start_ms: start_ms.saturating_sub(leeway_ms),
            end_ms: end_ms.saturating_add(leeway_ms),
        })
    }
}

/// A moment (RFC 7519, section 2, `NumericDate`) without the fraction of its second.
fn time_ms(value: &Json) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` takes a number beyond all moments for the last one or the first"
    )]
    let seconds = match *value {
        Json::Whole(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
        Json::Negative(seconds) => seconds,
        Json::Float(seconds) => seconds.floor() as i64,
        _ => return None,
    };
    Some(seconds.saturating_mul(1_000))
}

// === impl Period ===

impl Period {
    pub(super) const fn contains(self, now_ms: i64) -> bool {
        self.start_ms <= now_ms && now_ms < self.end_ms
    }
}

/// A claim that is there twice: of which the origin may read the other one (RFC 7519, section 4).
impl From<Twice> for Fault {
    fn from(Twice: Twice) -> Self {
        Self::Malformed
    }
}
