//! From what was written to what is meant; every error names the field.

use std::fmt::Display;

use bouncer_durable::limit::LimitError;
use bouncer_durable::{Algorithm, Limit};

use super::source::{DefaultSource, KeySource, RuleSource, Source};
use super::{ALGORITHMS, Action, DEFAULT, Policy, Rule, algorithm_name, jwt};
use crate::identity::KeyKind;
use crate::route::Pattern;

/// A field of the policy that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("BOUNCER{}{path}: {problem}", if path.is_empty() { "" } else { "." })]
pub struct PolicyError {
    /// Where under `[vars.BOUNCER]`: `rules[2].limit`; empty for the whole.
    pub path: String,
    /// What was found, and what would be right.
    pub problem: String,
}

type Result<T> = std::result::Result<T, PolicyError>;

pub(super) fn policy(source: Source) -> Result<Policy> {
    let jwt = source.jwt.map(jwt::compile).transpose()?;
    let inherited = Inherited {
        key: match &source.default.key {
            Some(words) => key(words, jwt.is_some(), "default.key")?,
            None => KeyKind::default(),
        },
        has_jwt: jwt.is_some(),
    };
    let mut rules = Vec::new();
    for (index, source) in source.rules.into_iter().enumerate() {
        let path = format!("rules[{index}]");
        let rule = rule(source, &path, &inherited)?;
        if rule.name == DEFAULT || rules.iter().any(|other: &Rule| other.name == rule.name) {
            let problem = format!(
                "found {:?} a second time; give every rule a name of its own",
                rule.name
            );
            return Err(PolicyError::new(path + ".name", problem));
        }
        if rule.patterns.is_empty() {
            let problem =
                "found no patterns; write the requests the rule is about, as in [\"GET /api/**\"]";
            return Err(PolicyError::new(path + ".match", problem));
        }
        if let Some(other) = rules.iter().find(|other| other.covers(&rule)) {
            let problem = format!(
                "can never match: rule {:?} before it already has all of these requests; move this one up, or remove it",
                other.name
            );
            return Err(PolicyError::new(path + ".match", problem));
        }
        rules.push(rule);
    }
    let default = rule(source.default.into(), DEFAULT, &inherited)?;
    Ok(Policy {
        origin: origin(&source.origin)?,
        ipv6_prefix: ipv6_prefix(source.ipv6_prefix)?,
        jwt,
        rules,
        default,
    })
}

/// What a rule takes from the rest of the policy.
struct Inherited {
    key: KeyKind,
    has_jwt: bool,
}

fn rule(source: RuleSource, path: &str, inherited: &Inherited) -> Result<Rule> {
    let at = |field: &str| format!("{path}.{field}");
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if !is_name(&source.name) {
        let problem = format!(
            "found {:?}; a name is 1 to 64 letters, digits, \"-\", \"_\" or \".\"",
            source.name
        );
        return Err(PolicyError::new(at("name"), problem));
    }
    let patterns = source.patterns.iter().enumerate().map(|(index, text)| {
        Pattern::parse(text)
            .map_err(|error| PolicyError::new(format!("{path}.match[{index}]"), error))
    });
    let patterns = patterns.collect::<Result<Vec<_>>>()?;
    let counts = [
        ("limit", source.limit.is_some()),
        ("key", source.key.is_some()),
        ("algorithm", source.algorithm.is_some()),
        ("burst", source.burst.is_some()),
    ];
    let action = if source.exempt {
        if let Some((field, _)) = counts.iter().find(|(_, is_set)| *is_set) {
            let problem = "an exempt rule counts nothing; remove this field, or \"exempt\"";
            return Err(PolicyError::new(at(field), problem));
        }
        Action::Exempt
    } else {
        let Some(text) = &source.limit else {
            let problem =
                "missing; write how much is allowed, as in \"60/minute\", or exempt = true";
            return Err(PolicyError::new(at("limit"), problem));
        };
        let algorithm = algorithm(source.algorithm.as_deref(), source.burst, path)?;
        Action::Limit {
            key: match &source.key {
                Some(words) => key(words, inherited.has_jwt, &at("key"))?,
                None => inherited.key.clone(),
            },
            limits: limits(text, algorithm, path)?,
        }
    };
    Ok(Rule {
        name: source.name,
        patterns,
        action,
    })
}

fn limits(text: &str, algorithm: Algorithm, path: &str) -> Result<Vec<Limit>> {
    let at = |field: &str| format!("{path}.{field}");
    let mut limits: Vec<Limit> = Vec::new();
    for limit in Limit::parse_all(text).map_err(|error| PolicyError::new(at("limit"), error))? {
        let limit = limit.counted_by(algorithm).map_err(|error| {
            let field = if error == LimitError::NoBurst {
                "burst"
            } else {
                "limit"
            };
            PolicyError::new(at(field), error)
        })?;
        let has_same_window = |other: &&Limit| other.window_ms() == limit.window_ms();
        if let Some(other) = limits.iter().find(has_same_window) {
            let problem =
                format!("found \"{other}\" and \"{limit}\" for the same window; keep the smaller");
            return Err(PolicyError::new(at("limit"), problem));
        }
        limits.push(limit);
    }
    Ok(limits)
}

fn algorithm(name: Option<&str>, burst: Option<u32>, path: &str) -> Result<Algorithm> {
    let name = name.unwrap_or(algorithm_name(Algorithm::default()));
    let Some(algorithm) = ALGORITHMS
        .into_iter()
        .find(|known| algorithm_name(*known) == name)
    else {
        let known = ALGORITHMS
            .map(|algorithm| format!("{:?}", algorithm_name(algorithm)))
            .join(", ");
        return Err(PolicyError::new(
            format!("{path}.algorithm"),
            format!("found {name:?}; write one of {known}"),
        ));
    };
    match (algorithm, burst) {
        (Algorithm::TokenBucket { .. }, burst) => Ok(Algorithm::TokenBucket { burst }),
        (algorithm, None) => Ok(algorithm),
        (_, Some(_)) => {
            let problem =
                "only a token bucket has a burst; add algorithm = \"token-bucket\", or remove it";
            Err(PolicyError::new(format!("{path}.burst"), problem))
        }
    }
}

fn key(words: &KeySource, has_jwt: bool, path: &str) -> Result<KeyKind> {
    let words = match words {
        KeySource::One(word) => std::slice::from_ref(word),
        KeySource::Several(words) => words.as_slice(),
    };
    let kind = KeyKind::parse(words.iter().map(String::as_str))
        .map_err(|error| PolicyError::new(path, error))?;
    if kind.needs_token() && !has_jwt {
        let problem = format!(
            "found \"{kind}\", but without [vars.BOUNCER.jwt] no token is verified and nobody has one; say how tokens \
             are verified, or write \"ip\""
        );
        return Err(PolicyError::new(path, problem));
    }
    Ok(kind)
}

fn ipv6_prefix(bits: Option<u8>) -> Result<u8> {
    match bits.unwrap_or(64) {
        bits @ 1..=128 => Ok(bits),
        bits => Err(PolicyError::new(
            "ipv6_prefix",
            format!("found {bits}; write a number of bits from 1 to 128"),
        )),
    }
}

fn origin(text: &str) -> Result<String> {
    let authority_and_path = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_origin = authority_and_path.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#@\\".contains(&byte))
            && has_good_port(rest)
    });
    if is_origin {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        let problem = format!(
            "found {text:?}; write the address of your API, as in \"https://api.example.com\" or \
             \"http://127.0.0.1:8000\", with a base path if it has one"
        );
        Err(PolicyError::new("origin", problem))
    }
}

fn has_good_port(authority_and_path: &str) -> bool {
    let authority = authority_and_path.split('/').next().unwrap_or_default();
    // The colons of an IPv6 address are in brackets.
    match authority
        .rsplit(']')
        .next()
        .and_then(|rest| rest.split_once(':'))
    {
        Some((_, port)) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => true,
    }
}

// === impl PolicyError ===

impl PolicyError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Display) -> Self {
        Self {
            path: path.into(),
            problem: problem.to_string(),
        }
    }
}

/// The default is a rule without patterns.
impl From<DefaultSource> for RuleSource {
    fn from(
        DefaultSource {
            limit,
            key,
            algorithm,
            burst,
        }: DefaultSource,
    ) -> Self {
        let limit = Some(limit);
        Self {
            name: DEFAULT.to_owned(),
            patterns: Vec::new(),
            exempt: false,
            limit,
            key,
            algorithm,
            burst,
        }
    }
}
