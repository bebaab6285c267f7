//! A configuration file as a tree in which everything knows its line, whether it is TOML or JSON with comments.

use std::path::Path;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value, and the line that it begins in, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    value: Value,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Table(Vec<(String, Node)>),
    List(Vec<Node>),
    Leaf(Json),
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
}

// === impl Format ===

impl Format {
    /// The format of a file of this name.
    pub(crate) fn of(file: &str) -> Self {
        match Path::new(file)
            .extension()
            .and_then(|ending| ending.to_str())
        {
            Some("json" | "jsonc") => Self::Json,
            _ => Self::Toml,
        }
    }
}

// === impl Node ===

impl Node {
    /// Reads a file; an error is one line that begins with its name.
    pub(crate) fn read(file: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{file}: cannot be read: {error}"))?;
        Self::parse(&text, Format::of(file)).map_err(|error| format!("{file}: {error}"))
    }

    fn parse(text: &str, format: Format) -> Result<Self, String> {
        match format {
            Format::Toml => {
                let table = DeTable::parse(text).map_err(|error| error.to_string())?;
                let line = line_at(text, table.span().start);
                Ok(of_table(text, table.get_ref(), line))
            }
            Format::Json => {
                let options = ParseOptions {
                    allow_missing_commas: false,
                    allow_loose_object_property_names: false,
                    allow_single_quoted_strings: false,
                    ..ParseOptions::default()
                };
                let found = parse_to_ast(text, &CollectOptions::default(), &options)
                    .map_err(|error| error.to_string())?;
                let root = found.value.ok_or("is empty; write an object into it")?;
                Ok(of_json(text, &root))
            }
        }
    }

    /// What is written under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(fields) => {
                let field = fields.iter().find(|(field, _)| field == name);
                field.map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// What is written under these names, one in the other.
    pub(crate) fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The names of the fields and what is written under them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Self)> {
        let fields = match &self.value {
            Value::Table(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Leaf(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.value == Value::Leaf(Json::Bool(true))
    }

    /// The line of the field at this path, as in `rules[2].limit`, or of the nearest thing around it that is there.
    pub(crate) fn line_of(&self, path: &str) -> usize {
        let mut place = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let index = step.strip_suffix(']').and_then(|index| index.parse().ok());
            let inner = match index {
                Some(index) => place.items().get::<usize>(index),
                None => place.get(step),
            };
            let Some(inner) = inner else { break };
            place = inner;
        }
        place.line
    }

    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Table(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, node)| (name.clone(), node.to_json()));
                Json::Object(fields.collect())
            }
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Leaf(json) => json.clone(),
        }
    }
}

fn of_table(text: &str, table: &DeTable<'_>, line: usize) -> Node {
    let fields = table
        .iter()
        .map(|(name, value)| (name.get_ref().to_string(), of_toml(text, value)));
    Node {
        line,
        value: Value::Table(fields.collect()),
    }
}

fn of_toml(text: &str, found: &Spanned<DeValue<'_>>) -> Node {
    let line = line_at(text, found.span().start);
    let value = match found.get_ref() {
        DeValue::Table(table) => return of_table(text, table, line),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| of_toml(text, item)).collect())
        }
        DeValue::String(text) => Value::Leaf(Json::from(text.as_ref())),
        DeValue::Boolean(is_true) => Value::Leaf(Json::from(*is_true)),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix());
            Value::Leaf(whole.map_or(Json::Null, Json::from))
        }
        DeValue::Float(number) => Value::Leaf(
            number
                .as_str()
                .parse::<f64>()
                .map_or(Json::Null, Json::from),
        ),
        DeValue::Datetime(moment) => Value::Leaf(Json::from(moment.to_string())),
    };
    Node { line, value }
}

fn of_json(text: &str, found: &ast::Value<'_>) -> Node {
    let value = match found {
        ast::Value::Object(object) => {
            let fields = object.properties.iter();
            let fields = fields.map(|field| {
                let name = field.name.as_str().to_owned();
                (name, of_json(text, &field.value))
            });
            Value::Table(fields.collect())
        }
        ast::Value::Array(array) => {
            let items = array.elements.iter();
            Value::List(items.map(|item| of_json(text, item)).collect())
        }
        ast::Value::StringLit(text) => Value::Leaf(Json::from(text.value.as_ref())),
        ast::Value::BooleanLit(boolean) => Value::Leaf(Json::from(boolean.value)),
        ast::Value::NumberLit(number) => {
            Value::Leaf(serde_json::from_str(number.value).unwrap_or_default())
        }
        ast::Value::NullKeyword(_) => Value::Leaf(Json::Null),
    };
    Node {
        line: line_at(text, found.start()),
        value,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    before.filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "\
name = \"bouncer\"
[vars.BOUNCER]
origin = \"http://a\"
default = { limit = \"1/day\" }

[[vars.BOUNCER.rules]]
name = \"one\"

[[vars.BOUNCER.rules]]
name = \"two\"
match = [
  \"GET /a\",
  \"GET /b\",
]
cost = 0x10
";

    const JSONC: &str = r#"{
  // where it runs
  "vars": {
    "BOUNCER": {
      "origin": "http://a",
      "default": { "limit": "1/day" },
      "rules": [
        { "name": "one" },
        {
          "name": "two",
          "match": [
            "GET /a",
            "GET /b",
          ],
          "cost": 16,
        },
      ],
    },
  },
}
"#;

    #[test]
    fn a_field_is_found_at_its_line_and_a_missing_one_at_what_it_is_missing_from() {
        for (text, format, lines) in [
            (TOML, Format::Toml, [2, 3, 4, 6, 10, 13, 9, 2]),
            (JSONC, Format::Json, [4, 5, 6, 8, 10, 13, 9, 4]),
        ] {
            let root = Node::parse(text, format).unwrap();
            let policy = root.at(&["vars", "BOUNCER"]).unwrap();
            let paths = [
                "",
                "origin",
                "default.limit",
                "rules[0]",
                "rules[1].name",
                "rules[1].match[1]",
                "rules[1].limit",
                "jwt.secret",
            ];
            assert_eq!(paths.map(|path| policy.line_of(path)), lines, "{format:?}");
        }
    }

    #[test]
    fn both_formats_say_the_same() {
        let json = |text, format| {
            let root = Node::parse(text, format).unwrap();
            root.at(&["vars", "BOUNCER"]).unwrap().to_json()
        };
        assert_eq!(json(TOML, Format::Toml), json(JSONC, Format::Json));
    }

    #[test]
    fn what_is_no_such_file_is_told_with_its_place() {
        for (text, format) in [
            ("a = ", Format::Toml),
            ("{ \"a\" 1 }", Format::Json),
            ("", Format::Json),
        ] {
            assert!(Node::parse(text, format).is_err(), "{text:?}");
        }
    }
}
