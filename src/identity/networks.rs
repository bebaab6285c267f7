//! Sets of addresses, written as networks (CIDR, RFC 4632).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Addresses, IPv4 among them as the IPv6 that they are mapped to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    /// The first and the last of each range, in order, none of them touching the next.
    ranges: Vec<(u128, u128)>,
}

/// Words that are no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No address, or no number of bits.
    #[error(
        "found {0:?}; write an address or a network, as in \"203.0.113.7\", \"203.0.113.0/24\" or \"2001:db8::/32\""
    )]
    Unknown(String),
    /// An address in a network where the network itself is meant, or another prefix.
    #[error(
        "found {found:?}, an address within a network; write \"{network}\" for all of it, or the address alone"
    )]
    Within {
        /// As it was written.
        found: String,
        /// The network that it is in.
        network: String,
    },
}

/// How many of the bits of an IPv6 address stand before an IPv4 address mapped into it.
const MAPPED_BITS: u32 = 96;

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

// === impl Networks ===

impl Networks {
    /// Reads a list of networks. An error comes with the index of what is wrong.
    ///
    /// # Errors
    /// [`NetworkError`], which says what to write instead.
    pub fn parse<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (usize, NetworkError)> {
        let ranges = texts.into_iter().enumerate();
        let ranges = ranges.map(|(index, text)| range(text).map_err(|error| (index, error)));
        let mut ranges = ranges.collect::<Result<Vec<_>, _>>()?;
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self { ranges: merged })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether this address is one of them. What is no address is none.
    #[must_use]
    pub fn contain(&self, address: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        address.parse().is_ok_and(|address| {
            let wanted = bits(address);
            let behind = self.ranges.partition_point(|(first, _)| *first <= wanted);
            let before = behind
                .checked_sub(1)
                .and_then(|index| self.ranges.get(index));
            before.is_some_and(|(_, last)| wanted <= *last)
        })
    }
}

/// How many ranges of addresses it has.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ranges.len() {
            1 => f.write_str("1 range of addresses"),
            ranges => write!(f, "{ranges} ranges of addresses"),
        }
    }
}

/// The first and the last address of a network.
fn range(text: &str) -> Result<(u128, u128), NetworkError> {
    let unknown = || NetworkError::Unknown(text.to_owned());
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| unknown())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix: u32 = match prefix {
        None => most,
        // Nothing but digits, and no zero before others.
        Some(digits) => digits
            .parse()
            .ok()
            .filter(|bits: &u32| *bits <= most && bits.to_string() == digits)
            .ok_or_else(unknown)?,
    };
    let whole_prefix = if address.is_ipv4() {
        prefix + MAPPED_BITS
    } else {
        prefix
    };
    let within = u128::MAX.checked_shr(whole_prefix).unwrap_or(0);
    let first = bits(address) & !within;
    if first != bits(address) {
        let network = Ipv6Addr::from_bits(first);
        let network = match (address.is_ipv4(), network.to_ipv4_mapped()) {
            (true, Some(network)) => network.to_string(),
            _ => network.to_string(),
        };
        return Err(NetworkError::Within {
            found: text.to_owned(),
            network: format!("{network}/{prefix}"),
        });
    }
    Ok((first, first | within))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        Networks::parse(texts.iter().copied()).unwrap()
    }

    #[test]
    fn a_network_has_its_first_and_its_last_address_and_none_beside_them() {
        let lists = [
            "203.0.113.0/24",
            "198.51.100.7",
            "2001:db8::/32",
            "192.0.2.0/25",
            "192.0.2.128/25",
        ];
        let found = networks(&lists);
        for address in [
            "203.0.113.0",
            "203.0.113.255",
            "::ffff:203.0.113.9",
            "198.51.100.7",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "192.0.2.200",
        ] {
            assert!(found.contain(address), "{address}");
        }
        for address in [
            "203.0.112.255",
            "203.0.114.0",
            "198.51.100.8",
            "2001:db7::",
            "2001:db9::",
            "",
            "unknown",
            "203.0.113.7, 1.1.1.1",
        ] {
            assert!(!found.contain(address), "{address}");
        }
        assert!(!Networks::default().contain("203.0.113.7"));
        assert!(networks(&["0.0.0.0/0"]).contain("203.0.113.7"));
        assert!(!networks(&["0.0.0.0/0"]).contain("2001:db8::1"));
        assert!(networks(&["::/0"]).contain("203.0.113.7"));
    }

    #[test]
    fn what_is_no_network_is_told_with_what_would_be() {
        for text in [
            "",
            "here",
            "203.0.113",
            "203.0.113.0/33",
            "::/129",
            "203.0.113.0/",
            "203.0.113.0/024",
            "203.0.113.0/-1",
            "10.0.0.0/8/8",
        ] {
            let error = Networks::parse(["::1", text]).unwrap_err();
            assert_eq!(error, (1, NetworkError::Unknown(text.to_owned())));
        }
        for (text, expected) in [
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            let (_, error) = Networks::parse([text]).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains(&format!("write {expected:?} for all of it")),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_address_is_in_a_list_if_it_is_in_one_of_its_networks(
            list in prop::collection::vec((any::<u8>(), 0..=8_u32), 0..8), address: u8,
        ) {
            let network = |bits: u8, prefix: u32| (bits & 0xff_u8.checked_shl(8 - prefix).unwrap_or(0), prefix);
            let list: Vec<(u8, u32)> = list.into_iter().map(|(bits, prefix)| network(bits, prefix)).collect();
            let texts: Vec<String> = list.iter().map(|(bits, prefix)| format!("10.0.0.{bits}/{}", prefix + 24)).collect();
            let found = Networks::parse(texts.iter().map(String::as_str)).unwrap();
            let expected = list.iter().any(|(bits, prefix)| network(address, *prefix).0 == *bits);
            prop_assert_eq!(found.contain(&format!("10.0.0.{address}")), expected);
        }
    }
}
