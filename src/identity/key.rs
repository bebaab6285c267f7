//! The name under which permits are counted, which is also the name of the object that owns the counters.
//!
//! Two different keys never have the same name, whatever their values contain: a value goes in as it is only if it is
//! short and made of characters that mean nothing here; any other goes in as its hash, behind another sign.

use std::fmt;

use super::Fingerprint;

/// The longest value that goes in as it is, in bytes.
const MAX_PLAIN: usize = 64;

/// Who is counted: `user:ada`, or `tenant:acme+ip:203.0.113.7` where both must be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

// === impl Key ===

impl Key {
    /// The key of values that must all be the same for two requests to be counted together, each with its kind: a word,
    /// or several joined by `:`.
    #[must_use]
    pub fn new<T: AsRef<str>>(parts: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut name = String::new();
        for (kind, value) in parts {
            let (kind, value) = (kind.as_ref(), value.as_ref());
            if !name.is_empty() {
                name.push('+');
            }
            name += kind;
            if is_plain(value) {
                name.push(':');
                name += value;
            } else {
                name.push('#');
                name += Fingerprint::of(value).as_str();
            }
        }
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kinds alone, without any value: `tenant+header`.
    #[must_use]
    pub fn kind(&self) -> String {
        let kinds = self
            .0
            .split('+')
            .filter_map(|part| part.split([':', '#']).next());
        kinds.collect::<Vec<_>>().join("+")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(value: &str) -> bool {
    let means_nothing = |byte: u8| byte.is_ascii_graphic() && !b"+#".contains(&byte);
    value.len() <= MAX_PLAIN && value.bytes().all(means_nothing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::Part;

    #[test]
    fn a_short_plain_value_is_read_in_the_name_and_any_other_is_hashed() {
        let name = |parts: &[(&str, &str)]| Key::new(parts.iter().copied()).to_string();
        assert_eq!(name(&[("user", "ada")]), "user:ada");
        assert_eq!(
            name(&[("ip", "2001:db8::/64"), ("user", "a:b")]),
            "ip:2001:db8::/64+user:a:b"
        );
        for odd in ["a+b", "a#b", "a b", "ä", "a\nb", &"a".repeat(65)] {
            let name = name(&[("user", odd)]);
            let hash = name
                .strip_prefix("user#")
                .unwrap_or_else(|| panic!("{odd:?}: {name}"));
            assert_eq!(hash.len(), 64, "{odd:?}");
        }
    }

    fn parts() -> impl Strategy<Value = Vec<(String, String)>> {
        // What a policy can say: a kind is one word, or `header:` and a name, or `claim:` and any text.
        let word = prop::sample::select(vec!["ip", "user", "tenant", "header:x-a", "header:x-b"]);
        let claim = "[a-b:+#%23.]{1,5}|claim:.{1,9}".prop_map(|name| Part::Claim(name).in_key());
        let kind = prop_oneof![word.prop_map(str::to_owned), claim];
        let value = prop_oneof!["[a-c:+#]{0,4}", "(ip|user|x-a)[:+#](a|b)", ".{0,80}"];
        prop::collection::vec((kind, value), 1..4)
    }

    fn key(parts: &[(String, String)]) -> Key {
        Key::new(
            parts
                .iter()
                .map(|(kind, value)| (kind.as_str(), value.as_str())),
        )
    }

    proptest! {
        #[test]
        fn no_two_different_keys_have_the_same_name(one in parts(), other in parts()) {
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }
    }
}
