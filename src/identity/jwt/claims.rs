//! What a verified token says, as far as a policy reads it.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::json::{Json, Members};

/// The whole numbers that every reader of JSON holds exactly (RFC 8259, section 6): those up to this one.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The claims that a policy reads, by the names that it gives them: those that are texts, whole numbers, or lists of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, Claim>);

/// One claim. No string in it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Claim {
    Text(String),
    List(Vec<String>),
}

// === impl Claims ===

impl Claims {
    /// Those at these paths.
    pub(super) fn of(body: &Members, paths: &[String]) -> Result<Self, Fault> {
        let mut claims = BTreeMap::new();
        for path in paths {
            let claim = match body.at(path)? {
                Some(Json::List(list)) => Some(Claim::List(list.iter().filter_map(text).collect())),
                Some(value) => text(value).map(Claim::Text),
                None => None,
            };
            claims.extend(claim.map(|claim| (path.clone(), claim)));
        }
        Ok(Self(claims))
    }

    /// A claim that is a text and not empty, or a whole number.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Claim::Text(text) => Some(text),
            Claim::List(_) => None,
        }
    }

    /// Such a claim, or all in one that is a list.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let texts = self.0.get(name).map(Claim::texts);
        texts.unwrap_or_default().iter().map(String::as_str)
    }

    /// What they take, about.
    pub(super) fn bytes(&self) -> usize {
        let text_bytes = |text: &String| size_of::<String>() + text.len();
        let sizes = self.0.iter().map(|(name, claim)| {
            text_bytes(name) + claim.texts().iter().map(text_bytes).sum::<usize>()
        });
        sizes.sum()
    }
}

// === impl Claim ===

impl Claim {
    fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }
}

/// A value as a text. A whole number is its digits, so `7`, `7.0` and `"7"` are one: an issuer that writes the same user
/// in several ways means the same user, and no client can choose how it is written.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) if !text.is_empty() => Some(text.clone()),
        Json::Whole(number) => Some(number.to_string()),
        Json::Negative(number) => Some(number.to_string()),
        Json::Float(number)
            if number.floor().to_bits() == number.to_bits() && number.abs() <= MAX_EXACT =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and not beyond what both types hold"
            )]
            let whole = *number as i64;
            Some(whole.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
impl Claims {
    /// One claim, as if a token had said it.
    pub(super) fn saying(name: &str, value: &str) -> Self {
        Self([(name.to_owned(), Claim::Text(value.to_owned()))].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str, path: &str) -> Option<String> {
        let body = Members::read(json.as_bytes(), &|_| true).unwrap();
        let claims = Claims::of(&body, &[path.to_owned()]).unwrap();
        claims.text(path).map(str::to_owned)
    }

    #[test]
    fn a_whole_number_is_its_digits_however_it_is_written_and_another_number_is_no_name() {
        for (number, name) in [
            ("7", Some("7")),
            ("7.0", Some("7")),
            ("70e-1", Some("7")),
            ("\"7\"", Some("7")),
            ("-7", Some("-7")),
            ("-0.0", Some("0")),
            ("0", Some("0")),
            ("9007199254740993", Some("9007199254740993")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("1e15", Some("1000000000000000")),
            ("1e16", None),
            ("7.5", None),
            ("\"\"", None),
            ("true", None),
            ("null", None),
            ("[7]", None),
            ("{}", None),
        ] {
            let found = of(&format!(r#"{{"sub":{number}}}"#), "sub");
            assert_eq!(found.as_deref(), name, "{number}");
        }
    }

    #[test]
    fn a_list_gives_what_in_it_is_a_name() {
        let body = Members::read(br#"{"a":{"roles":["x",7,"",null,["y"]]}}"#, &|_| true).unwrap();
        let claims = Claims::of(&body, &["a.roles".to_owned()]).unwrap();
        assert_eq!(claims.texts("a.roles").collect::<Vec<_>>(), ["x", "7"]);
        assert_eq!(claims.text("a.roles"), None);
        assert_eq!(claims.texts("roles").count(), 0);
    }
}
