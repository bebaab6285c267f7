//! The SHA-256 of a text, which stands for it where the text itself must not be seen or is too odd or too long.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A SHA-256 in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(String);

// === impl Fingerprint ===

impl Fingerprint {
    /// That of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut digits = String::with_capacity(64);
        for byte in Sha256::digest(text) {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Self(digits)
    }

    /// The one written as 64 hexadecimal digits, if that is what it is.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let is_fingerprint =
            digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_fingerprint.then(|| Self(digits.to_ascii_lowercase()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, where a few tell enough apart.
    #[must_use]
    pub fn first(&self, digits: usize) -> &str {
        self.0.get(..digits).unwrap_or(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf %s abc | sha256sum (FIPS 180-4, appendix B.1)
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn only_64_hexadecimal_digits_are_a_fingerprint() {
        let (long, odd) = (format!("{ABC}0"), ABC.replace('b', "g"));
        let short = ABC.trim_start_matches('b');
        for wrong in ["", "abc", short, &long, &odd] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }
}
