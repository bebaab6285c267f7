//! How much a rule allows, from what was written: `limit`, `algorithm` and `burst`.

use std::collections::BTreeMap;
use std::fmt;

use bouncer_durable::limit::LimitError;
use bouncer_durable::{Algorithm, Limit};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{ALGORITHMS, Allowance, Allowances, PolicyError, Result, algorithm_name};

const UNLIMITED: &str = "unlimited";

/// One limit string for all, or several by plan and role.
pub(super) enum LimitSource {
    Same(String),
    Table(LimitTable),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitTable {
    #[serde(default)]
    pub(super) plan: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) role: BTreeMap<String, String>,
    default: String,
}

/// Written out, so that an error inside the table names the field and not just the table.
impl<'de> Deserialize<'de> for LimitSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = LimitSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a limit such as \"60/minute\", or a table of limits by plan or role")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<LimitSource, E> {
                Ok(LimitSource::Same(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<LimitSource, A::Error> {
                LimitTable::deserialize(MapAccessDeserializer::new(map)).map(LimitSource::Table)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// `path` is that of the rule.
pub(super) fn allowances(
    source: &LimitSource,
    algorithm: Algorithm,
    path: &str,
) -> Result<Allowances> {
    let table = match source {
        LimitSource::Same(text) => {
            return Ok(Allowances {
                roles: BTreeMap::new(),
                plans: BTreeMap::new(),
                default: allowance(text, algorithm, path, "limit")?,
            });
        }
        LimitSource::Table(table) => table,
    };
    let by = |kind: &str, texts: &BTreeMap<String, String>| {
        let each = texts.iter().map(|(name, text)| {
            let field = format!("limit.{kind}.{name}");
            Ok((name.clone(), allowance(text, algorithm, path, &field)?))
        });
        each.collect::<Result<_>>()
    };
    Ok(Allowances {
        roles: by("role", &table.role)?,
        plans: by("plan", &table.plan)?,
        default: allowance(&table.default, algorithm, path, "limit.default")?,
    })
}

fn allowance(text: &str, algorithm: Algorithm, path: &str, field: &str) -> Result<Allowance> {
    if text.trim().eq_ignore_ascii_case(UNLIMITED) {
        return Ok(Allowance::Unlimited);
    }
    let wrong = |field: &str, problem: &dyn fmt::Display| {
        PolicyError::new(format!("{path}.{field}"), problem)
    };
    let mut limits: Vec<Limit> = Vec::new();
    for limit in Limit::parse_all(text).map_err(|error| wrong(field, &error))? {
        let limit = limit.counted_by(algorithm).map_err(|error| {
            let field = if error == LimitError::NoBurst {
                "burst"
            } else {
                field
            };
            wrong(field, &error)
        })?;
        let has_same_window = |other: &&Limit| other.window_ms() == limit.window_ms();
        if let Some(other) = limits.iter().find(has_same_window) {
            let problem =
                format!("found \"{other}\" and \"{limit}\" for the same window; keep the smaller");
            return Err(wrong(field, &problem));
        }
        limits.push(limit);
    }
    Ok(Allowance::Limits(limits))
}

pub(super) fn algorithm(name: Option<&str>, burst: Option<u32>, path: &str) -> Result<Algorithm> {
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
