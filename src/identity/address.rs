//! The client's address, and the network that stands for it.

use std::net::{IpAddr, Ipv6Addr};

/// The address from which the requests of other customers' Workers come, whoever they are. `CF-Worker` names their zone.
const WORKERS: Ipv6Addr = Ipv6Addr::new(0x2a06, 0x98c0, 0x3600, 0, 0, 0, 0, 0x103);

/// Whether this is the one address of all Workers. From any other, `CF-Worker` is what a client says.
#[must_use]
pub fn is_of_workers(address: &str) -> bool {
    address.parse() == Ok(IpAddr::V6(WORKERS))
}

/// What whoever has no address is counted as.
pub const UNKNOWN: &str = "unknown";

/// What an address is counted as: IPv4 itself, IPv6 by its first `ipv6_prefix` bits (a client commonly has all addresses
/// of a /64 to choose from), and IPv4 written as IPv6 as the IPv4 it is. Whatever is no address is counted together.
#[must_use]
pub fn network(address: &str, ipv6_prefix: u8) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let host_bits = 128_u32.saturating_sub(u32::from(ipv6_prefix));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            let network = Ipv6Addr::from_bits(address.to_bits() & mask);
            format!("{network}/{}", 128_u32.saturating_sub(host_bits))
        }
        Err(_) => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_as_the_network_it_stands_for() {
        for (address, counted) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
            ("", "unknown"),
            ("203.0.113.7, 198.51.100.1", "unknown"),
            ("203.0.113.007", "unknown"),
        ] {
            assert_eq!(network(address, 64), counted, "{address:?}");
        }
    }

    #[test]
    fn the_address_of_all_workers_is_one_and_in_any_spelling() {
        for address in ["2a06:98c0:3600::103", "2A06:98C0:3600:0:0:0:0:103"] {
            assert!(is_of_workers(address), "{address}");
        }
        for address in [
            "2a06:98c0:3600::104",
            "203.0.113.7",
            "",
            "2a06:98c0:3600::103, x",
        ] {
            assert!(!is_of_workers(address), "{address}");
        }
    }

    #[test]
    fn ipv6_is_counted_by_as_many_bits_as_one_wants() {
        let address = "2001:db8:1:2:3:4:5:6";
        for (prefix, counted) in [
            (128, "2001:db8:1:2:3:4:5:6/128"),
            (56, "2001:db8:1::/56"),
            (48, "2001:db8:1::/48"),
            (0, "::/0"),
            (255, "2001:db8:1:2:3:4:5:6/128"),
        ] {
            assert_eq!(network(address, prefix), counted, "{prefix}");
        }
    }
}
