//! `[vars.BOUNCER.api_keys]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{PolicyError, Result};
use crate::identity::{ApiKeys, Fingerprint, is_name};

const DEFAULT_HEADER: &str = "x-api-key";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKeysSource {
    header: Option<String>,
    keys: Option<Vec<ApiKeySource>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiKeySource {
    sha256: String,
    plan: Option<String>,
}

pub(super) fn api_keys(source: ApiKeysSource) -> Result<ApiKeys> {
    let header = source
        .header
        .unwrap_or_else(|| DEFAULT_HEADER.to_owned())
        .to_ascii_lowercase();
    if !is_name(&header) {
        let problem = format!("found {header:?}; write the name of a header, as in \"X-API-Key\"");
        return Err(PolicyError::new("api_keys.header", problem));
    }
    let mut listed = BTreeMap::new();
    for (index, ApiKeySource { sha256, plan }) in source.keys.iter().flatten().enumerate() {
        let wrong = |problem| {
            Err(PolicyError::new(
                format!("api_keys.keys[{index}].sha256"),
                problem,
            ))
        };
        let Some(fingerprint) = Fingerprint::parse(sha256) else {
            // Perhaps it is the key itself, which belongs into no message.
            return wrong(
                "found something else than 64 hexadecimal digits; write the key's hash, which `printf %s KEY | sha256sum` \
                 prints",
            );
        };
        if listed.insert(fingerprint, plan.clone()).is_some() {
            return wrong("found the same key a second time; once is enough");
        }
    }
    Ok(ApiKeys {
        header,
        listed: source.keys.is_some().then_some(listed),
    })
}
