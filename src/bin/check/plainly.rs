//! Errors of a parser, in the words of somebody who writes policies and not programs.

use bouncer::policy::PolicyError;
use serde_json::Value as Json;

use crate::written::steps;

/// What to write for fields that must be there.
const NEEDED: [(&str, &str); 7] = [
    ("default", "default = { limit = \"100/minute\" }"),
    ("limit", "limit = \"100/minute\""),
    ("name", "a name of its own, as in name = \"search\""),
    (
        "match",
        "the requests that it is about, as in match = [\"GET /search\"]",
    ),
    (
        "algorithm",
        "how tokens are signed, as in algorithm = \"HS256\"",
    ),
    (
        "sha256",
        "the key's hash, which `printf %s KEY | sha256sum` prints, as in sha256 = \"...\"",
    ),
    (
        "origins",
        "the origins of your pages, as in origins = [\"https://app.example.com\"]",
    ),
];

/// Fields of the whole policy, which are easily written below a table that they do not belong to.
const OF_ALL: [&str; 6] = [
    "default",
    "origin",
    "mode",
    "on_error",
    "store",
    "unverified",
];

/// The same error, said so that it is clear what to write.
pub(crate) fn plainly(mut error: PolicyError, json: &Json) -> PolicyError {
    let problem = std::mem::take(&mut error.problem);
    let found = steps(&error.path).try_fold(json, |place, step| match step.strip_suffix(']') {
        Some(index) => place.get(index.parse::<usize>().ok()?),
        None => place.get(step),
    });
    let told = unknown_field(&problem, &error.path)
        .or_else(|| unknown_word(&problem))
        .or_else(|| missing_field(&problem, &error.path))
        .or_else(|| wrong_type(&problem, &error.path, found?));
    error.problem = told.unwrap_or(problem);
    error
}

/// A field that is not known, with those that it is most like named first.
fn unknown_field(problem: &str, path: &str) -> Option<String> {
    let (unknown, known) = problem.strip_prefix("unknown field `")?.split_once('`')?;
    let is_misplaced = path.contains('.') && OF_ALL.contains(&unknown);
    let hint = if is_misplaced {
        format!(
            "; {unknown:?} is of the whole policy, so write it above the first table that begins with [vars.BOUNCER."
        )
    } else if unknown == "key" && path.starts_with("api_keys") {
        format!("; {}", needed("sha256"))
    } else {
        String::new()
    };
    let Some(known) = known.strip_prefix(", expected one of ") else {
        return Some(format!("{problem}{hint}"));
    };
    let mut known: Vec<&str> = known.split(", ").collect();
    let likeness = |field: &str| strsim::jaro_winkler(field.trim_matches('`'), unknown);
    known.sort_by(|one, other| likeness(other).total_cmp(&likeness(one)));
    Some(format!(
        "unknown field `{unknown}`, expected one of {}{hint}",
        known.join(", ")
    ))
}

/// A word that is none of those that can stand there.
fn unknown_word(problem: &str) -> Option<String> {
    let (unknown, known) = problem
        .strip_prefix("unknown variant `")?
        .split_once("`, expected ")?;
    let known = known
        .trim_start_matches("one of ")
        .replace('`', "\"")
        .replace("\", \"", "\" or \"");
    Some(format!("found {unknown:?}; write {known}"))
}

fn missing_field(problem: &str, path: &str) -> Option<String> {
    let field = problem.strip_prefix("missing field `")?.strip_suffix('`')?;
    if path.ends_with("limit") && field == "default" {
        return Some("has no \"default\"; write what everybody else is allowed, as in default = \"60/minute\"".to_owned());
    }
    Some(format!("has no {field:?}; {}", needed(field)))
}

fn needed(field: &str) -> String {
    let example = NEEDED.iter().find(|(name, _)| *name == field);
    example.map_or_else(
        || format!("write {field} = ..."),
        |(_, example)| format!("write {example}"),
    )
}

/// A value of another type than stands there.
fn wrong_type(problem: &str, path: &str, found: &Json) -> Option<String> {
    let (_, expected) = problem
        .strip_prefix("invalid type: ")?
        .rsplit_once(", expected ")?;
    let wanted = match expected {
        "a sequence" if found.is_object() => {
            let name = path.rsplit('.').next().unwrap_or_default();
            return Some(format!(
                "is one table; each of them begins with [[vars.BOUNCER.{name}]], in two brackets"
            ));
        }
        "a sequence" => format!("a list, as in [{found}]"),
        "a string" => format!("text, as in \"{}\"", found.to_string().trim_matches('"')),
        "a boolean" => "true or false, without quotes".to_owned(),
        "u8" | "u16" | "u32" | "u64" => "a whole number, without quotes or a unit".to_owned(),
        "struct DefaultSource" => format!("a table, as in {{ limit = {found} }}"),
        _ if expected.starts_with("struct ") => "a table".to_owned(),
        _ => return None,
    };
    Some(format!("found {found}; write {wanted}"))
}

#[cfg(test)]
mod tests {
    use bouncer::policy::Policy;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_parser_says_is_said_with_what_to_write() {
        let of = |fields: &Json| {
            let mut policy = json!({ "origin": "http://a", "default": { "limit": "1/day" } });
            let all = policy.as_object_mut().unwrap();
            all.extend(fields.as_object().unwrap().clone());
            plainly(Policy::from_json(&policy.to_string()).unwrap_err(), &policy).to_string()
        };
        for (fields, expected) in [
            (
                json!({ "default": "30/minute" }),
                "BOUNCER.default: found \"30/minute\"; write a table, as in { limit = \"30/minute\" }",
            ),
            (
                json!({ "default": {} }),
                "BOUNCER.default: has no \"limit\"; write limit = \"100/minute\"",
            ),
            (
                json!({ "timeout_ms": "1s" }),
                "BOUNCER.timeout_ms: found \"1s\"; write a whole number, without quotes or a unit",
            ),
            (
                json!({ "mode": "Shadow" }),
                "BOUNCER.mode: found \"Shadow\"; write \"enforce\" or \"shadow\"",
            ),
            (
                json!({ "on_error": "opne" }),
                "BOUNCER.on_error: found \"opne\"; write \"open\" or \"local\" or \"closed\"",
            ),
            (
                json!({ "rules": { "name": "a" } }),
                "BOUNCER.rules: is one table; each of them begins with [[vars.BOUNCER.rules]], in two brackets",
            ),
            (
                json!({ "rules": [{ "match": ["GET /a"] }] }),
                "BOUNCER.rules[0]: has no \"name\"; write a name of its own, as in name = \"search\"",
            ),
            (
                json!({ "rules": [{ "name": "a", "match": "GET /a" }] }),
                "BOUNCER.rules[0].match: found \"GET /a\"; write a list, as in [\"GET /a\"]",
            ),
            (
                json!({ "rules": [{ "name": "a", "match": ["GET /a"], "exempt": "yes" }] }),
                "BOUNCER.rules[0].exempt: found \"yes\"; write true or false, without quotes",
            ),
            (
                json!({ "jwt": {} }),
                "BOUNCER.jwt: has no \"algorithm\"; write how tokens are signed, as in algorithm = \"HS256\"",
            ),
            (
                json!({ "api_keys": { "keys": [{ "key": "abc" }] } }),
                "BOUNCER.api_keys.keys[0].key: unknown field `key`, expected `sha256` or `plan`; write the key's hash",
            ),
        ] {
            let found = of(&fields);
            assert!(found.starts_with(expected), "{found}");
        }
        let misplaced =
            of(&json!({ "jwt": { "algorithm": "HS256", "secret": "S", "default": 1 } }));
        assert!(
            misplaced.contains("write it above the first table"),
            "{misplaced}"
        );
    }
}
