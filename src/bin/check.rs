//! Checks the policy in wrangler.toml and shows what it means, without deploying anything.
//!
//! `bouncer-check [wrangler.toml]`: exit 0 and a table, or exit 1 and one line that says what to change.

use std::process::ExitCode;

use bouncer::policy::{Action, Policy, Rule};

fn main() -> ExitCode {
    let file = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "wrangler.toml".to_owned());
    match check(&file) {
        Ok(policy) => {
            print_table(&policy);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{file}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &str) -> Result<Policy, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    let toml: toml::Table = text
        .parse()
        .map_err(|error| format!("is not TOML: {error}"))?;
    let policy = toml
        .get("vars")
        .and_then(|vars| vars.get(bouncer::bouncer::POLICY))
        .ok_or("has no policy; write it under [vars.BOUNCER]")?;
    let json = serde_json::to_string(policy).map_err(|error| error.to_string())?;
    Policy::from_json(&json).map_err(|error| error.to_string())
}

fn print_table(policy: &Policy) {
    println!("origin {}", policy.origin);
    for rule in policy.rules.iter().chain([&policy.default]) {
        println!("{:<12} {}", rule.name, meaning(rule));
        if rule.patterns.is_empty() {
            println!("{:<12}   everything else", "");
        }
        for pattern in &rule.patterns {
            println!("{:<12}   {pattern}", "");
        }
    }
}

fn meaning(rule: &Rule) -> String {
    match &rule.action {
        Action::Exempt => "exempt".to_owned(),
        Action::Limit { key, limits } => {
            let limits: Vec<_> = limits.iter().map(ToString::to_string).collect();
            format!("{}, counted by {key}", limits.join(" and "))
        }
    }
}
