//! The proxy: where a request goes, what is added for the origin's sake, and why there may be no answer.

use crate::admission::End;
use crate::facts::Facts;
use crate::head::{Head, list};
use crate::identity::Fingerprint;
use crate::policy::Origin;
use crate::refusal::Refusal;
use crate::route::{is_divided_anew, resolve};

/// Who a Bouncer is in `CDN-Loop` (RFC 8586): whoever has another policy, in front of another origin, is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pseudonym(String);

/// A request as the origin gets it: the client's own, under this URL if it has one and with these headers set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The client's path, resolved, and its query, at the origin's address: a `..` never leads out of a base path. A bound
    /// origin gets the client's own URL, which is not taken apart, since whoever parses a URL rewrites some of it, unless there are
    /// dots or backslashes to resolve.
    pub url: Option<String>,
    /// What is set on the client's own headers.
    pub head: Head,
}

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

// === impl Pseudonym ===

impl Pseudonym {
    /// That of the Bouncer with this policy.
    #[must_use]
    pub fn new(policy_json: &str) -> Self {
        let policy = Fingerprint::of(policy_json);
        Self(format!("bouncer-{}", policy.first(16)))
    }

    /// Whether a request with this `CDN-Loop` has been here before.
    #[must_use]
    pub fn is_in(&self, cdn_loop: &str) -> bool {
        let mut passed = cdn_loop.split(',');
        passed.any(|info| info.split(';').next().unwrap_or_default().trim() == self.0)
    }
}

// === impl Outgoing ===

impl Outgoing {
    /// The secret tells the origin that the request came through Bouncer, `through`.
    #[must_use]
    pub fn new(
        origin: &Origin,
        facts: &Facts<'_>,
        through: &Pseudonym,
        secret: Option<&str>,
    ) -> Self {
        let Facts {
            scheme,
            host,
            target,
            path,
            credentials,
            forwarded_for,
            cdn_loop,
            ..
        } = *facts;
        let query = || {
            let rest = target.strip_prefix(path).unwrap_or_default();
            rest.split('#').next().unwrap_or_default()
        };
        let url = match origin {
            Origin::Url(base) => Some(format!("{base}{}{}", resolve(path), query())),
            // Of a URL that it is handed on the runtime resolves `..` and neither `%2e%2e` nor `\`.
            Origin::Binding if is_divided_anew(path) => {
                Some(format!("{scheme}://{host}{}{}", resolve(path), query()))
            }
            Origin::Binding => None,
        };
        let mut head = Head::default();
        head.set("X-Forwarded-Proto", scheme);
        head.set("X-Forwarded-Host", host);
        let hops = list(&[forwarded_for, credentials.address]);
        if !hops.is_empty() {
            head.set("X-Forwarded-For", hops);
        }
        head.set("CDN-Loop", list(&[cdn_loop, &through.0]));
        if let Some(secret) = secret {
            head.set("X-Bouncer-Secret", secret);
        }
        Self { url, head }
    }
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

    const LINES: &str =
        "1000\nGET\nhttps://api.example.com/a%2Fb//?q=%20\n203.0.113.7\n\n198.51.100.1\nother; v=1";

    #[test]
    fn the_origin_gets_the_clients_own_target_and_learns_where_it_came_from() {
        let facts = Facts::read(LINES);
        let origin = Origin::Url("http://127.0.0.1:8000/base".to_owned());
        let through = Pseudonym::new("{}");
        let outgoing = Outgoing::new(&origin, &facts, &through, Some("s3cret"));
        let url = outgoing.url.as_deref();
        assert_eq!(url, Some("http://127.0.0.1:8000/base/a%2Fb//?q=%20"));
        assert_eq!(
            outgoing.head.as_str(),
            "X-Forwarded-Proto: https\nX-Forwarded-Host: api.example.com\n\
             X-Forwarded-For: 198.51.100.1, 203.0.113.7\nCDN-Loop: other; v=1, bouncer-44136fa355b3678a\n\
             X-Bouncer-Secret: s3cret\n"
        );
    }

    #[test]
    fn what_is_sent_is_what_is_matched_and_stays_below_the_base() {
        for (target, url) in [
            ("/a%2Fb/../login?q#x", "http://o/base/login?q"),
            ("/../../up", "http://o/base/up"),
            ("/a/..\\%2e%2e/b#x?y", "http://o/base/b"),
            ("/a%2Fb/..%2Fc?", "http://o/base/a%2Fb/..%2Fc?"),
        ] {
            let lines = format!("1000\nGET\nhttps://api.example.com{target}\n\n\n\n\n");
            let origin = Origin::Url("http://o/base".to_owned());
            let outgoing =
                Outgoing::new(&origin, &Facts::read(&lines), &Pseudonym::new("{}"), None);
            assert_eq!(outgoing.url.as_deref(), Some(url), "{target}");
        }
    }

    #[test]
    fn a_bound_origin_gets_the_clients_own_url() {
        let facts = Facts::read(LINES);
        let outgoing = Outgoing::new(&Origin::Binding, &facts, &Pseudonym::new("{}"), None);
        assert_eq!(outgoing.url, None);
    }

    #[test]
    fn a_bound_origin_gets_what_was_matched_where_a_path_is_divided_anew() {
        let lines =
            "1000\nGET\nhttps://api.example.com:8443/../x/%2e%2E/y\\z?q=1#f\n203.0.113.7\n\n\n";
        let facts = Facts::read(lines);
        let outgoing = Outgoing::new(&Origin::Binding, &facts, &Pseudonym::new("{}"), None);
        let url = outgoing.url.as_deref();
        assert_eq!(url, Some("https://api.example.com:8443/y/z?q=1"));
    }

    #[test]
    fn a_bouncer_knows_itself_and_nobody_else() {
        let pseudonym = Pseudonym::new("{}");
        for (cdn_loop, is_in) in [
            ("", false),
            ("bouncer", false),
            ("other", false),
            ("bouncer-44136fa355b3678a", true),
            ("other; bouncer-44136fa355b3678a", false),
            ("other;v=1 ,bouncer-44136fa355b3678a ; v=2", true),
        ] {
            assert_eq!(pseudonym.is_in(cdn_loop), is_in, "{cdn_loop:?}");
        }
        let other = Outgoing::new(
            &Origin::Binding,
            &Facts::read(LINES),
            &Pseudonym::new("{ }"),
            None,
        );
        assert!(!pseudonym.is_in(other.head.as_str()));
    }

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
