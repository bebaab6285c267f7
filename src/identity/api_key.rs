//! API keys: secrets that a client sends in a header.
//!
//! A key is known here by its SHA-256 and kept and named by nothing else. So the policy can list keys without giving them
//! away, as long as they are random enough not to be guessed.

use std::collections::BTreeMap;

use super::Fingerprint;

/// How API keys are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeys {
    /// The header that carries them, in lower case.
    pub header: String,
    /// Those that are known, each with its plan if it has one. Without a list every key is known.
    pub listed: Option<BTreeMap<Fingerprint, Option<String>>>,
}

/// An API key that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey<'a> {
    /// What it is known by.
    pub fingerprint: Fingerprint,
    /// Its plan, if it has one.
    pub plan: Option<&'a str>,
}

// === impl ApiKeys ===

impl ApiKeys {
    /// The key that was sent, if it is known.
    #[must_use]
    pub fn recognize(&self, sent: &str) -> Option<ApiKey<'_>> {
        let fingerprint = Fingerprint::of(sent);
        let plan = match &self.listed {
            Some(listed) => listed.get(&fingerprint)?.as_deref(),
            None => None,
        };
        Some(ApiKey { fingerprint, plan })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf %s abc | sha256sum (FIPS 180-4, appendix B.1)
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_key_is_known_by_its_sha_256() {
        let listed = [(
            Fingerprint::parse(&ABC.to_uppercase()).unwrap(),
            Some("pro".to_owned()),
        )];
        let keys = ApiKeys {
            header: "x-api-key".to_owned(),
            listed: Some(listed.into()),
        };
        let known = keys.recognize("abc").unwrap();
        assert_eq!((known.fingerprint.as_str(), known.plan), (ABC, Some("pro")));
        for unknown in ["", "ABC", "abc ", "abcd", ABC] {
            assert_eq!(keys.recognize(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn without_a_list_every_key_is_known_and_has_no_plan() {
        let keys = ApiKeys {
            header: "x-api-key".to_owned(),
            listed: None,
        };
        let known = keys.recognize("abc").unwrap();
        assert_eq!((known.fingerprint.as_str(), known.plan), (ABC, None));
    }
}
