//! The client's address, and the network that stands for it.

use std::net::{IpAddr, Ipv6Addr};

/// What an address is counted as: IPv4 itself, IPv6 by its /64 (a client has at least 2^64 of those to choose from), and
/// IPv4 written as IPv6 as the IPv4 it is. Whatever is no address at all is counted together.
#[must_use]
pub fn network(address: &str) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Err(_) => "unknown".to_owned(),
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
            assert_eq!(network(address), counted, "{address:?}");
        }
    }
}
