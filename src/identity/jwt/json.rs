//! The part of a JSON object that is looked at: its named members, with those that are there twice.
//!
//! Members that mean nothing here are passed over, whatever they hold: a number beyond any float, a key listed as a list.
//! Which of two members of one name an origin reads cannot be known, so none is chosen.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Text(String),
    Whole(u64),
    Negative(i64),
    Float(f64),
    List(Vec<Json>),
    Object(Members),
    /// `null`, `true`, `false`.
    Other,
}

/// Members in their order, with their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members(Vec<(String, Json)>);

/// A name is there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twice;

// === impl Members ===

impl Members {
    /// Reads an object: of its members those that are wanted, and of these everything.
    pub(super) fn read(json: &[u8], is_wanted: &dyn Fn(&str) -> bool) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let members = deserializer.deserialize_map(Wanted(is_wanted)).ok()?;
        deserializer.end().ok()?;
        Some(members)
    }

    /// The member of this name.
    pub(super) fn get(&self, name: &str) -> Result<Option<&Json>, Twice> {
        let mut found = self.0.iter().filter(|(each, _)| each == name);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Twice),
            (first, _) => Ok(first.map(|(_, value)| value)),
        }
    }

    /// The member of this name; else that at this path of names with dots between them, in which a name may have dots too:
    /// the longest name that is there comes first.
    pub(super) fn at(&self, path: &str) -> Result<Option<&Json>, Twice> {
        if let Some(value) = self.get(path)? {
            return Ok(Some(value));
        }
        for (dot, _) in path.rmatch_indices('.') {
            let Some((name, rest)) = path.split_at_checked(dot) else {
                continue;
            };
            if let Some(Json::Object(inner)) = self.get(name)?
                && let Some(value) = inner.at(rest.get(1..).unwrap_or_default())?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

/// Whether a member of this name may be what is at this path, or hold it.
pub(super) fn leads_to(name: &str, path: &str) -> bool {
    path.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Reads members of an object.
struct Wanted<'a>(&'a dyn Fn(&str) -> bool);

/// Reads a value.
struct Any;

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            if (self.0)(&name) {
                members.push((name, entries.next_value_seed(Any)?));
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Members(members))
    }
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Negative(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Float(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Any)? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Json, A::Error> {
        Wanted(&|_| true).visit_map(entries).map(Json::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(json: &str, path: &str) -> Result<Option<Json>, Twice> {
        let members = Members::read(json.as_bytes(), &|name| leads_to(name, path)).unwrap();
        members.at(path).map(Option::<&Json>::cloned)
    }

    #[test]
    fn a_path_is_a_name_first_and_then_goes_by_its_dots() {
        for (json, path, found) in [
            (r#"{"a":1}"#, "a", Some(1)),
            (r#"{"a.b":1,"a":{"b":2}}"#, "a.b", Some(1)),
            (r#"{"a":{"b":2}}"#, "a.b", Some(2)),
            (r#"{"a":{"b":{"c":3}}}"#, "a.b.c", Some(3)),
            (r#"{"a.b":{"c":3},"a":{"b.c":4}}"#, "a.b.c", Some(3)),
            (r#"{"a":{"b.c":4}}"#, "a.b.c", Some(4)),
            (
                r#"{"https://x.example/app":{"id":5}}"#,
                "https://x.example/app.id",
                Some(5),
            ),
            (r#"{"a":7}"#, "a.b", None),
            (r#"{"a":{"c":7}}"#, "a.b", None),
            (r#"{"":{"b":7}}"#, ".b", Some(7)),
            ("{}", "a", None),
        ] {
            assert_eq!(at(json, path), Ok(found.map(Json::Whole)), "{json} {path}");
        }
        for (json, path) in [
            (r#"{"a":1,"\u0061":1}"#, "a"),
            (r#"{"a":{"b":1,"b":1}}"#, "a.b"),
            (r#"{"a":{"b":1},"a":{"b":1}}"#, "a.b"),
        ] {
            assert_eq!(at(json, path), Err(Twice), "{json}");
        }
    }

    #[test]
    fn a_member_that_nobody_wants_may_hold_anything_that_is_json() {
        let other = r#"{"x":1e999,"x":{"a":1},"x":["\u0000"],"a":1}"#;
        assert_eq!(at(other, "a"), Ok(Some(Json::Whole(1))));
        for wrong in ["", "[]", "1", r#"{"a":1} x"#, r#"{"a":1e999}"#, r#"{"a"}"#] {
            assert_eq!(Members::read(wrong.as_bytes(), &|_| true), None, "{wrong}");
        }
    }
}
