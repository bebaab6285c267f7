//! A request as it is sent: where to, and what is added for the origin's sake.

use crate::facts::Facts;
use crate::head::Head;
use crate::identity::Fingerprint;
use crate::policy::{Host, Origin};
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
    /// The host whose address the request goes to, where the URL has the client's.
    pub named: Option<String>,
    /// What is set on the client's own headers.
    pub head: Head,
}

// === impl Pseudonym ===

impl Pseudonym {
    /// That of the Bouncer with this policy.
    #[must_use]
    pub fn new(policy_json: &str) -> Self {
        let policy = Fingerprint::of(policy_json);
        Self(format!("bouncer-{}", policy.first(16)))
    }

    /// The name, for which `CDN-Loop` is searched where it need not be copied.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl Outgoing ===

impl Outgoing {
    /// The secret tells the origin that the request came through Bouncer, `through`.
    #[must_use]
    pub fn new(
        origin: &Origin,
        wanted: Host,
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
            ..
        } = *facts;
        let query = || {
            let rest = target.strip_prefix(path).unwrap_or_default();
            rest.split('#').next().unwrap_or_default()
        };
        let (url, named) = match origin {
            Origin::Url(base) => {
                let (path, query) = (resolve(path), query());
                match under_clients_host(base, wanted, facts) {
                    Some((base, named)) => (Some(format!("{base}{path}{query}")), Some(named)),
                    None => (Some(format!("{base}{path}{query}")), None),
                }
            }
            // Of a URL that it is handed on the runtime resolves `..` and neither `%2e%2e` nor `\`.
            Origin::Binding if is_divided_anew(path) => {
                let url = format!("{scheme}://{host}{}{}", resolve(path), query());
                (Some(url), None)
            }
            Origin::Binding => (None, None),
        };
        let mut head = Head::default();
        head.set("X-Forwarded-Proto", scheme);
        head.set("X-Forwarded-Host", host);
        // Behind what the client sent, which can be long: it is not copied. Without an address there is nothing to vouch for.
        if !credentials.address.is_empty() {
            head.append("X-Forwarded-For", credentials.address);
        }
        head.append("CDN-Loop", &through.0);
        if let Some(secret) = secret {
            head.set("X-Bouncer-Secret", secret);
        }
        Self { url, named, head }
    }
}

/// The base under the client's host, and the origin's host, for whose address it is. Only in a zone: elsewhere the runtime
/// connects to whatever host the URL has, and clients would choose where their requests and our secret go.
fn under_clients_host(base: &str, wanted: Host, facts: &Facts<'_>) -> Option<(String, String)> {
    if wanted == Host::Origin || !facts.is_in_zone {
        return None;
    }
    let (scheme, rest) = base.split_once("://")?;
    let (authority, path) = rest
        .find('/')
        .and_then(|at| rest.split_at_checked(at))
        .unwrap_or((rest, ""));
    let (named, port) = host_and_port(authority);
    let (host, _) = host_and_port(facts.host);
    Some((format!("{scheme}://{host}{port}{path}"), named.to_owned()))
}

/// The host, and the port with its colon, of which an address in brackets has some too.
fn host_and_port(authority: &str) -> (&str, &str) {
    let after = authority.rfind(']').unwrap_or_default();
    let colon = authority.rfind(':').filter(|at| *at > after);
    colon
        .and_then(|at| authority.split_at_checked(at))
        .unwrap_or((authority, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "1000\nGET\nhttps://api.example.com/a%2Fb//?q=%20\n203.0.113.7\n\n\n\n";

    #[test]
    fn the_origin_gets_the_clients_own_target_and_learns_where_it_came_from() {
        let facts = Facts::read(LINES);
        let origin = Origin::Url("http://127.0.0.1:8000/base".to_owned());
        let through = Pseudonym::new("{}");
        let outgoing = Outgoing::new(&origin, Host::Client, &facts, &through, Some("s3cret"));
        let url = outgoing.url.as_deref();
        assert_eq!(url, Some("http://127.0.0.1:8000/base/a%2Fb//?q=%20"));
        assert_eq!(
            outgoing.head.as_str(),
            "X-Forwarded-Proto: https\nX-Forwarded-Host: api.example.com\n\
             +X-Forwarded-For: 203.0.113.7\n+CDN-Loop: bouncer-44136fa355b3678a\n\
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
            let (facts, through) = (Facts::read(&lines), Pseudonym::new("{}"));
            let outgoing = Outgoing::new(&origin, Host::Origin, &facts, &through, None);
            assert_eq!(outgoing.url.as_deref(), Some(url), "{target}");
        }
    }

    #[test]
    fn a_bound_origin_gets_the_clients_own_url() {
        let facts = Facts::read(LINES);
        let outgoing = Outgoing::new(
            &Origin::Binding,
            Host::Origin,
            &facts,
            &Pseudonym::new("{}"),
            None,
        );
        assert_eq!(outgoing.url, None);
    }

    #[test]
    fn a_bound_origin_gets_what_was_matched_where_a_path_is_divided_anew() {
        let lines =
            "1000\nGET\nhttps://api.example.com:8443/../x/%2e%2E/y\\z?q=1#f\n203.0.113.7\n\n\n";
        let (facts, through) = (Facts::read(lines), Pseudonym::new("{}"));
        let outgoing = Outgoing::new(&Origin::Binding, Host::Origin, &facts, &through, None);
        let url = outgoing.url.as_deref();
        assert_eq!(url, Some("https://api.example.com:8443/y/z?q=1"));
    }

    #[test]
    fn nobody_is_vouched_for_whose_address_is_not_known() {
        let facts = Facts::read("1000\nGET\nhttps://api.example.com/\n\n\n\n\n");
        let outgoing = Outgoing::new(
            &Origin::Binding,
            Host::Origin,
            &facts,
            &Pseudonym::new("{}"),
            None,
        );
        assert!(!outgoing.head.as_str().contains("X-Forwarded-For"));
    }

    #[test]
    fn the_origin_gets_the_clients_host_where_the_policy_says_so_and_the_network_decides_on_hosts()
    {
        let through = Pseudonym::new("{}");
        let sent = |marks: &str, host: &str, base: &str, wanted| {
            let lines = format!("1000\nGET\nhttps://{host}/a?b\n\n\n\n{marks}\n");
            let origin = Origin::Url(base.to_owned());
            let outgoing = Outgoing::new(&origin, wanted, &Facts::read(&lines), &through, None);
            (outgoing.url.unwrap(), outgoing.named)
        };
        let base = "http://origin.example.com:8000/base";
        let own = ("http://origin.example.com:8000/base/a?b".to_owned(), None);
        assert_eq!(sent("z", "api.example.com", base, Host::Origin), own);
        assert_eq!(sent("", "api.example.com", base, Host::Client), own);
        for (host, base, url, named) in [
            (
                "api.example.com",
                base,
                "http://api.example.com:8000/base/a?b",
                "origin.example.com",
            ),
            (
                "api.example.com:8443",
                "https://o.example.com",
                "https://api.example.com/a?b",
                "o.example.com",
            ),
            (
                "[::1]:80",
                "http://[::2]:8000",
                "http://[::1]:8000/a?b",
                "[::2]",
            ),
            ("[::1]", "http://[::2]", "http://[::1]/a?b", "[::2]"),
        ] {
            let expected = (url.to_owned(), Some(named.to_owned()));
            assert_eq!(sent("z", host, base, Host::Client), expected);
        }
    }

    #[test]
    fn two_bouncers_have_two_names() {
        assert_ne!(Pseudonym::new("{}"), Pseudonym::new("{ }"));
    }
}
