//! Names for keys in the log, by which the lines of one client can be found, and which say nothing without the secret.
//!
//! A bare hash of an address is found by hashing all four billion of them. So a key's pseudonym is the start of its
//! HMAC-SHA256 (RFC 2104) under a secret of the Worker.

use std::fmt::Write as _;

use hmac::digest::Key;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Bytes of a pseudonym: 48 bits, so that two clients hardly ever look like one.
const BYTES: usize = 6;

/// Sets these apart from whatever else is made from the same secret.
const PURPOSE: &[u8] = b"bouncer log key: ";

/// Gives keys their pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

// === impl Pseudonyms ===

impl Pseudonyms {
    /// Those under a secret: the same everywhere as long as it is the same.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        // RFC 2104, section 3: a key of any length is taken, so the second arm is never reached.
        let mut mac = <Hmac<Sha256>>::new_from_slice(secret)
            .unwrap_or_else(|_| Hmac::new(&Key::<Hmac<Sha256>>::default()));
        mac.update(PURPOSE);
        Self(mac)
    }

    /// The pseudonym of a key's name: hexadecimal digits.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(name.as_bytes());
        let mut digits = String::with_capacity(2 * BYTES);
        for byte in mac.finalize().into_bytes().iter().take(BYTES) {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_start_of_an_hmac_under_the_secret() {
        // printf %s 'bouncer log key: user:ada' | openssl dgst -sha256 -hmac 'a secret'
        assert_eq!(Pseudonyms::new(b"a secret").of("user:ada"), "8c62bf94d1b2");
    }

    #[test]
    fn without_the_secret_nobody_can_tell_whose_it_is() {
        let (ours, theirs) = (Pseudonyms::new(b"a secret"), Pseudonyms::new(b"a guess"));
        assert_eq!(ours.of("user:ada"), ours.of("user:ada"));
        assert_ne!(ours.of("user:ada"), ours.of("user:eve"));
        assert_ne!(ours.of("user:ada"), theirs.of("user:ada"));
    }
}
