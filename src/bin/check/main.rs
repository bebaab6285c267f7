//! Checks the policy in wrangler.toml and shows what it means, without deploying anything.
//!
//! `bouncer-check` prints the effective table, `bouncer-check "POST /api/v1/auth/login"` what happens to that request.
//! `--config FILE` names another file than wrangler.toml. Exit code 1 with one line, which begins with the file and the
//! line in it, when the policy is wrong.

mod place;

use std::process::ExitCode;

use bouncer::policy::{Action, Policy, PolicyError, Rule, algorithm_name};
use bouncer::route::{NormalPath, Pattern};
use bouncer_durable::Algorithm;

const HELP: &str = "usage: npm run check [-- [--config FILE] [\"METHOD /path\"]]";

fn main() -> ExitCode {
    let mut file = "wrangler.toml".to_owned();
    let mut request = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match (arg.as_str(), &request) {
            ("--config", _) => match args.next() {
                Some(name) => file = name,
                None => return usage(),
            },
            (text, None) if !text.starts_with('-') => request = Some(text.to_owned()),
            _ => return usage(),
        }
    }
    let answer = read(&file).and_then(|policy| match &request {
        None => Ok(table(&policy)),
        Some(request) => explain(&policy, request),
    });
    match answer {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{HELP}");
    ExitCode::from(2)
}

/// The policy of this file, or one line that says where it is wrong.
fn read(file: &str) -> Result<Policy, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{file}: cannot be read: {error}"))?;
    let toml: toml::Table = text.parse().map_err(|error| format!("{file}: {error}"))?;
    let policy = toml
        .get("vars")
        .and_then(|vars| vars.get(bouncer::bouncer::POLICY))
        .ok_or_else(|| format!("{file}: has no policy; write it under [vars.BOUNCER]"))?;
    let json = match policy {
        toml::Value::String(json) => json.clone(),
        table => serde_json::to_string(table).map_err(|error| format!("{file}: {error}"))?,
    };
    Policy::from_json(&json).map_err(|error| at_its_line(file, &text, &error))
}

fn at_its_line(file: &str, text: &str, error: &PolicyError) -> String {
    match place::line_of(text, &error.path) {
        Some(line) => format!("{file}:{line}: {error}"),
        None => format!("{file}: {error}"),
    }
}

fn table(policy: &Policy) -> String {
    let mut rows = vec![["rule", "requests", "key", "limits", "algorithm"].map(str::to_owned)];
    for rule in policy.rules.iter().chain([&policy.default]) {
        let [key, limits, algorithm] = meaning(rule);
        let requests: Vec<String> = match rule.patterns.as_slice() {
            [] => vec!["everything else".to_owned()],
            patterns => patterns.iter().map(ToString::to_string).collect(),
        };
        let mut cells = [rule.name.clone(), key, limits, algorithm];
        for request in requests {
            let [name, key, limits, algorithm] = std::mem::take(&mut cells);
            rows.push([name, request, key, limits, algorithm]);
        }
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 5]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    format!(
        "origin {}\n\n{}",
        policy.origin,
        rows.iter().map(line).collect::<String>()
    )
}

/// Key, limits and algorithm.
fn meaning(rule: &Rule) -> [String; 3] {
    match &rule.action {
        Action::Exempt => ["-", "exempt", "-"].map(str::to_owned),
        Action::Limit { key, limits } => {
            let texts: Vec<_> = limits.iter().map(ToString::to_string).collect();
            let algorithm = limits.first().map(|limit| match limit.algorithm() {
                Algorithm::TokenBucket { burst: Some(burst) } => {
                    format!("token-bucket, burst {burst}")
                }
                algorithm => algorithm_name(algorithm).to_owned(),
            });
            [
                key.to_string(),
                texts.join("; "),
                algorithm.unwrap_or_default(),
            ]
        }
    }
}

fn explain(policy: &Policy, request: &str) -> Result<String, String> {
    let Some((method, target)) = request.trim().split_once(' ') else {
        return Err(format!(
            "found {request:?}; write a method and a path, as in \"POST /api/v1/auth/login\""
        ));
    };
    let path = target.trim().split('?').next().unwrap_or_default();
    let rule = policy.route(method, path);
    let normal = NormalPath::new(path);
    let [key, limits, algorithm] = meaning(rule);
    let mut lines = vec![format!("{method} {path}")];
    if !normal.is_plain() {
        lines.push(format!("  is matched as  {}", normal.as_str()));
    }
    lines.push(format!("  rule           {}", rule.name));
    if rule.action == Action::Exempt {
        lines.push("  is exempt: not counted, not stamped".to_owned());
    } else {
        lines.push(format!("  counted by     {key}"));
        lines.push(format!("  limits         {limits}"));
        lines.push(format!("  algorithm      {algorithm}"));
    }
    let is_like = |other: &&Rule| {
        let means = |pattern: &Pattern| pattern.matches(method, &normal);
        other.action == Action::Exempt
            && other.name != rule.name
            && other.patterns.iter().any(means)
    };
    if let Some(exempt) = policy.rules.iter().find(is_like) {
        lines.push(format!(
            "  (not {}: only its exact path is exempt)",
            exempt.name
        ));
    }
    Ok(lines.join("\n") + "\n")
}
