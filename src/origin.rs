//! The proxy: where a request goes, and what is added for the origin's sake.

use crate::facts::Facts;
use crate::head::Head;

/// A request as the origin gets it: the client's own, under this URL and with these headers set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The origin's address with the client's path and query, byte for byte.
    pub url: String,
    /// What is set on the client's own headers.
    pub head: Head,
}

// === impl Outgoing ===

impl Outgoing {
    /// `origin` has no slash at its end. The secret tells the origin that the request came through Bouncer.
    #[must_use]
    pub fn new(origin: &str, facts: &Facts<'_>, secret: Option<&str>) -> Self {
        let Facts {
            scheme,
            host,
            target,
            credentials,
            forwarded_for,
            ..
        } = *facts;
        let mut head = Head::default();
        head.set("X-Forwarded-Proto", scheme);
        head.set("X-Forwarded-Host", host);
        let hops = [forwarded_for, credentials.address];
        head.set(
            "X-Forwarded-For",
            hops.into_iter()
                .filter(|hop| !hop.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        );
        if let Some(secret) = secret {
            head.set("X-Bouncer-Secret", secret);
        }
        Self {
            url: format!("{origin}{target}"),
            head,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_gets_the_clients_own_target_and_learns_where_it_came_from() {
        let facts = Facts::read(
            "1000\nGET\nhttps://api.example.com/a%2Fb//?q=%20\n203.0.113.7\n\n198.51.100.1",
        );
        let outgoing = Outgoing::new("http://127.0.0.1:8000/base", &facts, Some("s3cret"));
        assert_eq!(outgoing.url, "http://127.0.0.1:8000/base/a%2Fb//?q=%20");
        assert_eq!(
            outgoing.head.as_str(),
            "X-Forwarded-Proto: https\nX-Forwarded-Host: api.example.com\n\
             X-Forwarded-For: 198.51.100.1, 203.0.113.7\nX-Bouncer-Secret: s3cret\n"
        );
    }
}
