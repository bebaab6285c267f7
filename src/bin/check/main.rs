//! Checks the policy in wrangler.toml and shows what it means, without deploying anything.
//!
//! `bouncer-check` prints the effective table, `bouncer-check "POST /api/v1/auth/login"` what happens to that request.
//! `--token FILE` says what the token in that file verifies as, or why it does not; given a request too, as whom each rule counts it.
//! `--config FILE` names another file than wrangler.toml. Exit code 1 with one line, which begins with the file and the
//! line in it, when the policy is wrong.

mod place;
mod table;
mod token;
mod words;

use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use bouncer::policy::{Action, KeySource, Mode, Policy, PolicyError, Rule, Warning};
use bouncer::route::{Pattern, RequestLine, resolve};

use token::Sender;

const HELP: &str = "usage: npm run check [-- [--config FILE] [--token FILE] [\"METHOD /path\"]]";

fn main() -> ExitCode {
    let mut file = "wrangler.toml".to_owned();
    let (mut request, mut token) = (None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match (arg.as_str(), &request) {
            ("--config", _) => match args.next() {
                Some(name) => file = name,
                None => return usage(),
            },
            ("--token", _) => match args.next() {
                Some(name) => token = Some(name),
                None => return usage(),
            },
            (text, None) if !text.starts_with('-') => request = Some(text.to_owned()),
            _ => return usage(),
        }
    }
    match read(&file)
        .and_then(|written| answer(&file, &written, request.as_deref(), token.as_deref()))
    {
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

/// What to print, after the warnings.
fn answer(
    file: &str,
    written: &Written,
    request: Option<&str>,
    token: Option<&str>,
) -> Result<String, String> {
    let Written { text, json, policy } = written;
    let sender = token
        .map(|token| Sender::new(file, json, token))
        .transpose()?;
    let answer = match (request, &sender) {
        (None, None) => table::of(policy),
        (None, Some(sender)) => sender.explain()?,
        (Some(request), None) => explain(policy, request, None)?,
        (Some(request), Some(sender)) => {
            let verdict = sender.explain().unwrap_or_else(|why| format!("{why}\n"));
            verdict + &explain(policy, request, Some(sender))?
        }
    };
    for warning in policy
        .warnings()
        .into_iter()
        .chain(unset_secret(file, policy))
    {
        eprintln!("{}: {warning}", place::of(file, text, &warning.path));
    }
    Ok(answer)
}

/// Whether the secret that tokens are verified with is missing from the ones for local use, which are all that can be seen
/// from here.
fn unset_secret(file: &str, policy: &Policy) -> Option<Warning> {
    let KeySource::Secret(name) = &policy.jwt.as_ref()?.key else {
        return None;
    };
    let secrets =
        std::fs::read_to_string(Path::new(file).with_file_name(".dev.vars")).unwrap_or_default();
    let is_it = |line: &str| {
        line.split_once('=')
            .is_some_and(|(found, _)| found.trim() == name)
    };
    (!secrets.lines().any(is_it)).then(|| Warning::unset_secret("jwt.secret", name))
}

fn usage() -> ExitCode {
    eprintln!("{HELP}");
    ExitCode::from(2)
}

/// A policy and the file's text.
struct Written {
    text: String,
    json: String,
    policy: Policy,
}

/// The policy of this file, or one line that says where it is wrong.
fn read(file: &str) -> Result<Written, String> {
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
    let at_its_line =
        |error: PolicyError| format!("{}: {error}", place::of(file, &text, &error.path));
    let policy = Policy::from_json(&json)
        .and_then(|policy| {
            policy
                .origin
                .check(|name| is_bound(&toml, name))
                .map(|()| policy)
        })
        .map_err(at_its_line)?;
    Ok(Written { text, json, policy })
}

/// Whether a service is bound under this name.
fn is_bound(toml: &toml::Table, name: &str) -> bool {
    let services = toml.get("services").and_then(toml::Value::as_array);
    let mut names = services
        .into_iter()
        .flatten()
        .map(|service| service.get("binding"));
    names.any(|binding| binding.and_then(toml::Value::as_str) == Some(name))
}

fn explain(policy: &Policy, request: &str, sender: Option<&Sender>) -> Result<String, String> {
    let Some((method, target)) = request.trim().split_once(' ') else {
        return Err(format!(
            "found {request:?}; write a method and a path, as in \"POST /api/v1/auth/login\""
        ));
    };
    let target = target.trim().split('#').next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let line = RequestLine {
        query,
        ..RequestLine::new(method, path)
    };
    let route = policy.route_line(&line);
    let mut lines = vec![format!("{method} {path}")];
    let resolved = resolve(path);
    if resolved != path {
        lines.push(format!("  is sent as     {resolved}"));
    }
    if !route.is_exempt {
        lines.extend(readings(policy, &line));
    }
    for rule in route.rules() {
        let also = if rule.also { "and also" } else { "rule" };
        lines.push(format!("  {also:<13}  {}", rule.name));
        lines.extend(counted(rule));
        let key = sender.and_then(|sender| sender.counted_as(rule));
        lines.extend(key.map(|key| format!("  counts it as   {key}")));
    }
    let is_like = |other: &&Rule| {
        let means = |pattern: &Pattern| {
            let mut is_meant = false;
            policy.reader.each_reading(&resolved, &mut |reading| {
                is_meant |= pattern.matches(Some(method), reading);
            });
            is_meant
        };
        other.action == Action::Exempt && other.patterns.iter().any(means)
    };
    if !route.is_exempt
        && let Some(exempt) = policy.rules.iter().find(is_like)
    {
        lines.push(format!(
            "  (not {}: only its exact path is exempt)",
            exempt.name
        ));
    }
    Ok(lines.join("\n") + "\n")
}

/// Every reading of a request that has several, with the rules that it falls under. Spellings that no rule tells apart are one.
fn readings(policy: &Policy, line: &RequestLine<'_>) -> Vec<String> {
    let mut readings = policy.readings(line);
    let mut seen = HashSet::new();
    readings.retain(|(reading, rules)| {
        let names: Vec<_> = rules.iter().map(|rule| &rule.name).collect();
        seen.insert(format!(
            "{} {names:?}",
            reading.trim_end_matches('/').to_lowercase()
        ))
    });
    if readings.len() == 1 {
        return Vec::new();
    }
    let shown = readings.iter().map(|(reading, rules)| {
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        (reading.escape_debug().to_string(), names.join(", "))
    });
    let shown: Vec<_> = shown.collect();
    let width = shown
        .iter()
        .map(|(reading, _)| reading.chars().count())
        .max();
    let width = width.unwrap_or_default();
    let mut what = "is read as";
    let line = |(reading, names): &(String, String)| {
        let what = std::mem::take(&mut what);
        format!("  {what:<13}  {reading:<width$}  {names}")
    };
    shown.iter().map(line).collect()
}

/// How a rule counts, line by line.
fn counted(rule: &Rule) -> Vec<String> {
    let Some(counting) = rule.counting() else {
        return vec!["  is exempt: not counted, not stamped".to_owned()];
    };
    let line = |what: &str, value: &dyn Display| format!("  {what:<13}  {value}");
    let mut lines = vec![line("counted by", &counting.key)];
    if counting.bucket != rule.name {
        lines.push(line("in the bucket", &counting.bucket));
    }
    let allowances = counting.allowances.each();
    lines.extend(
        allowances.map(|(holder, allowance)| line("limits", &words::limits(holder, allowance))),
    );
    lines.extend(
        words::algorithm(&counting.allowances).map(|algorithm| line("algorithm", &algorithm)),
    );
    if counting.cost.get() > 1 {
        lines.push(line("costs", &format!("{} permits", counting.cost)));
    }
    lines.extend(words::counts(&counting.counts).map(|counts| line("counts", &counts)));
    lines.push(line("on error", &words::on_error(counting.on_error)));
    if counting.mode == Mode::Shadow {
        lines.push("  in shadow mode: refuses nothing, only reports".to_owned());
    }
    lines
}
