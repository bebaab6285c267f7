//! What Bouncer answers itself: the 429, and the failures.

use bouncer_durable::{Limit, Refused};
use serde_json::json;

use crate::head::Head;
use crate::names::RETRY_AFTER;

mod form;

pub use form::Form;

/// An answer that does not come from the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 429 (RFC 6585, section 4): the client has used up this limit.
    RateLimited {
        /// The limit that refused, the one with the longest wait.
        limit: Limit,
        /// How long it refuses.
        refused: Refused,
        /// The names of all the limits that refused, as in the stamp.
        violated: Vec<String>,
    },
    /// 400: the request cannot be forwarded as it is. Not charged.
    BadRequest(&'static str),
    /// 414: the path and query are longer than what is forwarded. Not charged.
    TargetTooLong,
    /// 401: a credential verifies in no reading, and the policy refuses such requests. Not charged.
    Unverified,
    /// 403: the policy refuses this address. Not charged.
    Denied,
    /// 400: the request ended before all of it had come. Somebody who only stopped sending may still read it.
    RequestIncomplete,
    /// 500: the policy does not validate. Nothing is forwarded.
    PolicyInvalid,
    /// 502: the origin refused the connection, reset it, or did not answer with HTTP.
    OriginUnreachable,
    /// 504: the origin did not begin to answer in time.
    OriginTimeout,
    /// 508: the request has gone through this Bouncer before.
    LoopDetected,
    /// 503: the counter could not be asked.
    LimiterUnavailable,
}

/// The registered type of problem, and its title (draft-ietf-httpapi-ratelimit-headers-10, section 5).
const QUOTA_EXCEEDED: (&str, &str) = (
    "https://iana.org/assignments/http-problem-types#quota-exceeded",
    "Request cannot be satisfied as assigned quota has been exceeded",
);

/// How long to wait before trying again where no limit says it, in seconds.
const RETRY_SOON_S: u64 = 1;

/// How long a client waits whom this limit refuses, in seconds: rounded up, at least 1.
#[must_use]
pub fn retry_after_s(limit: &Limit, refused: Refused) -> u64 {
    match refused {
        Refused::Until { retry_ms } => retry_ms.div_ceil(1_000).max(1),
        // Nothing will change by waiting, but a client that does not know that should wait a window.
        Refused::Never => limit.window_ms().div_ceil(1_000),
    }
}

// === impl Refusal ===

impl Refusal {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::RateLimited { .. } => 429,
            Self::BadRequest(_) | Self::RequestIncomplete => 400,
            Self::Unverified => 401,
            Self::Denied => 403,
            Self::TargetTooLong => 414,
            Self::PolicyInvalid => 500,
            Self::OriginUnreachable => 502,
            Self::OriginTimeout => 504,
            Self::LoopDetected => 508,
            Self::LimiterUnavailable => 503,
        }
    }

    /// `Retry-After` in seconds (RFC 9110, section 10.2.3), where waiting helps.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::RateLimited { limit, refused, .. } => Some(retry_after_s(limit, *refused)),
            Self::LimiterUnavailable => Some(RETRY_SOON_S),
            Self::BadRequest(_)
            | Self::TargetTooLong
            | Self::Unverified
            | Self::Denied
            | Self::RequestIncomplete
            | Self::PolicyInvalid
            | Self::OriginUnreachable
            | Self::OriginTimeout
            | Self::LoopDetected => None,
        }
    }

    /// The JSON body. Only the 429 has another form.
    #[must_use]
    pub fn body(&self, form: Form) -> String {
        match self {
            Self::RateLimited {
                limit, violated, ..
            } => {
                let message = format!("Rate limit exceeded: {limit}");
                let retry_after_s = self.retry_after_s();
                match form {
                    Form::Json => json!({
                        "error": "rate_limit_exceeded",
                        "message": message,
                        "retry_after": retry_after_s,
                    }),
                    Form::Problem => json!({
                        "type": QUOTA_EXCEEDED.0,
                        "title": QUOTA_EXCEEDED.1,
                        "status": self.status(),
                        "detail": message,
                        "violated-policies": violated.as_slice(),
                        "retry_after": retry_after_s,
                    }),
                }
            }
            Self::BadRequest(message) => json!({
                "error": "bad_request",
                "message": message,
            }),
            Self::TargetTooLong => json!({
                "error": "uri_too_long",
                "message": "The path and query are longer than 16384 bytes.",
            }),
            Self::Unverified => json!({
                "error": "unverified",
                "message": "The credential sent with this request could not be verified.",
            }),
            Self::Denied => json!({
                "error": "denied",
                "message": "Requests from this address are refused.",
            }),
            Self::RequestIncomplete => json!({
                "error": "request_incomplete",
                "message": "The request broke off, or came too slowly, before all of it was here.",
            }),
            Self::PolicyInvalid => json!({
                "error": "policy_invalid",
                "message": "The rate limiter's policy is not valid. The log of the Worker names the field.",
            }),
            Self::OriginUnreachable => json!({
                "error": "origin_unreachable",
                "message": "The API behind the rate limiter could not be reached.",
            }),
            Self::OriginTimeout => json!({
                "error": "origin_timeout",
                "message": "The API behind the rate limiter did not answer in time.",
            }),
            Self::LoopDetected => json!({
                "error": "loop_detected",
                "message": "The request came back to the rate limiter that forwarded it: its origin leads to itself.",
            }),
            Self::LimiterUnavailable => json!({
                "error": "limiter_unavailable",
                "message": "The rate limiter could not decide on this request in time. Try again shortly.",
            }),
        }
        .to_string()
    }

    /// The headers of the answer itself, without the stamp.
    #[must_use]
    pub fn head(&self, form: Form) -> Head {
        let form = match self {
            Self::RateLimited { .. } => form,
            _ => Form::Json,
        };
        let mut head = Head::default();
        head.set("Content-Type", form.media_type());
        head.set("Cache-Control", "no-store");
        if let Some(seconds) = self.retry_after_s() {
            head.set(RETRY_AFTER, seconds);
        }
        if *self == Self::Unverified {
            // RFC 9110, section 11.6.1, and RFC 6750, section 3.
            head.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        }
        head
    }
}

#[cfg(test)]
mod tests;
