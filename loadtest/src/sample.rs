//! One request, timed: how it ended, and how that counts.

use hyper::StatusCode;

use crate::transport::TransportError;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A complete HTTP response with this status.
    Answered(StatusCode),
    /// The same, with a status that would be an error had it not been asked for: a 401 for a wrong password.
    Expected(StatusCode),
    /// No complete HTTP response.
    Broken(TransportError),
}

/// How an outcome counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The API did what was asked, a redirect included.
    Served,
    /// The API protected itself (429). This is what a rate limiter is for and never a failure.
    Refused,
    /// 5xx, an unexpected 4xx, or no answer at all.
    Failed,
}

/// One timed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// How it ended.
    pub outcome: Outcome,
    /// From sending to the last byte, or to the moment it broke, in microseconds. 32 bits are 71 minutes, more than
    /// the longest time a request may take.
    pub latency_us: u32,
}

// === impl Outcome ===

impl Outcome {
    /// How this outcome counts.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Answered(StatusCode::TOO_MANY_REQUESTS) => Class::Refused,
            Self::Answered(status) if status.is_client_error() || status.is_server_error() => {
                Class::Failed
            }
            Self::Answered(_) | Self::Expected(_) => Class::Served,
            Self::Broken(_) => Class::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(status: u16) -> Class {
        Outcome::Answered(StatusCode::from_u16(status).unwrap()).class()
    }

    #[test]
    fn of_all_errors_only_a_429_is_not_a_failure() {
        for status in 400..600 {
            let expected = if status == 429 {
                Class::Refused
            } else {
                Class::Failed
            };
            assert_eq!(class_of(status), expected, "{status}");
        }
    }

    #[test]
    fn success_and_redirects_are_served() {
        for status in 100..400 {
            assert_eq!(class_of(status), Class::Served, "{status}");
        }
    }

    #[test]
    fn a_broken_transport_is_a_failure() {
        assert_eq!(
            Outcome::Broken(TransportError::Timeout).class(),
            Class::Failed
        );
    }
}
