//! API keys: secrets that a client sends in a header.
//!
//! A key is known here by its SHA-256 and kept and named by nothing else. So the policy can list keys without giving them
//! away, as long as they are random enough not to be guessed.
//!
//! Two lines of the header arrive as one, with a comma between them, and an origin may read either. So each part between
//! commas and spaces is tried, and each run of parts: whichever is listed is the client's key.

use std::collections::BTreeMap;

use super::Fingerprint;

/// The most parts that are looked at in one header.
const MAX_PARTS: usize = 4;

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

/// Why a header is no known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoApiKey {
    /// It is not listed.
    Unlisted,
    /// Several in it are.
    TwoKeys,
    /// It has more parts than are looked at.
    TooMany,
}

// === impl ApiKeys ===

impl ApiKeys {
    /// The key that was sent, if it is known. Where there is no list, it is what stands before the first comma: whoever
    /// invents keys needs no spelling of them.
    ///
    /// # Errors
    /// [`NoApiKey`], if there is none or more than one.
    pub fn recognize(&self, sent: &str) -> Result<ApiKey<'_>, NoApiKey> {
        let Some(listed) = &self.listed else {
            let first = sent.split(',').next().unwrap_or_default().trim();
            return Ok(ApiKey {
                fingerprint: Fingerprint::of(first),
                plan: None,
            });
        };
        let mut found: Option<ApiKey<'_>> = None;
        let readings = match readings(sent) {
            Some(readings) => readings,
            // A key of many words.
            None if listed.contains_key(&Fingerprint::of(sent.trim())) => vec![sent.trim()],
            None => return Err(NoApiKey::TooMany),
        };
        for reading in readings {
            let fingerprint = Fingerprint::of(reading);
            let Some(plan) = listed.get(&fingerprint) else {
                continue;
            };
            if found
                .as_ref()
                .is_some_and(|first| first.fingerprint != fingerprint)
            {
                return Err(NoApiKey::TwoKeys);
            }
            let plan = plan.as_deref();
            found = Some(ApiKey { fingerprint, plan });
        }
        found.ok_or(NoApiKey::Unlisted)
    }
}

/// Every run of parts, ten at most; nothing if there are too many parts.
fn readings(sent: &str) -> Option<Vec<&str>> {
    let is_between = |byte: u8| matches!(byte, b',' | b' ' | b'\t');
    // Where parts begin and end.
    let mut parts: Vec<(usize, usize)> = Vec::with_capacity(MAX_PARTS);
    let mut is_inside = false;
    for (at, byte) in sent.bytes().enumerate() {
        if is_between(byte) {
            is_inside = false;
            continue;
        }
        if !is_inside && parts.len() == MAX_PARTS {
            return None;
        }
        if !is_inside {
            parts.push((at, at));
        }
        is_inside = true;
        if let Some((_, end)) = parts.last_mut() {
            *end = at + 1;
        }
    }
    let starts = parts.iter().enumerate();
    let runs = starts.flat_map(|(index, (start, _))| {
        let ends = parts.iter().skip(index);
        ends.filter_map(|(_, end)| sent.get(*start..*end))
    });
    Some(runs.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // printf %s abc | sha256sum (FIPS 180-4, appendix B.1)
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn listing(keys: &[&str]) -> ApiKeys {
        let listed = keys.iter().map(|key| (Fingerprint::of(key), None));
        ApiKeys {
            header: "x-api-key".to_owned(),
            listed: Some(listed.collect()),
        }
    }

    fn found(keys: &ApiKeys, sent: &str) -> Result<String, NoApiKey> {
        let known = keys.recognize(sent)?;
        Ok(known.fingerprint.as_str().to_owned())
    }

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
        for unknown in ["", "ABC", "abcd", ABC] {
            assert_eq!(
                keys.recognize(unknown),
                Err(NoApiKey::Unlisted),
                "{unknown:?}"
            );
        }
    }

    #[test]
    fn a_key_is_known_in_whatever_is_sent_beside_it() {
        let keys = listing(&["abc", "a key, of words", "one of more words than four"]);
        for sent in [
            "abc",
            " abc ",
            "abc, abc",
            "x, abc",
            "abc,x",
            "Bearer abc",
            "\tabc,,",
            "x,\u{fffd}, abc",
        ] {
            assert_eq!(found(&keys, sent).as_deref(), Ok(ABC), "{sent:?}");
        }
        assert!(found(&keys, "a key, of words").is_ok());
        assert!(found(&keys, "one of more words than four").is_ok());
        assert_eq!(found(&keys, "a key, of words, abc"), Err(NoApiKey::TooMany));
    }

    #[test]
    fn two_keys_are_an_error_and_so_are_more_parts_than_are_looked_at() {
        let keys = listing(&["abc", "def"]);
        assert_eq!(found(&keys, "abc, def"), Err(NoApiKey::TwoKeys));
        assert_eq!(found(&keys, "1, 2, 3, abc").as_deref(), Ok(ABC));
        assert_eq!(found(&keys, "1, 2, 3, 4, abc"), Err(NoApiKey::TooMany));
    }

    #[test]
    fn without_a_list_the_first_is_the_key_and_has_no_plan() {
        let keys = ApiKeys {
            header: "x-api-key".to_owned(),
            listed: None,
        };
        for sent in ["abc", "abc, def", " abc ,", "abc,1,2,3,4,5"] {
            let known = keys.recognize(sent).unwrap();
            assert_eq!(
                (known.fingerprint.as_str(), known.plan),
                (ABC, None),
                "{sent}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_listed_key_is_found_among_any_others_or_there_are_too_many(before in "[x-z, \t]{0,9}", after in "[x-z, \t]{0,9}") {
            let found = found(&listing(&["abc"]), &format!("{before},abc,{after}"));
            prop_assert!(found.as_deref() == Ok(ABC) || found == Err(NoApiKey::TooMany));
        }

        #[test]
        fn no_text_makes_it_panic(sent: String) {
            let _ = found(&listing(&["abc"]), &sent);
        }
    }
}
