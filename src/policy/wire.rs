//! `headers` and `cors`.

use serde::Deserialize;

use super::{PolicyError, Result};
use crate::cors::{Cors, Origins};
use crate::stamp::Families;

const X_RATELIMIT: &str = "x-ratelimit";
const DRAFT: &str = "draft";
const ANY: &str = "*";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorsSource {
    origins: OriginsSource,
    #[serde(default)]
    credentials: bool,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list of origins such as [\"https://app.example.com\"], or \"*\" for any"
)]
enum OriginsSource {
    Word(String),
    List(Vec<String>),
}

/// Both, if nothing is said.
pub(super) fn families(names: Option<&[String]>) -> Result<Families> {
    let Some(names) = names else {
        return Ok(Families::default());
    };
    let mut families = Families {
        x_ratelimit: false,
        draft: false,
    };
    for (index, name) in names.iter().enumerate() {
        let wrong = |problem| Err(PolicyError::new(format!("headers[{index}]"), problem));
        let family = match name.as_str() {
            X_RATELIMIT => &mut families.x_ratelimit,
            DRAFT => &mut families.draft,
            _ => {
                return wrong(format!(
                    "found {name:?}; write {X_RATELIMIT:?}, {DRAFT:?}, or both; an empty list is for none"
                ));
            }
        };
        if std::mem::replace(family, true) {
            return wrong(format!("found {name:?} a second time; once is enough"));
        }
    }
    Ok(families)
}

pub(super) fn cors(source: CorsSource) -> Result<Cors> {
    let CorsSource {
        origins,
        credentials,
    } = source;
    let origins = match origins {
        OriginsSource::Word(word) if word == ANY => Origins::Any,
        OriginsSource::Word(word) => {
            let problem = format!(
                "found {word:?}; write a list, as in [\"https://app.example.com\"], or \"*\" for any"
            );
            return Err(PolicyError::new("cors.origins", problem));
        }
        OriginsSource::List(origins) => Origins::Listed(listed(origins)?),
    };
    if credentials && origins == Origins::Any {
        let problem = "no browser lets a page from just anywhere read what it asked with credentials; list the origins, or \
                       remove this field";
        return Err(PolicyError::new("cors.credentials", problem));
    }
    Ok(Cors {
        origins,
        credentials,
    })
}

fn listed(origins: Vec<String>) -> Result<Vec<String>> {
    if origins.is_empty() {
        let problem = "found none; list the origins whose pages may read the answers, write \"*\" for any, or remove \"cors\"";
        return Err(PolicyError::new("cors.origins", problem));
    }
    for (index, origin) in origins.iter().enumerate() {
        let problem = if !is_origin(origin) {
            "write it as browsers do: scheme, host, and the port unless it is the usual one, in lower case and with no slash \
             at the end, as in \"https://app.example.com\""
        } else if origins.iter().take(index).any(|other| other == origin) {
            "that is a second time; once is enough"
        } else {
            continue;
        };
        let problem = format!("found {origin:?}; {problem}");
        return Err(PolicyError::new(format!("cors.origins[{index}]"), problem));
    }
    Ok(origins)
}

/// Whether this could be what a browser sends: anything else would be compared in vain.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte)
        });
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    let port_at = authority
        .get(host_end..)
        .and_then(|rest| rest.find(':'))
        .map_or(authority.len(), |at| host_end + at);
    let Some((host, port)) = authority.split_at_checked(port_at) else {
        return false;
    };
    let is_host_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._[]:".contains(&byte);
    is_scheme && !host.is_empty() && host.bytes().all(is_host_byte) && is_port(scheme, port)
}

/// A colon and a number, as short as can be; or nothing.
fn is_port(scheme: &str, text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => 0,
    };
    digits
        .parse::<u16>()
        .is_ok_and(|port| port > 0 && port != usual && port.to_string() == digits)
}

#[cfg(test)]
mod tests;
