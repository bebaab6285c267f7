//! Whether a deployed Worker reaches the origin, and whether anybody else can listen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bouncer::policy::{Origin, Policy, Warning};

/// Names that mean nothing outside of a machine or its network (RFC 6761, RFC 6762, RFC 9476).
const PRIVATE_NAMES: [&str; 5] = ["localhost", "local", "internal", "test", "home.arpa"];

/// Why the origin cannot be reached from Cloudflare's network, if it cannot.
pub(crate) fn unreachable(policy: &Policy) -> Option<String> {
    let Origin::Url(url) = &policy.origin else {
        return None;
    };
    is_private(host(url)).then(|| {
        format!(
            "BOUNCER.origin: found {url:?}, which is an address of this machine or its network, and a deployed Worker does not reach it; \
             write the public address of your API, or for this machine alone a policy of its own"
        )
    })
}

/// That what is sent to the origin can be read on the way, if it can.
pub(crate) fn warning(policy: &Policy) -> Option<Warning> {
    let Origin::Url(url) = &policy.origin else {
        return None;
    };
    (url.starts_with("http://") && !is_private(host(url))).then(|| Warning {
        name: "origin-in-the-clear",
        path: "origin".to_owned(),
        problem: "tokens, API keys and BOUNCER_SECRET go over the internet in clear text; give the origin a certificate and write https://"
            .to_owned(),
    })
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_private(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => is_private_v4(address),
        Ok(IpAddr::V6(address)) => is_private_v6(address),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let is_below = |name: &str| {
                host.strip_suffix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            PRIVATE_NAMES.iter().any(|name| is_below(name)) || !host.contains('.')
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().is_some_and(is_private_v4);
    mapped
        || address.is_loopback()
        || address.is_unicast_link_local()
        || address.is_unique_local()
        || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reached_from_outside_is_told_from_what_is() {
        for url in [
            "http://127.0.0.1:8000",
            "http://localhost:8000/api",
            "http://api.localhost",
            "https://10.1.2.3",
            "http://192.168.0.7:80",
            "http://172.31.0.1",
            "http://169.254.1.1",
            "http://[::1]:8000",
            "http://[fd00::7]",
            "http://[fe80::1]/x",
            "http://[::ffff:10.0.0.1]",
            "http://nas.local",
            "http://api",
            "http://db.internal.",
        ] {
            assert!(is_private(host(url)), "{url}");
        }
        for url in [
            "https://api.example.com",
            "http://203.0.113.7:8000",
            "http://[2001:db8::1]",
            "http://notlocal.example",
            "http://172.32.0.1",
        ] {
            assert!(!is_private(host(url)), "{url}");
        }
    }
}
