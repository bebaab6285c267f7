//! The policy as it is written, field by field.

use serde::Deserialize;

use super::PolicyError;
use super::api_keys::ApiKeysSource;
use super::conduct::{CountsSource, Mode, OnError, Store};
use super::jwt::JwtSource;
use super::limits::LimitSource;
use super::origin::{Framing, Host};
use super::wire::CorsSource;
use crate::identity::Unverified;
use crate::route::EncodedSlashes;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field that the operator writes"
)]
pub(super) struct Source {
    pub(super) origin: Option<String>,
    pub(super) origin_timeout_ms: Option<u32>,
    pub(super) origin_host: Option<Host>,
    pub(super) upload_timeout_ms: Option<u32>,
    #[serde(default = "yes")]
    pub(super) rewrite_locations: bool,
    #[serde(default)]
    pub(super) zone_cache: bool,
    #[serde(default)]
    pub(super) empty_bodies: Framing,
    pub(super) default: DefaultSource,
    pub(super) jwt: Option<JwtSource>,
    pub(super) api_keys: Option<ApiKeysSource>,
    pub(super) ipv6_prefix: Option<u8>,
    #[serde(default)]
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) deny: Vec<String>,
    #[serde(default)]
    pub(super) unverified: Unverified,
    pub(super) headers: Option<Vec<String>>,
    pub(super) cors: Option<CorsSource>,
    #[serde(default)]
    pub(super) server_timing: bool,
    #[serde(default)]
    pub(super) on_error: OnError,
    pub(super) timeout_ms: Option<u32>,
    #[serde(default)]
    pub(super) refund_unreachable: Vec<u16>,
    #[serde(default)]
    pub(super) store: Store,
    #[serde(default)]
    pub(super) mode: Mode,
    pub(super) encoded_slashes: Option<EncodedSlashes>,
    #[serde(default)]
    pub(super) path_suffixes: Vec<String>,
    #[serde(default)]
    pub(super) front_controllers: Vec<String>,
    #[serde(default)]
    pub(super) strict_paths: bool,
    #[serde(default)]
    pub(super) keep_rewrite_headers: bool,
    #[serde(default)]
    pub(super) rules: Vec<RuleSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultSource {
    pub(super) limit: LimitSource,
    pub(super) key: Option<KeySource>,
    pub(super) algorithm: Option<String>,
    pub(super) burst: Option<u32>,
    pub(super) cost: Option<u32>,
    pub(super) count: Option<CountsSource>,
    pub(super) on_error: Option<OnError>,
    pub(super) mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSource {
    pub(super) name: String,
    #[serde(rename = "match")]
    pub(super) patterns: Vec<String>,
    #[serde(default)]
    pub(super) exempt: bool,
    #[serde(default)]
    pub(super) also: bool,
    pub(super) limit: Option<LimitSource>,
    pub(super) key: Option<KeySource>,
    pub(super) bucket: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) burst: Option<u32>,
    pub(super) cost: Option<u32>,
    pub(super) count: Option<CountsSource>,
    pub(super) on_error: Option<OnError>,
    pub(super) mode: Option<Mode>,
}

/// One word, a list of them, or a list of which the first counts that a request has.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a key such as \"ip\", a list of them, or { first = [\"api-key\", \"user\", \"ip\"] }"
)]
pub(super) enum KeySource {
    One(String),
    Several(Vec<String>),
    First(FirstSource),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstSource {
    pub(super) first: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// Reads the fields, each of which must be known and of its type.
pub(super) fn read(json: &str) -> Result<Source, PolicyError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // The place in the JSON says nothing to somebody who wrote TOML.
        let problem = error.inner().to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        let path = error.path().to_string();
        // The whole, and a place that cannot be told, have names of their own.
        PolicyError::new(path.trim_matches(['.', '?']), problem)
    })
}
