//! `[vars.BOUNCER.jwt]`: how users are verified, from what was written to what is meant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{PolicyError, Result};
use crate::identity::jwt::{Algorithm, PublicKey, Requirements};

/// How far the clock of whoever signs tokens may be off, in seconds.
const MAX_LEEWAY_S: u32 = 300;

/// How users are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwt {
    /// What a token must be.
    pub requirements: Requirements,
    /// Where the key is.
    pub key: KeySource,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that names the user's tenant.
    pub tenant_claim: String,
    /// The claim that names the user's role.
    pub role_claim: String,
    /// The claim that names the user's plan.
    pub plan_claim: String,
}

/// Where the key is that tokens are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In the Worker secret of this name.
    Secret(String),
    /// In the policy.
    Public(PublicKey),
    /// In the JWK Set at this URL.
    Set(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JwtSource {
    algorithm: String,
    secret: Option<String>,
    public_key: Option<PublicKeySource>,
    jwks: Option<String>,
    issuer: Option<String>,
    audience: Option<AudienceSource>,
    leeway_s: Option<u32>,
    user: Option<String>,
    tenant: Option<String>,
    role: Option<String>,
    plan: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a PEM as a string, or a JWK as a table such as { kty = \"EC\", ... }"
)]
enum PublicKeySource {
    Pem(String),
    Jwk(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected an audience, or a list of them")]
enum AudienceSource {
    One(String),
    Several(Vec<String>),
}

pub(super) fn compile(source: JwtSource) -> Result<Jwt> {
    let algorithm = algorithm(&source.algorithm)?;
    let key = key(&source, algorithm)?;
    let leeway_s = source.leeway_s.unwrap_or(0);
    if leeway_s > MAX_LEEWAY_S {
        let problem = format!("found {leeway_s}; write 0 to {MAX_LEEWAY_S} seconds");
        return Err(PolicyError::new("jwt.leeway_s", problem));
    }
    let requirements = Requirements {
        algorithm,
        issuer: source.issuer.map(issuer).transpose()?,
        audiences: source.audience.map_or(Ok(Vec::new()), audiences)?,
        leeway_ms: leeway_s * 1_000,
        claims: Vec::new(),
    };
    Ok(Jwt {
        requirements,
        key,
        user_claim: claim(source.user, "user", "sub")?,
        tenant_claim: claim(source.tenant, "tenant", "org")?,
        role_claim: claim(source.role, "role", "role")?,
        plan_claim: claim(source.plan, "plan", "plan")?,
    })
}

fn algorithm(name: &str) -> Result<Algorithm> {
    let known = Algorithm::ALL
        .into_iter()
        .find(|known| known.name() == name);
    let problem = match known.map(|known| (known, known.missing_feature())) {
        Some((algorithm, None)) => return Ok(algorithm),
        Some((_, Some(feature))) => format!(
            "found {name:?}, which is not compiled in; add {feature:?} to the default features in Cargo.toml"
        ),
        None => {
            let names = Algorithm::ALL.map(|algorithm| format!("{:?}", algorithm.name()));
            format!("found {name:?}; write one of {}", names.join(", "))
        }
    };
    Err(PolicyError::new("jwt.algorithm", problem))
}

/// The one key that the algorithm needs.
fn key(source: &JwtSource, algorithm: Algorithm) -> Result<KeySource> {
    let given = [
        ("secret", source.secret.is_some()),
        ("public_key", source.public_key.is_some()),
        ("jwks", source.jwks.is_some()),
    ];
    let is_shared = algorithm.min_secret_bytes().is_some();
    for (field, is_given) in given {
        if is_given && is_shared != (field == "secret") {
            let problem = if is_shared {
                format!(
                    "{algorithm} is verified with a shared secret; write its name as \"secret\" and remove this field, \
                     or name another algorithm"
                )
            } else {
                format!(
                    "{algorithm} is verified with a public key; write \"public_key\" or \"jwks\" and remove this field, \
                     or name another algorithm"
                )
            };
            return Err(PolicyError::new(format!("jwt.{field}"), problem));
        }
    }
    match (&source.secret, &source.public_key, &source.jwks) {
        (Some(secret), _, _) => self::secret(secret),
        (_, Some(_), Some(_)) => {
            let problem =
                "found both \"public_key\" and \"jwks\"; keep the one that holds the keys in use";
            Err(PolicyError::new("jwt.jwks", problem))
        }
        (_, Some(key), None) => public_key(key, algorithm),
        (_, None, Some(url)) => key_set(url),
        (None, None, None) => {
            let problem = if is_shared {
                "has no key; write secret = \"NAME\", the name of the Worker secret that holds it"
            } else {
                "has no key; write public_key = \"\"\"-----BEGIN PUBLIC KEY-----...\"\"\", or jwks = \"https://...\""
            };
            Err(PolicyError::new("jwt", problem))
        }
    }
}

fn secret(name: &str) -> Result<KeySource> {
    if name.is_empty() {
        let problem = "found \"\"; write the name of the Worker secret that holds the key, as in \"JWT_SECRET\"";
        return Err(PolicyError::new("jwt.secret", problem));
    }
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.bytes().all(is_in_name) || name.starts_with(|first: char| first.is_ascii_digit()) {
        // Perhaps it is the secret itself, which belongs into no message.
        let problem = "found something that is no name; write the name of the Worker secret that holds the key, as in \"JWT_SECRET\", \
                       and the secret itself into .dev.vars and with `wrangler secret put`";
        return Err(PolicyError::new("jwt.secret", problem));
    }
    Ok(KeySource::Secret(name.to_owned()))
}

fn public_key(source: &PublicKeySource, algorithm: Algorithm) -> Result<KeySource> {
    let key = match source {
        PublicKeySource::Pem(text) => PublicKey::from_pem(text, algorithm),
        PublicKeySource::Jwk(jwk) => PublicKey::from_jwk(jwk, algorithm),
    };
    key.map(KeySource::Public)
        .map_err(|error| PolicyError::new("jwt.public_key", error))
}

fn key_set(url: &str) -> Result<KeySource> {
    let is_right = url
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"#@\\".contains(&byte))
        && match url.split_once("://") {
            Some(("https", rest)) => !host(rest).is_empty(),
            Some(("http", rest)) => is_loopback(host(rest)),
            _ => false,
        };
    if !is_right {
        let problem = format!(
            "found {url:?}; write the address of the issuer's keys, as in \
             \"https://login.example.com/.well-known/jwks.json\" (http:// only for this machine, as in \
             \"http://127.0.0.1:8080/jwks.json\")"
        );
        return Err(PolicyError::new("jwt.jwks", problem));
    }
    Ok(KeySource::Set(url.to_owned()))
}

/// The host of what comes behind `://`, without its port.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().map(IpAddr::V4),
    };
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn issuer(issuer: String) -> Result<String> {
    if issuer.is_empty() {
        let problem = "found \"\"; write the issuer as it is in tokens (\"iss\"), or remove this field to take any";
        return Err(PolicyError::new("jwt.issuer", problem));
    }
    Ok(issuer)
}

fn audiences(source: AudienceSource) -> Result<Vec<String>> {
    let audiences = match source {
        AudienceSource::One(audience) => vec![audience],
        AudienceSource::Several(audiences) => audiences,
    };
    if audiences.is_empty() || audiences.iter().any(String::is_empty) {
        let problem = "found none; write what tokens for this API have in \"aud\", or remove this field to take any";
        return Err(PolicyError::new("jwt.audience", problem));
    }
    Ok(audiences)
}

fn claim(name: Option<String>, field: &str, default: &str) -> Result<String> {
    let name = name.unwrap_or_else(|| default.to_owned());
    if name.is_empty() {
        let problem = format!("found \"\"; write the name of a claim, as in {default:?}");
        return Err(PolicyError::new(format!("jwt.{field}"), problem));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
