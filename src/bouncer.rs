//! What an isolate sets up once: the policy, and the secrets it names.

use crate::identity::Identification;
use crate::identity::jwt::Verifier;
use crate::policy::{Policy, PolicyError};

/// The name of the variable that holds the policy.
pub const POLICY: &str = "BOUNCER";

/// The name of the secret that the origin may ask for, to refuse what came around the edge.
pub const ORIGIN_SECRET: &str = "BOUNCER_SECRET";

/// A policy ready to be applied.
pub struct Bouncer {
    /// The checked policy.
    pub policy: Policy,
    /// How it is found out who is asking.
    pub identification: Identification,
    /// The headers that some rule counts by, joined by commas.
    pub counted_headers: String,
    /// Sent to the origin with every request, if set.
    pub origin_secret: Option<String>,
}

// === impl Bouncer ===

impl Bouncer {
    /// Sets up from the Worker's variables and secrets, which `variable` looks up by name.
    ///
    /// # Errors
    /// [`PolicyError`], of the policy itself or of a secret it names that is not there.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self, PolicyError> {
        let json = variable(POLICY).ok_or_else(|| {
            PolicyError::new(
                "",
                "missing; write the policy under [vars.BOUNCER] in wrangler.toml",
            )
        })?;
        let policy = Policy::from_json(&json)?;
        let verifier = policy.jwt.as_ref().map(|jwt| {
            let secret = variable(&jwt.secret).filter(|secret| !secret.is_empty()).ok_or_else(|| {
                let problem = format!(
                    "names the secret {name:?}, which is not set; run `wrangler secret put {name}`, or put \
                     {name}=... into .dev.vars for local use",
                    name = jwt.secret
                );
                PolicyError::new("jwt.secret", problem)
            })?;
            Ok(Verifier::hs256(secret.as_bytes()))
        });
        let identification = Identification {
            verifier: verifier.transpose()?,
            user_claim: policy
                .jwt
                .as_ref()
                .map(|jwt| jwt.user_claim.clone())
                .unwrap_or_default(),
            tenant_claim: policy
                .jwt
                .as_ref()
                .map(|jwt| jwt.tenant_claim.clone())
                .unwrap_or_default(),
            ipv6_prefix: policy.ipv6_prefix,
        };
        let counted_headers = policy.headers().join(",");
        Ok(Self {
            policy,
            identification,
            counted_headers,
            origin_secret: variable(ORIGIN_SECRET),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY_JSON: &str = r#"{
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": "100/minute" },
        "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET" }
    }"#;

    fn error(variable: impl Fn(&str) -> Option<String>) -> String {
        Bouncer::new(variable).err().unwrap().to_string()
    }

    #[test]
    fn a_policy_that_is_missing_says_where_to_write_it() {
        assert_eq!(
            error(|_| None),
            "BOUNCER: missing; write the policy under [vars.BOUNCER] in wrangler.toml"
        );
    }

    #[test]
    fn a_secret_that_is_not_set_says_how_to_set_it() {
        for secret in [None, Some(String::new())] {
            let message = error(|name| {
                if name == POLICY {
                    Some(POLICY_JSON.to_owned())
                } else {
                    secret.clone()
                }
            });
            assert!(
                message.starts_with("BOUNCER.jwt.secret: names the secret \"JWT_SECRET\""),
                "{message}"
            );
            assert!(
                message.contains("wrangler secret put JWT_SECRET"),
                "{message}"
            );
        }
    }
}
