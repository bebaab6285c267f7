//! Why there is no answer of the origin's, and who is told what of it.

use crate::admission::End;
use crate::refusal::Refusal;

/// Why there is no answer. Except where nothing was sent, the origin may have got the request, and may have acted on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It refused the connection, reset it, or did not answer with HTTP.
    #[error("the origin could not be reached, or did not answer with HTTP: {0}")]
    Unreachable(String),
    /// It did not begin to answer in time, and the request was cancelled.
    #[error("the origin did not answer: {0}; if it needs longer, raise origin_timeout_ms")]
    TimedOut(String),
    /// The client went, or its request broke off, before there was an answer.
    #[error("the request was abandoned: {0}")]
    Abandoned(String),
    /// The client went before anything was sent.
    #[error("the request was abandoned before it was forwarded: {0}")]
    NeverSent(String),
    /// The runtime could not make a request of it, so nothing was sent.
    #[error("the request could not be forwarded: {0}")]
    Unsendable(String),
}

// === impl Failure ===

impl Failure {
    /// From the name and the message of the error that a request to the origin ended with.
    #[must_use]
    pub fn new(name: &str, message: String) -> Self {
        match name {
            "TimeoutError" => Self::TimedOut(message),
            "AbandonedError" => Self::Abandoned(message),
            "NeverSentError" => Self::NeverSent(message),
            "UnsendableError" => Self::Unsendable(message),
            _ => Self::Unreachable(message),
        }
    }

    /// What is charged for: everything that may have reached the origin. Refused, reset and closed half-way look the same from
    /// here, and a request that crashes the origin must not be free.
    pub(crate) const fn end(&self) -> End {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) | Self::Abandoned(_) => End::Unanswered,
            Self::NeverSent(_) | Self::Unsendable(_) => End::NeverSent,
        }
    }

    /// Whether it is what clients do, and no trouble of the operator's.
    pub(crate) const fn is_the_clients(&self) -> bool {
        matches!(self, Self::Abandoned(_) | Self::NeverSent(_))
    }

    /// What the client is told.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::Unreachable(_) | Self::Unsendable(_) => Refusal::OriginUnreachable,
            Self::TimedOut(_) => Refusal::OriginTimeout,
            Self::Abandoned(_) | Self::NeverSent(_) => Refusal::RequestIncomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_is_late_is_told_from_one_that_fails_and_from_a_client_that_goes() {
        let refusal = |name| Failure::new(name, String::new()).refusal();
        assert_eq!(refusal("TimeoutError"), Refusal::OriginTimeout);
        assert_eq!(refusal("AbandonedError"), Refusal::RequestIncomplete);
        assert_eq!(refusal("Error"), Refusal::OriginUnreachable);
    }

    #[test]
    fn only_what_was_never_sent_is_given_back() {
        for (name, end) in [
            ("Error", End::Unanswered),
            ("TypeError", End::Unanswered),
            ("TimeoutError", End::Unanswered),
            ("AbandonedError", End::Unanswered),
            ("NeverSentError", End::NeverSent),
            ("UnsendableError", End::NeverSent),
        ] {
            assert_eq!(Failure::new(name, String::new()).end(), end, "{name}");
        }
    }
}
