//! What a request says, read once: the facts every later step decides on.

use crate::identity::Credentials;
use crate::refusal::Refusal;
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
    /// The reason why it cannot be forwarded, if there is one.
    pub flaw: Option<Flaw>,
    /// `true` if it has been through this Bouncer before.
    pub is_back: bool,
    /// `true` if it is an `OPTIONS` with a body; other bodies are not looked for.
    pub has_body: bool,
    /// `true` on Cloudflare's network, where the routes of a zone decide which hosts reach a Worker.
    pub is_in_zone: bool,
}

/// Why a request cannot be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The path and query have more than [`MAX_TARGET_BYTES`].
    Target,
    /// Its `Content-Length` is more than a body can have.
    Length,
    /// Its `Host` is no host, so parts of it would be read as a path, a query or a password.
    Host,
}

/// The longest path and query that is forwarded, as on Cloudflare's network. They are kept until the response begins.
pub const MAX_TARGET_BYTES: usize = 16_384;

/// The text that stands for a header which is there and too long to be read.
pub const TOO_LONG: &str = "\0";

// === impl Flaw ===

impl Flaw {
    /// What the client is told.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Target => Refusal::TargetTooLong,
            Self::Length => Refusal::BadRequest("The Content-Length is not a number below 2^53."),
            Self::Host => Refusal::BadRequest(
                "The Host is not a name or an address, with a port or without; send one such Host.",
            ),
        }
    }
}

// === impl Facts ===

impl<'a> Facts<'a> {
    /// Reads the time, method, URL, address, `Authorization`, flaw and marks, a line each, and then the headers that are
    /// read. A flaw is one that is seen from JavaScript: `target` or `length`. The marks are a letter each: `l` for a loop,
    /// `b` for a body, `z` for Cloudflare's network.
    #[must_use]
    pub fn read(lines: &'a str) -> Self {
        let mut lines = lines.splitn(8, '\n');
        let mut next = || lines.next().unwrap_or_default();
        let now_ms = next().parse().unwrap_or_default();
        let (method, url, address, authorization, flaw) = (next(), next(), next(), next(), next());
        let (marks, headers) = (next(), next());
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (host, target) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((host, target)) => (host, target),
            // `OPTIONS *` comes as http://HOST*.
            None => (rest.strip_suffix('*').unwrap_or(rest), "/"),
        };
        let flaw = match flaw {
            "target" => Some(Flaw::Target),
            "length" => Some(Flaw::Length),
            _ if target.len() > MAX_TARGET_BYTES => Some(Flaw::Target),
            _ if !host.bytes().all(is_host_byte) => Some(Flaw::Host),
            _ => None,
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
            flaw,
            is_back: marks.contains('l'),
            has_body: marks.contains('b'),
            is_in_zone: marks.contains('z'),
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

/// Whether names, addresses and ports have such bytes (RFC 3986, section 3.2.2, without what no registered name has).
const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']')
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
            "1000\nGET\nhttps://api.example.com:8443/a/b?c=/d?e\n203.0.113.7\nBearer x\n\nlb\nx-a: 1\nx-b: 2\n",
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
        assert_eq!(
            (facts.flaw, facts.is_back, facts.has_body),
            (None, true, true)
        );
    }

    #[test]
    fn a_url_without_a_path_has_a_host_and_a_target_all_the_same() {
        for url in ["https://api.example.com", "https://api.example.com*"] {
            let lines = format!("1000\nOPTIONS\n{url}\n\n\n\n\n");
            let facts = Facts::read(&lines);
            assert_eq!(
                (facts.host, facts.target, facts.flaw),
                ("api.example.com", "/", None)
            );
        }
    }

    #[test]
    fn a_host_that_is_none_is_a_flaw() {
        let flaw = |host: &str| {
            let lines = format!("1000\nGET\nhttp://{host}/login\n\n\n\n\n");
            Facts::read(&lines).flaw
        };
        for host in [
            "a",
            "api.example.com:8443",
            "[::1]:80",
            "xn--bcher-kva.example",
            "a_b~c",
        ] {
            assert_eq!(flaw(host), None, "{host}");
        }
        for host in [
            "a?b",
            "a#b",
            "user@a",
            "user:pw@a",
            "a\\b",
            "a b",
            "a, b",
            "a%41",
            "a*",
            "\u{e9}",
        ] {
            assert_eq!(flaw(host), Some(Flaw::Host), "{host}");
        }
    }

    #[test]
    fn a_target_that_is_too_long_is_a_flaw_and_so_is_what_javascript_sees() {
        let flaw = |length: usize, flaw: &str| {
            let lines = format!("1000\nGET\nhttp://a/{}\n\n\n{flaw}\n\n", "x".repeat(length));
            Facts::read(&lines).flaw
        };
        assert_eq!(flaw(MAX_TARGET_BYTES - 1, ""), None);
        assert_eq!(flaw(MAX_TARGET_BYTES, ""), Some(Flaw::Target));
        assert_eq!(flaw(1, "target"), Some(Flaw::Target));
        assert_eq!(flaw(1, "length"), Some(Flaw::Length));
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
