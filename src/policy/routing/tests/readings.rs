//! Whatever handler of whatever origin would run, the rule under which it falls counts the request.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{policy, rule};
use crate::policy::Policy;
use crate::route::origins::{ORIGINS, Origin};
use crate::route::resolve;

/// The handlers of an origin and its rules. More exact ones come first, so that every router has them in this order.
const HANDLERS: [(&str, &str); 10] = [
    ("/", "/"),
    ("/login", "/login"),
    ("/search", "/search"),
    ("/search/*", "/search/{term}"),
    ("/public/**", "/public/**"),
    ("/api/queues/*/*", "/api/queues/{vhost}/{name}"),
    ("/files/*/acl", "/files/{id}/acl"),
    ("/files/*", "/files/{id}"),
    ("/about", "/about"),
    ("/*", "/{page}"),
];

fn site(changes: Value) -> Policy {
    let rules = HANDLERS.iter().enumerate().map(|(index, (_, pattern))| {
        let mut rule = rule(&format!("r{index}"), &format!("GET {pattern}"));
        if pattern.starts_with("/public") {
            rule["limit"] = json!("unlimited");
        }
        rule
    });
    policy(changes, json!(rules.collect::<Vec<_>>()))
}

/// What the documentation says that such an origin needs.
fn policy_for(origin: &Origin) -> Policy {
    let mut changes = json!({ "strict_paths": !(origin.ignores_case && origin.ignores_end) });
    if origin.has_formats {
        changes["path_suffixes"] = json!([".*"]);
    }
    if origin.name == "php" {
        changes["front_controllers"] = json!(["index.php"]);
    }
    site(changes)
}

/// The rule of the handler that runs, if one does and the policy does not count the request under it.
fn uncounted(policy: &Policy, origin: &Origin, raw: &str) -> Option<String> {
    let handlers = HANDLERS.map(|(handler, _)| handler);
    let index = origin.handler(&handlers, &resolve(raw))?;
    let expected = policy.rules.get(index).unwrap_or(&policy.default);
    let route = policy.route("GET", raw);
    let is_counted = route.rules().any(|rule| rule.name == expected.name);
    (!is_counted).then(|| {
        let names: Vec<_> = route.rules().map(|rule| &rule.name).collect();
        format!(
            "{} runs {} for {raw:?}, counted by {names:?}",
            origin.name, expected.name
        )
    })
}

fn raw_path() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%2F",
        "%2f",
        "%5C",
        "%5c",
        ";",
        "%3B",
        "%01",
        "%00",
        "%0A",
        "%25",
        "%252F",
        "%252e",
        "%zz",
        "\\",
        "A",
        "Z",
        "%41",
        "%6c",
        "%C3%A9",
        "%FF",
        ".json",
        "/index.php",
        "x",
    ]);
    let name = prop::sample::select(vec![
        "/login",
        "/search",
        "/search/x",
        "/public/y",
        "/api/queues/v/n",
        "/files/1",
        "/files/1/acl",
        "/about",
        "/page",
        "/..",
    ]);
    let part = prop_oneof![2 => odd, 1 => name].prop_map(str::to_owned);
    prop::collection::vec(part, 0..9).prop_map(|parts| {
        let path = parts.concat();
        if path.starts_with(['/', '\\']) {
            path
        } else {
            format!("/{path}")
        }
    })
}

/// An origin, and the handler that it ran for each path, if it ran one.
type Answers = (&'static Origin, Vec<Option<usize>>);

/// The answers of real origins to hostile paths: origins.py beside it asked them.
fn vectors() -> (Vec<String>, Vec<Answers>) {
    let vectors = include_str!("../../../../tests/vectors/origins.json");
    let mut vectors: Value = serde_json::from_str(vectors).unwrap();
    let answers = vectors["origins"].as_object().unwrap().clone();
    let answers = answers.into_iter().map(|(name, handlers)| {
        let origin = ORIGINS.iter().find(|origin| origin.name == name).unwrap();
        (origin, serde_json::from_value(handlers).unwrap())
    });
    let answers = answers.collect();
    (
        serde_json::from_value(vectors["paths"].take()).unwrap(),
        answers,
    )
}

#[test]
fn the_models_run_the_handlers_that_real_origins_run() {
    let (paths, answers) = vectors();
    let handlers = HANDLERS.map(|(handler, _)| handler);
    let mut wrong = Vec::new();
    for (origin, found) in &answers {
        for (path, found) in paths.iter().zip(found) {
            // What a server answers by itself, a model may leave to the handler.
            if found.is_some() && origin.handler(&handlers, path) != *found {
                let modelled = origin.handler(&handlers, path);
                wrong.push(format!(
                    "{} runs {found:?} for {path}, its model {modelled:?}",
                    origin.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(answers.len() >= 10 && paths.len() >= 200);
}

#[test]
fn whatever_handler_a_real_origin_ran_the_rule_it_falls_under_counts_the_request() {
    let (paths, answers) = vectors();
    for (origin, found) in &answers {
        let policy = policy_for(origin);
        for (path, index) in paths
            .iter()
            .zip(found)
            .filter_map(|(path, found)| Some((path, (*found)?)))
        {
            let expected = policy.rules.get(index).unwrap_or(&policy.default);
            let route = policy.route("GET", path);
            let is_counted = route.rules().any(|rule| rule.name == expected.name);
            assert!(
                is_counted,
                "{} runs {} for {path}",
                origin.name, expected.name
            );
        }
    }
}

/// 10,000 unless fewer or more are asked for.
fn cases() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked {
        ProptestConfig::default().cases
    } else {
        10_000
    };
    ProptestConfig {
        cases,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_handler_would_run_the_rule_it_falls_under_counts_the_request(raw in raw_path()) {
        thread_local! {
            static POLICIES: Vec<Policy> = ORIGINS.iter().map(policy_for).collect();
        }
        let uncounted = POLICIES.with(|policies| {
            let mut each = policies.iter().zip(&ORIGINS);
            each.find_map(|(policy, origin)| uncounted(policy, origin, &raw))
        });
        prop_assert_eq!(uncounted, None);
    }
}
