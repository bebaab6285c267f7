//! What a request says, read once: the facts every later step decides on.

use crate::identity::Credentials;
use crate::route::RequestLine;

/// A request's facts, borrowed from the one string in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// When it came, by the edge's clock: Unix time in milliseconds.
    pub now_ms: u64,
    /// The method, as sent.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host, and port if any, that the client asked.
    pub host: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The path alone, as sent.
    pub path: &'a str,
    /// The query alone, without its `?`.
    pub query: &'a str,
    /// What it says of its sender.
    pub credentials: Credentials<'a>,
    /// `X-Forwarded-For`, as sent. Passed on, never believed.
    pub forwarded_for: &'a str,
    /// `CDN-Loop` (RFC 8586), as sent: whom the request has already gone through.
    pub cdn_loop: &'a str,
}

// === impl Facts ===

impl<'a> Facts<'a> {
    /// Reads the time, method, URL, address, `Authorization`, `X-Forwarded-For` and `CDN-Loop`, a line each, and then the
    /// headers that are read.
    #[must_use]
    pub fn read(lines: &'a str) -> Self {
        let mut lines = lines.splitn(8, '\n');
        let mut next = || lines.next().unwrap_or_default();
        let now_ms = next().parse().unwrap_or_default();
        let (method, url, address, authorization, forwarded_for) =
            (next(), next(), next(), next(), next());
        let (cdn_loop, headers) = (next(), next());
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (host, target) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((host, target)) => (host, target),
            None => (rest, "/"),
        };
        // What is behind a `#` is not sent on.
        let sent = target.split('#').next().unwrap_or_default();
        let (path, query) = sent.split_once('?').unwrap_or((sent, ""));
        let credentials = Credentials {
            address,
            authorization,
            headers,
        };
        Self {
            now_ms,
            method,
            scheme,
            host,
            target,
            path,
            query,
            credentials,
            forwarded_for,
            cdn_loop,
        }
    }

    /// The request line, and the headers that may claim another.
    #[must_use]
    pub const fn line(&self) -> RequestLine<'a> {
        RequestLine {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.credentials.headers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_before_what_is_not_sent_on() {
        for target in ["/a", "/a?b", "/a#b", "/a#b?c", "/a?b#c"] {
            let lines = format!("1000\nGET\nhttps://api.example.com{target}\n\n\n\n\n");
            let facts = Facts::read(&lines);
            assert_eq!(facts.path, "/a", "{target}");
            let query = if target.starts_with("/a?") { "b" } else { "" };
            assert_eq!(facts.query, query, "{target}");
        }
    }

    #[test]
    fn a_url_falls_into_scheme_host_target_and_path() {
        let facts = Facts::read(
            "1000\nGET\nhttps://api.example.com:8443/a/b?c=/d?e\n203.0.113.7\nBearer x\n198.51.100.1\nother; v=1\nx-a: 1\nx-b: 2\n",
        );
        assert_eq!(
            (facts.now_ms, facts.method, facts.scheme, facts.host),
            (1_000, "GET", "https", "api.example.com:8443")
        );
        assert_eq!((facts.target, facts.path), ("/a/b?c=/d?e", "/a/b"));
        assert_eq!(
            facts.credentials,
            Credentials {
                address: "203.0.113.7",
                authorization: "Bearer x",
                headers: "x-a: 1\nx-b: 2\n"
            }
        );
        assert_eq!(facts.forwarded_for, "198.51.100.1");
        assert_eq!(facts.cdn_loop, "other; v=1");
    }

    #[test]
    fn whatever_is_missing_is_empty() {
        let facts = Facts::read("");
        assert_eq!(
            (facts.host, facts.target, facts.credentials),
            ("", "/", Credentials::default())
        );
    }
}
