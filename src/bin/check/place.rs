//! Where in wrangler.toml a field of the policy stands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file, and the line in it of the field at this path if it can be told.
pub(crate) fn of(file: &str, text: &str, path: &str) -> String {
    match line_of(text, path) {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}

/// The line, from 1, of the field at this path under `[vars.BOUNCER]`, or of the nearest thing around it that is there.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let vars = document.get_ref().get("vars")?;
    let mut place: &Spanned<DeValue<'_>> = vars.get_ref().get(bouncer::bouncer::POLICY)?;
    let mut line = line_at(text, place.span().start);
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let inner = match step
            .strip_suffix(']')
            .and_then(|index| index.parse::<usize>().ok())
        {
            Some(index) => place.get_ref().get(index),
            None => place.get_ref().get(step),
        };
        let Some(inner) = inner else { break };
        place = inner;
        line = line_at(text, place.span().start);
    }
    Some(line)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
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
";

    #[test]
    fn a_field_is_found_at_its_line_and_a_missing_one_at_what_it_is_missing_from() {
        for (path, line) in [
            ("", 2),
            ("origin", 3),
            ("default.limit", 4),
            ("rules[0]", 6),
            ("rules[1].name", 10),
            ("rules[1].match[1]", 13),
            ("rules[1].limit", 9),
            ("jwt.secret", 2),
        ] {
            assert_eq!(line_of(TEXT, path), Some(line), "{path:?}");
        }
    }
}
