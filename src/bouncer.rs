//! What an isolate sets up once: the policy, and the secrets it names.

use serde_json::json;

use crate::facts::Facts;
use crate::identity::jwt::{Requirements, Verifier};
use crate::identity::{Client, Identification, WORKER};
use crate::origin::{ADDRESSES, Passage, Pseudonym};
use crate::policy::{Framing, Jwt, KeySource, Origin, Policy, PolicyError};
use crate::report::Pseudonyms;

/// The name of the variable that holds the policy.
pub const POLICY: &str = "BOUNCER";

/// The name of the secret that the origin may ask for, to refuse what came around the edge.
pub const ORIGIN_SECRET: &str = "BOUNCER_SECRET";

/// What is behind the name of a secret in that of the one before it, with which tokens may still be signed.
const FORMER: &str = "_FORMER";

/// A policy ready to be applied.
pub struct Bouncer {
    /// The checked policy.
    pub policy: Policy,
    /// How it is found out who is asking.
    pub identification: Identification,
    /// By which it knows a request that it has forwarded itself.
    pub pseudonym: Pseudonym,
    /// Sent to the origin with every request, if set.
    pub origin_secret: Option<String>,
    /// What keys are called in the log.
    pub pseudonyms: Pseudonyms,
}

// === impl Bouncer ===

impl Bouncer {
    /// Sets up from the Worker's variables and secrets, which `variable` looks up by name, and what else is bound.
    ///
    /// # Errors
    /// [`PolicyError`], of the policy itself or of a secret or binding it needs that is not there.
    pub fn new(
        variable: impl Fn(&str) -> Option<String>,
        is_bound: impl Fn(&str) -> bool,
    ) -> Result<Self, PolicyError> {
        let json = variable(POLICY).ok_or_else(|| {
            PolicyError::new(
                "",
                "missing; write the policy under [vars.BOUNCER] in wrangler.toml",
            )
        })?;
        if names_file(&json) {
            let problem = format!(
                "is in {json}, which is not part of this build; run `npm run build` and deploy what it makes"
            );
            return Err(PolicyError::new("", problem));
        }
        let policy = Policy::from_json(&json)?;
        policy.origin.check(is_bound)?;
        let mut identification = Identification {
            api_keys: policy.api_keys.clone(),
            ipv6_prefix: policy.ipv6_prefix,
            unverified: policy.unverified,
            ..Identification::default()
        };
        if let Some(jwt) = &policy.jwt {
            let requirements = Requirements {
                claims: policy.claims(),
                ..jwt.requirements.clone()
            };
            identification.verifier = Some(verifier(jwt, requirements, &variable)?);
            identification.user_claim.clone_from(&jwt.user_claim);
            identification.tenant_claim.clone_from(&jwt.tenant_claim);
            identification.role_claim.clone_from(&jwt.role_claim);
            identification.plan_claim.clone_from(&jwt.plan_claim);
        }
        let origin_secret = variable(ORIGIN_SECRET);
        Ok(Self {
            policy,
            identification,
            pseudonym: Pseudonym::new(&json),
            pseudonyms: Pseudonyms::new(origin_secret.as_deref().unwrap_or_default().as_bytes()),
            origin_secret,
        })
    }

    /// What JavaScript does for every request, as JSON: it is told once.
    #[must_use]
    pub fn settings(&self) -> String {
        let read = [self.policy.headers().as_slice(), &[WORKER]].concat();
        let passage = Passage::new(&read, self.policy.dropped_headers());
        let forwarding = self.policy.forwarding;
        let addresses: &[&str] = match self.policy.origin {
            Origin::Url(_) if forwarding.rewrites_locations => &ADDRESSES,
            _ => &[],
        };
        let lower = |names: Vec<&str>| -> Vec<_> {
            names.iter().map(|name| name.to_ascii_lowercase()).collect()
        };
        json!({
            "read": read,
            "pseudonym": self.pseudonym.as_str(),
            "hopByHop": passage.hop_by_hop,
            "dropped": passage.dropped,
            "droppedPrefixes": passage.dropped_prefixes,
            "addressed": passage.addressed,
            "guarded": passage.guarded,
            "guardedPrefixes": passage.guarded_prefixes,
            "contested": lower(self.policy.wire.contested()),
            "addresses": addresses,
            "originTimeoutMs": forwarding.origin_timeout_ms,
            "uploadTimeoutMs": forwarding.upload_timeout_ms,
            "zoneCache": forwarding.zone_cache,
            "chunksEmptyBodies": forwarding.empty_bodies == Framing::Chunked,
            "credentials": self.policy.api_keys.iter().map(|keys| &keys.header).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// Without a secret to make pseudonyms from, uses random bytes: then they are the same within one isolate.
    #[must_use]
    pub fn with_random(mut self, random: u64) -> Self {
        if self.origin_secret.is_none() {
            self.pseudonyms = Pseudonyms::new(&random.to_le_bytes());
        }
        self
    }

    /// Who sent a request.
    #[must_use]
    pub fn client<'a>(&'a self, facts: &Facts<'a>) -> Client<'a> {
        Client::new(&self.identification, facts.credentials, facts.now_ms)
    }
}

/// Whether a policy is not a policy but the name of the file that it is in.
#[must_use]
pub fn names_file(policy: &str) -> bool {
    policy
        .strip_suffix(".toml")
        .is_some_and(|name| !name.contains('\n'))
}

fn verifier(
    jwt: &Jwt,
    requirements: Requirements,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Verifier, PolicyError> {
    let algorithm = requirements.algorithm;
    let name = match &jwt.key {
        KeySource::Secret(name) => name,
        KeySource::Public(key) => return Ok(Verifier::public(requirements, key.clone())),
        KeySource::Set(url) => return Ok(Verifier::key_set(requirements, url)),
    };
    let secret = variable(name).unwrap_or_default();
    let former_name = format!("{name}{FORMER}");
    let former = variable(&former_name).filter(|secret| !secret.is_empty());
    let min_bytes = algorithm.min_secret_bytes().unwrap_or_default();
    let too_short = |name: &str, bytes: usize| {
        format!(
            "names the secret {name:?}, which is {bytes} bytes long; {algorithm} needs at least {min_bytes} (RFC 7518, \
             section 3.2), as from `openssl rand -hex {min_bytes}`"
        )
    };
    let problem = match (secret.len(), former) {
        (0, _) => format!(
            "names the secret {name:?}, which is not set; run `wrangler secret put {name}`, or put {name}=... into \
             .dev.vars for local use"
        ),
        (bytes, _) if bytes < min_bytes => too_short(name, bytes),
        (_, Some(former)) if former.len() < min_bytes => too_short(&former_name, former.len()),
        (_, former) => {
            let verifier = match &former {
                Some(former) => {
                    Verifier::shared_by_two(requirements, [secret.as_bytes(), former.as_bytes()])
                }
                None => Verifier::shared(requirements, secret.as_bytes()),
            };
            match verifier {
                Some(verifier) => return Ok(verifier),
                None => format!("{algorithm} is not verified with a secret"),
            }
        }
    };
    Err(PolicyError::new("jwt.secret", problem))
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
        Bouncer::new(variable, |_| false).err().unwrap().to_string()
    }

    #[test]
    fn a_policy_that_is_missing_says_where_to_write_it() {
        assert_eq!(
            error(|_| None),
            "BOUNCER: missing; write the policy under [vars.BOUNCER] in wrangler.toml"
        );
    }

    #[test]
    fn a_policy_without_an_origin_needs_the_binding() {
        let variable = |_: &str| Some(r#"{ "default": { "limit": "1/day" } }"#.to_owned());
        assert!(Bouncer::new(variable, |name| name == "ORIGIN").is_ok());
        let message = error(variable);
        assert!(
            message.starts_with("BOUNCER.origin: missing, and no service is bound as ORIGIN;"),
            "{message}"
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

    #[test]
    fn tokens_under_the_former_secret_are_good_while_it_is_set() {
        use crate::identity::jwt::Verdict;
        let (now, former) = (
            "n".repeat(32),
            "an example secret of 32 bytes...".to_owned(),
        );
        let verdict = |former: Option<String>| {
            let variable = |name: &str| match name {
                POLICY => Some(POLICY_JSON.to_owned()),
                "JWT_SECRET" => Some(now.clone()),
                "JWT_SECRET_FORMER" => former.clone(),
                _ => None,
            };
            let bouncer = Bouncer::new(variable, |_| false).map_err(|error| error.to_string())?;
            let token = crate::testing::bearer(json!({ "sub": "ada" }));
            let verifier = bouncer.identification.verifier.as_ref();
            let found = verifier.map(|verifier| verifier.verify(&token, String::new, 1_000_000));
            Ok::<_, String>(matches!(found, Some(Verdict::Verified(_))))
        };
        assert_eq!(verdict(Some(former)), Ok(true));
        for none in [None, Some(String::new())] {
            assert_eq!(verdict(none), Ok(false));
        }
        let message = verdict(Some("short".to_owned())).unwrap_err();
        assert!(
            message.contains("\"JWT_SECRET_FORMER\", which is 5 bytes long"),
            "{message}"
        );
    }

    #[test]
    fn a_secret_that_is_too_short_says_how_long_it_must_be() {
        for (algorithm, min_bytes) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
            let set_up = |bytes: usize| {
                let variable = |name: &str| {
                    if name == POLICY {
                        Some(POLICY_JSON.replace("HS256", algorithm))
                    } else {
                        Some("s".repeat(bytes))
                    }
                };
                Bouncer::new(variable, |_| false)
            };
            assert!(set_up(min_bytes).is_ok());
            let message = set_up(min_bytes - 1).err().unwrap().to_string();
            let expected = format!("bytes long; {algorithm} needs at least {min_bytes} (RFC 7518");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
