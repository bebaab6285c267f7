//! The origin's own address in its responses, turned into the one that the client knows.
//!
//! An origin that builds an absolute URL from its `Host` names itself. `Location`, `Content-Location` and `Refresh` come back
//! under the client's scheme and host, without the origin's base path. All other URLs stay as they are, byte for byte. One
//! pass over the value.

use crate::facts::Facts;
use crate::head::{Head, value};
use crate::policy::Origin;

/// The headers that are looked at, in lower case.
pub const ADDRESSES: [&str; 3] = ["location", "content-location", "refresh"];

/// Where the origin is, and where the client thinks it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exchange<'a> {
    /// Scheme, authority and base path of the origin, without a slash at the end.
    base: &'a str,
    /// The client's scheme.
    scheme: &'a str,
    /// The client's host, with the port if it gave one.
    host: &'a str,
}

/// What is to be set of the headers in which an origin names itself, of whose response these are lines.
#[must_use]
pub fn exchanged(origin: &Origin, facts: &Facts<'_>, theirs: &str) -> Head {
    let mut head = Head::default();
    if let Origin::Url(base) = origin {
        let (scheme, host) = (facts.scheme, facts.host);
        let exchange = Exchange { base, scheme, host };
        for name in ADDRESSES {
            if let Some(ours) = value(theirs, name).and_then(|their| exchange.header(name, their)) {
                head.set(name, ours);
            }
        }
    }
    head
}

// === impl Exchange ===

impl Exchange<'_> {
    /// The value that the header of this name has for the client; `None` if it stays.
    fn header(&self, name: &str, value: &str) -> Option<String> {
        if name != "refresh" {
            return self.url(value);
        }
        // Seconds, then `url=` and the URL, which may be quoted (HTML, section 4.2.5.3).
        let at = value.find([';', ','])? + 1;
        let (delay, rest) = value.split_at_checked(at)?;
        let (key, quoted) = rest.split_once('=')?;
        if !key.trim().eq_ignore_ascii_case("url") {
            return None;
        }
        let text = quoted.trim();
        let marks = ["\"", "'"];
        let quote = marks
            .into_iter()
            .find(|quote| text.starts_with(quote))
            .unwrap_or_default();
        let url = text.strip_prefix(quote).unwrap_or(text);
        let url = url.strip_suffix(quote).unwrap_or(url);
        let url = self.url(url)?;
        Some(format!("{delay}{key}={quote}{url}{quote}"))
    }

    /// The URL as the client can use it; `None` if it does not lead to the origin, or leads there as it is.
    fn url(&self, url: &str) -> Option<String> {
        let (scheme, rest) = self.base.split_once("://")?;
        let (authority, path) = split(rest);
        if url.starts_with('/') && !url.starts_with("//") {
            // A path is the origin's own, so it begins with the base path.
            let target = under(path, url).filter(|_| !path.is_empty())?;
            // Two slashes, in any spelling that browsers know, would begin another host.
            let is_path = !matches!(target.as_bytes().get(1), Some(b'/' | b'\\' | b'\t'));
            let (scheme, host) = (self.scheme, self.host);
            return Some(if is_path {
                target
            } else {
                format!("{scheme}://{host}{target}")
            });
        }
        // Without a scheme it is that of the page.
        let (theirs, rest) = match url.strip_prefix("//") {
            Some(rest) => (None, rest),
            None => url
                .split_once("://")
                .map(|(scheme, rest)| (Some(scheme), rest))?,
        };
        let (named, target) = split(rest);
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        // Many origins take the scheme from X-Forwarded-Proto and the host from Host.
        let leads_to_origin = is(without_port(scheme, named), without_port(scheme, authority))
            && theirs.is_none_or(|theirs| is(theirs, scheme) || is(theirs, self.scheme));
        if leads_to_origin {
            let target = under(path, target)?;
            let scheme = theirs.map_or("", |_| self.scheme);
            let colon = if scheme.is_empty() { "" } else { ":" };
            return Some(format!("{scheme}{colon}//{}{target}", self.host));
        }
        // Others take the host from X-Forwarded-Host, and the path is still their own.
        if path.is_empty() || !is(named, self.host) {
            return None;
        }
        let target = under(path, target)?;
        let start = url.get(..url.len() - rest.len())?;
        Some(format!("{start}{named}{target}"))
    }
}

/// An authority, and what follows it.
fn split(rest: &str) -> (&str, &str) {
    rest.find(['/', '?', '#'])
        .and_then(|at| rest.split_at_checked(at))
        .unwrap_or((rest, ""))
}

/// The authority without the port that the scheme has anyway.
fn without_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(usual).unwrap_or(authority)
}

/// The target without the base path; `None` if it is not under it.
fn under(base_path: &str, target: &str) -> Option<String> {
    let rest = target.strip_prefix(base_path)?;
    match rest.bytes().next() {
        Some(b'/') => Some(rest.to_owned()),
        None | Some(b'?' | b'#') => Some(format!("/{rest}")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
