//! Which headers pass, one list for JavaScript to go by.

/// The fields for the next hop alone, of a request and of a response, in lower case (RFC 9110, section 7.6.1; credentials for a
/// proxy, section 11.7).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a client cannot say to the origin, in lower case: that for which Bouncer or the network before it vouches, in the
/// spellings of other proxies. Every name that begins with one of [`DROPPED_PREFIXES`] is dropped as well.
const DROPPED: [&str; 32] = [
    // RFC 7239.
    "forwarded",
    "forwarded-for",
    "forwarded-host",
    "forwarded-proto",
    "x-forwarded",
    "x-original-forwarded-for",
    "x-original-for",
    "x-original-host",
    "x-original-proto",
    "x-original-remote-addr",
    "x-host",
    "x-http-host-override",
    "x-scheme",
    "x-url-scheme",
    "x-proxy-url",
    "front-end-https",
    "client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "x-proxyuser-ip",
    "x-envoy-external-address",
    "x-azure-clientip",
    "x-appengine-user-ip",
    "wl-proxy-client-ip",
    "proxy-client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "cdn-real-ip",
    "ali-cdn-real-ip",
];

/// The beginnings of names that are dropped. What is set is set afterwards.
const DROPPED_PREFIXES: [&str; 2] = ["x-forwarded-", "x-bouncer-"];

/// Become the address that Cloudflare saw where the client sends them: origins and Cloudflare's own settings know them.
const ADDRESSED: [&str; 2] = ["x-real-ip", "true-client-ip"];

/// What reaches the origin whatever `Connection` says, in no other spelling than this: it says who asks, or for what.
const GUARDED: [&str; 5] = ["authorization", "cookie", "host", "cdn-loop", "via"];

/// The beginnings of further such names: what Cloudflare adds, and what is said of the body.
const GUARDED_PREFIXES: [&str; 2] = ["cf-", "content-"];

/// Which headers pass: of a request's own to the origin, and of a response's to the client. In a request `_` is read as `-` in
/// all of them, as servers do that make variables of them. Handed to JavaScript once: lists of names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Dropped from a response.
    pub hop_by_hop: &'static [&'static str],
    /// Dropped from a request.
    pub dropped: Vec<&'static str>,
    /// Dropped where a name begins like this.
    pub dropped_prefixes: &'static [&'static str],
    /// Replaced by the client's address.
    pub addressed: &'static [&'static str],
    /// Kept against `Connection`, and dropped in another spelling.
    pub guarded: Vec<String>,
    /// The same where a name begins like this.
    pub guarded_prefixes: &'static [&'static str],
}

// === impl Passage ===

impl Passage {
    /// Of a policy that reads these headers and drops those, in lower case.
    #[must_use]
    pub fn new(read: &[&str], dropped: &[&'static str]) -> Self {
        let is_read = |name: &&str| read.contains(name);
        let dropped = HOP_BY_HOP.iter().chain(&DROPPED).chain(dropped).copied();
        let guarded = GUARDED.iter().chain(read);
        Self {
            hop_by_hop: &HOP_BY_HOP,
            // What clients are counted by reaches the origin.
            dropped: dropped.filter(|name| !is_read(name)).collect(),
            dropped_prefixes: &DROPPED_PREFIXES,
            addressed: &ADDRESSED,
            guarded: guarded.map(|name| (*name).to_owned()).collect(),
            guarded_prefixes: &GUARDED_PREFIXES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_are_counted_by_reaches_the_origin_in_its_own_spelling() {
        let passage = Passage::new(&["x-api_key", "x-client-ip"], &[]);
        assert!(!passage.dropped.contains(&"x-client-ip"));
        for name in ["x-api_key", "x-client-ip", "authorization"] {
            assert!(
                passage.guarded.iter().any(|guarded| guarded == name),
                "{name}"
            );
        }
    }

    #[test]
    fn what_the_policy_drops_is_dropped_too() {
        let dropped = |names| Passage::new(&[], names).dropped;
        assert!(dropped(&["x-original-url"]).contains(&"x-original-url"));
        assert!(!dropped(&[]).contains(&"x-original-url"));
    }

    #[test]
    fn what_is_for_the_next_hop_alone_passes_in_neither_direction() {
        let Passage {
            hop_by_hop,
            dropped,
            ..
        } = Passage::new(&[], &[]);
        assert!(hop_by_hop.contains(&"transfer-encoding"));
        for name in hop_by_hop {
            assert!(dropped.contains(name), "{name}");
        }
    }
}
