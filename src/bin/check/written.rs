//! A policy as it is written, and everything that is wrong with it.

use bouncer::bouncer::{POLICY, names_file};
use bouncer::policy::{Policy, PolicyError};
use serde_json::Value as Json;

use crate::config::{Config, Environment};
use crate::document::Node;
use crate::plainly::plainly;

/// The most that Cloudflare takes as one variable, in bytes.
const MAX_VARIABLE_BYTES: usize = 5_120;

/// The most that a policy in a file of its own may be, in bytes.
const MAX_FILE_BYTES: usize = 1_048_576;

/// A policy that is right, and where it stands.
pub(crate) struct Written {
    place: Place,
    pub(crate) json: String,
    pub(crate) policy: Policy,
    /// The file of its own, if it has one, as it is named in the configuration.
    pub(crate) own_file: Option<String>,
}

/// Where a policy stands.
struct Place {
    file: String,
    /// What is said before the name of a field.
    label: String,
    root: Node,
}

// === impl Written ===

impl Written {
    /// Reads the policy of an environment, or says all that is wrong with it, a line each.
    pub(crate) fn read(
        config: &Config,
        environment: &Environment<'_>,
    ) -> Result<Self, Vec<String>> {
        let one = |problem: String| vec![problem];
        let node = environment
            .policy()
            .ok_or_else(|| one(environment.lacks_policy()))?;
        let label = environment.label();
        let own_file = node
            .text()
            .filter(|text| names_file(text))
            .map(str::to_owned);
        let (place, json) = match (&own_file, node.text()) {
            (Some(name), _) => {
                let file = config.beside(name);
                let root = Node::read(&file).map_err(one)?;
                let json = root.to_json();
                (Place { file, label, root }, json)
            }
            (None, text) => {
                let place = Place {
                    file: config.file.clone(),
                    label,
                    root: node.clone(),
                };
                let json = match text.map(serde_json::from_str) {
                    Some(Ok(json)) => json,
                    Some(Err(error)) => {
                        let problem = format!(
                            "is text that is no JSON ({error}); write a table, or the name of a file that ends in .toml"
                        );
                        return Err(one(place.of(&PolicyError {
                            path: String::new(),
                            problem,
                        })));
                    }
                    None => node.to_json(),
                };
                (place, json)
            }
        };
        let text = json.to_string();
        let policy = all_errors(&json).map_err(|errors| place.in_order(&errors))?;
        policy
            .origin
            .check(|name| environment.is_bound(name))
            .map_err(|error| one(place.of(&error)))?;
        let written = Self {
            place,
            json: text,
            policy,
            own_file,
        };
        written.fits().map_err(one)?;
        Ok(written)
    }

    /// Whether it is deployed as it is.
    fn fits(&self) -> Result<(), String> {
        let bytes = self.json.len();
        let problem = match self.own_file {
            None if bytes > MAX_VARIABLE_BYTES => format!(
                "is {bytes} bytes as a variable, and Cloudflare takes {MAX_VARIABLE_BYTES}; move it to a file of its own: write {POLICY} = \
                 \"bouncer.toml\" under [vars] in its place, and its fields into bouncer.toml, without \"vars.{POLICY}\""
            ),
            Some(_) if bytes > MAX_FILE_BYTES => {
                format!("is {bytes} bytes, and a policy has at most {MAX_FILE_BYTES}")
            }
            _ => return Ok(()),
        };
        Err(self.place.of(&PolicyError {
            path: String::new(),
            problem,
        }))
    }

    /// What is said of a field, behind its file and line.
    pub(crate) fn at(&self, path: &str, said: &str) -> String {
        self.place.at(path, said)
    }
}

// === impl Place ===

impl Place {
    /// What is said of each, by line.
    fn in_order(&self, errors: &[PolicyError]) -> Vec<String> {
        let mut errors: Vec<&PolicyError> = errors.iter().collect();
        errors.sort_by_key(|error| self.root.line_of(&error.path));
        errors.into_iter().map(|error| self.of(error)).collect()
    }

    fn of(&self, error: &PolicyError) -> String {
        self.at(&error.path, &error.to_string())
    }

    fn at(&self, path: &str, said: &str) -> String {
        let Self { file, label, root } = self;
        format!("{file}:{}: {label}{said}", root.line_of(path))
    }
}

/// The policy, or all that is wrong with it: what is wrong is taken out and the rest is looked at again, for as long as what is
/// found is no consequence of that.
fn all_errors(json: &Json) -> Result<Policy, Vec<PolicyError>> {
    let mut rest = json.clone();
    let mut rules = Rules::of(&rest);
    let mut errors: Vec<PolicyError> = Vec::new();
    let mut taken_out = Vec::new();
    loop {
        let mut error = match Policy::from_json(&rest.to_string()) {
            Ok(policy) if errors.is_empty() => return Ok(policy),
            Ok(_) => return Err(errors),
            Err(error) => error,
        };
        let found = error.path.clone();
        error.path = rules.written(&error.path);
        let is_consequence = taken_out.iter().any(|path: &String| {
            let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
            error.path == *path || error.path == parent
        }) || is_for_want_of(&error, &taken_out);
        if !is_consequence {
            taken_out.push(error.path.clone());
            errors.push(plainly(error, json));
        }
        let is_gone = !is_consequence && take_out(&found, &mut rest)
            || rules.take_out(&found, &mut rest)
            || replace_default(&found, &mut rest);
        if !is_gone {
            return Err(errors);
        }
    }
}

/// Whether it is only that a section is missing which was taken out.
fn is_for_want_of(error: &PolicyError, taken_out: &[String]) -> bool {
    let mut sections = ["jwt", "api_keys"].into_iter();
    sections.any(|section| {
        let is_out = taken_out.iter().any(|path| path == section);
        is_out
            && error
                .problem
                .contains(&format!("[vars.{POLICY}.{section}]"))
    })
}

/// Where the rules that are left stand in what was written.
struct Rules(Vec<usize>);

// === impl Rules ===

impl Rules {
    fn of(json: &Json) -> Self {
        let rules = json.get("rules").and_then(Json::as_array);
        Self((0..rules.map_or(0, Vec::len)).collect())
    }

    /// The path as it was written.
    fn written(&self, path: &str) -> String {
        match rule_of(path).and_then(|(index, rest)| Some((self.0.get(index)?, rest))) {
            Some((index, rest)) => format!("rules[{index}]{rest}"),
            None => path.to_owned(),
        }
    }

    /// Takes out the rule that this path is in. False if it is in none.
    fn take_out(&mut self, path: &str, json: &mut Json) -> bool {
        let rules = json.get_mut("rules").and_then(Json::as_array_mut);
        match (rule_of(path), rules) {
            (Some((index, _)), Some(rules)) if index < rules.len() => {
                rules.remove(index);
                self.0.remove(index);
                true
            }
            _ => false,
        }
    }
}

/// The rule that a path is in, and the rest of the path.
fn rule_of(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix("rules[")?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// The steps of a path: names, and indices with a `]` behind them.
pub(crate) fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).filter(|step| !step.is_empty())
}

/// Puts a default in the place of one that is wrong or missing, since there must be one. False if it is none of that, or there
/// already.
fn replace_default(path: &str, json: &mut Json) -> bool {
    let is_default = path == "default" || path.starts_with("default.") || path.is_empty();
    let right = serde_json::json!({ "limit": "1/day" });
    match json.as_object_mut() {
        Some(fields) if is_default && fields.get("default") != Some(&right) => {
            fields.insert("default".to_owned(), right);
            true
        }
        _ => false,
    }
}

/// Takes out the field at this path. False if it is none of a table.
fn take_out(path: &str, json: &mut Json) -> bool {
    let Some((parent, field)) = path.rsplit_once('.').or(Some(("", path))) else {
        return false;
    };
    let place = steps(parent).try_fold(json, |place, step| match step.strip_suffix(']') {
        Some(index) => place.get_mut(index.parse::<usize>().ok()?),
        None => place.get_mut(step),
    });
    let fields = place.and_then(Json::as_object_mut);
    fields.is_some_and(|fields| fields.remove(field).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(policy: &Json) -> Vec<(String, String)> {
        let errors = all_errors(policy).err().unwrap_or_default();
        errors
            .into_iter()
            .map(|error| (error.path, error.problem))
            .collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_consequence_of_it() {
        let found = errors(&json!({
            "origin": "api.example.com",
            "timeout_ms": 0,
            "default": { "limit": "5 per fortnight", "kye": "ip" },
            "rules": [
                { "name": "a", "match": "GET /a", "limit": "1/day" },
                { "name": "b", "match": ["GET /b"] },
                { "name": "c", "match": ["GET /c"], "limit": "1/day" },
                { "name": "c", "match": ["/d"], "limit": "1/day", "cost": 0 },
            ],
        }));
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        let expected = [
            "default.kye",
            "rules[0].match",
            "timeout_ms",
            "rules[1].limit",
            "rules[3].match[0]",
        ];
        for path in expected {
            assert!(paths.contains(&path), "{path} in {found:?}");
        }
        assert!(
            paths.contains(&"origin") || paths.contains(&"default.limit"),
            "{found:?}"
        );
        let of = |path: &str| {
            found
                .iter()
                .find(|(found, _)| found == path)
                .map(|(_, problem)| problem.as_str())
        };
        assert!(
            of("default.kye")
                .unwrap()
                .starts_with("unknown field `kye`, expected one of `key`, ")
        );
        assert_eq!(
            of("rules[0].match"),
            Some("found \"GET /a\"; write a list, as in [\"GET /a\"]")
        );
    }

    #[test]
    fn a_policy_that_is_right_has_no_errors() {
        let policy = json!({ "origin": "http://a", "default": { "limit": "1/day" }, "rules": [] });
        assert!(all_errors(&policy).is_ok());
        for nonsense in [
            json!(7),
            json!([]),
            json!("x"),
            json!({}),
            json!({ "rules": 7, "default": 7 }),
        ] {
            assert!(!errors(&nonsense).is_empty(), "{nonsense}");
        }
    }
}
