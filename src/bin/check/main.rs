//! Checks the policy of a configuration and shows what it means, without deploying anything.
//!
//! `bouncer-check` prints the effective table, `bouncer-check "POST /api/v1/auth/login"` what happens to that request. Said of
//! its client (`--user`, `--token FILE`, …), it prints as whom each rule counts it and what it allows.
//!
//! It looks at the file and the environment that wrangler would take: `--config FILE`, `--env NAME` or `CLOUDFLARE_ENV`; without
//! one, at all that have a policy. With `--deploy` it also asks for what only a deployed Worker needs. Exit code 1 when
//! something is wrong, with a line for each that begins with the file and the line in it; 2 when it is called otherwise.

mod bundle;
mod client;
mod config;
mod document;
mod origin;
mod plainly;
mod secrets;
mod table;
mod words;
mod written;

use std::collections::HashSet;
use std::fmt::Display;
use std::process::ExitCode;

use bouncer::policy::{Action, Mode, Policy, Rule};
use bouncer::route::{Pattern, RequestLine, resolve};

use client::{Said, Sender};
use config::{Config, Environment, Wanted};
use secrets::Secrets;
use written::Written;

const HELP: &str = "\
usage: npm run check [-- [OPTIONS] [\"METHOD /path\"]]

  --config FILE     the configuration; wrangler.json, .jsonc or .toml if not given
  --env NAME        one environment; all that have a policy if not given
  --user NAME, --tenant NAME, --plan NAME, --role NAME
                    a client with a token in which these stand
  --token FILE      a client with this token
  --api-key KEY     a client with this key
  --ip ADDRESS      a client at this address";

/// What is asked for.
struct Options {
    config: Option<String>,
    wanted: Wanted,
    deploys: bool,
    bundle: Option<String>,
    request: Option<String>,
    said: Said,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::read(args.into_iter()) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match answer(&options) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}

// === impl Options ===

impl Options {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            config: None,
            wanted: Wanted::All,
            deploys: false,
            bundle: None,
            request: None,
            said: Said::default(),
        };
        let mut environment = std::env::var("CLOUDFLARE_ENV").ok();
        while let Some(arg) = args.next() {
            let (name, given) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (arg.as_str(), None),
            };
            let mut value = || {
                let value = given.clone().or_else(|| args.next());
                value.ok_or_else(|| format!("{name}: nothing follows it"))
            };
            let said = &mut options.said;
            match name {
                "--config" | "-c" => options.config = Some(value()?),
                "--env" | "-e" => environment = Some(value()?),
                "--bundle" => options.bundle = Some(value()?),
                "--deploy" => options.deploys = true,
                "--token" => said.token = Some(value()?),
                "--user" => said.user = Some(value()?),
                "--tenant" => said.tenant = Some(value()?),
                "--plan" => said.plan = Some(value()?),
                "--role" => said.roles.push(value()?),
                "--api-key" => said.api_key = Some(value()?),
                "--ip" => said.ip = Some(value()?),
                _ if arg.starts_with('-') => {
                    return Err(format!("{arg}: is no option of this command"));
                }
                _ if options.request.is_some() => {
                    return Err(format!(
                        "{arg:?}: one request at a time; write it in quotes, as in \"GET /path\""
                    ));
                }
                _ => options.request = Some(arg),
            }
        }
        if options.said.token.is_some() && options.said.has_claims() {
            return Err("--token: has a user, a plan and roles of its own; leave out --user, --tenant, --plan and --role".to_owned());
        }
        options.wanted = match environment {
            Some(name) if name.is_empty() => Wanted::Top,
            Some(name) => Wanted::Named(name),
            None if options.deploys => Wanted::Top,
            None => Wanted::All,
        };
        Ok(options)
    }
}

/// What to print, after the warnings; or all that is wrong.
fn answer(options: &Options) -> Result<String, Vec<String>> {
    let config = Config::read(options.config.as_deref()).map_err(|problem| vec![problem])?;
    let environments = config
        .environments(&options.wanted)
        .map_err(|problem| vec![problem])?;
    let secrets = Secrets::beside(&config);
    let (mut problems, mut policies) = (Vec::new(), Vec::new());
    for environment in &environments {
        match read(&config, environment, options) {
            Ok(written) => policies.push((environment, written)),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut text = String::new();
    for (environment, written) in &policies {
        let answer = shown(written, options, &secrets)
            .map_err(|problem| vec![format!("{}{problem}", environment.label())])?;
        if let Some(name) = environment.name {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.extend([gap, "environment ", name, "\n\n"]);
        }
        text += &answer;
        let warnings = written.policy.warnings().into_iter();
        for warning in warnings
            .chain(origin::warning(&written.policy))
            .chain(secrets.warnings(&written.policy))
        {
            eprintln!("{}", written.at(&warning.path, &warning.to_string()));
        }
    }
    if let Some(folder) = &options.bundle {
        let written = policies.iter().map(|(_, written)| written);
        bundle::write(folder, written).map_err(|problem| vec![problem])?;
    }
    Ok(text)
}

/// The policy of an environment, if it can be deployed.
fn read(
    config: &Config,
    environment: &Environment<'_>,
    options: &Options,
) -> Result<Written, Vec<String>> {
    let written = Written::read(config, environment)?;
    let private = options
        .deploys
        .then(|| origin::unreachable(&written.policy))
        .flatten();
    let private = private.map(|problem| written.at("origin", &problem));
    let problems: Vec<String> = [environment.wrong_binding(), environment.cached(), private]
        .into_iter()
        .flatten()
        .collect();
    if problems.is_empty() {
        Ok(written)
    } else {
        Err(problems)
    }
}

/// What there is to see of a policy.
fn shown(written: &Written, options: &Options, secrets: &Secrets) -> Result<String, String> {
    let Written { policy, json, .. } = written;
    let said = options.said.is_any();
    let sender = said
        .then(|| Sender::new(&options.said, policy, json, secrets))
        .transpose()?;
    match (&options.request, &sender) {
        (None, None) => Ok(table::of(policy)),
        (None, Some(sender)) => Ok(sender.explain()? + &table::of_client(policy, sender)),
        (Some(request), None) => explain(policy, request, None),
        (Some(request), Some(sender)) => {
            let verdict = sender.explain().unwrap_or_else(|why| format!("{why}\n"));
            Ok(verdict + &explain(policy, request, Some(sender))?)
        }
    }
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
    if let Some(listed) = sender.and_then(|sender| sender.listed(policy)) {
        return Ok(format!("{method} {path}\n  {listed}\n"));
    }
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
        if let Some([key, limits]) = sender.and_then(|sender| sender.counted(rule)) {
            lines.push(format!("  counts it as   {key}"));
            lines.push(format!("  allows it      {limits}"));
        }
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
