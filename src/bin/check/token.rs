//! What a token verifies as under the policy, or why it does not.
//!
//! The secret comes from `.dev.vars` beside the configuration. A key set cannot be fetched from here: of a token under one,
//! everything but the signature is checked.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bouncer::bouncer::{Bouncer, POLICY};
use bouncer::facts::Facts;
use bouncer::identity::Credentials;
use bouncer::identity::jwt::{Claims, Fault, Requirements, Verdict};
use bouncer::policy::{Jwt, KeySource, Rule};
use serde_json::{Map, Value};

/// Somebody who has sent a token.
pub(crate) struct Sender {
    bouncer: Bouncer,
    authorization: String,
    now_ms: u64,
}

impl Sender {
    /// Reads the token in a file, alone or as a header's value; or says why it cannot be looked at.
    pub(crate) fn new(config: &str, json: &str, file: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{file}: cannot be read: {error}"))?;
        let token = text.trim().trim_start_matches("Authorization:").trim();
        if token.is_empty() {
            return Err(format!("{file}: is empty; write the token into it"));
        }
        let authorization = match token.split_once(char::is_whitespace) {
            None => format!("Bearer {token}"),
            Some(_) => token.to_owned(),
        };
        let secrets = std::fs::read_to_string(Path::new(config).with_file_name(".dev.vars"));
        let secrets = secrets.unwrap_or_default();
        let variable = |name: &str| match name {
            POLICY => Some(json.to_owned()),
            name => value(&secrets, name),
        };
        let bouncer = Bouncer::new(variable, |_| true).map_err(|error| error.to_string())?;
        if bouncer.policy.jwt.is_none() {
            return Err(format!(
                "{config}: no token is verified under this policy; say how in [vars.BOUNCER.jwt]"
            ));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "this runs where the operator is, and not at the edge"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        Ok(Self {
            bouncer,
            authorization,
            now_ms,
        })
    }

    /// What the token verifies as, in lines.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn explain(&self) -> Result<String, String> {
        let identification = &self.bouncer.identification;
        let (Some(verifier), Some(jwt)) = (&identification.verifier, &self.bouncer.policy.jwt)
        else {
            return Err("no token is verified under this policy".to_owned());
        };
        let address = || String::new();
        match verifier.verify(&self.authorization, address, self.now_ms) {
            Verdict::Verified(claims) => Ok(format!("verifies as    {}\n", who(&claims, jwt))),
            Verdict::LacksKey => {
                let claims = verifier.unproved(&self.authorization, self.now_ms);
                let KeySource::Set(url) = &jwt.key else {
                    return Err("its key is not there".to_owned());
                };
                Ok(format!(
                    "would verify as  {}\n  (the keys at {url} are not fetched here: all was checked but the signature)\n",
                    who(&claims.unwrap_or_default(), jwt)
                ))
            }
            Verdict::Unverified(fault) => Err(format!(
                "is not verified: {}: {}",
                fault.name(),
                self.why(fault, jwt)
            )),
            other => Err(format!("is refused with 400: {other:?}")),
        }
    }

    /// The key under which a rule counts a request with this token, from an address that is an example.
    pub(crate) fn counted_as(&self, rule: &Rule) -> Option<String> {
        let mut facts = Facts::read("");
        facts.now_ms = self.now_ms;
        facts.credentials = Credentials {
            address: "192.0.2.1",
            authorization: &self.authorization,
            headers: "",
        };
        let client = self.bouncer.client(&facts);
        let kind = &rule.counting()?.key;
        let key = client.key(kind);
        let by_address = || (!rule.also || client.falls_short(kind)).then(|| client.address_key());
        Some(match key.or_else(by_address) {
            Some(key) => key.to_string(),
            None => "nobody: it has nothing that this rule counts by".to_owned(),
        })
    }

    /// What was found, and what to change.
    fn why(&self, fault: Fault, jwt: &Jwt) -> String {
        let Requirements {
            algorithm,
            issuer,
            audiences,
            leeway_ms,
            ..
        } = &jwt.requirements;
        let [header, body] = self.parts();
        let found = |object: &Map<String, Value>, name: &str| match object.get(name) {
            Some(value) => format!("{name:?} is {value}"),
            None => format!("{name:?} is missing"),
        };
        let now_s = self.now_ms / 1_000;
        match fault {
            Fault::Malformed => {
                "found no token in it, or a claim twice; a token is three parts of base64url with dots between them, and \
                 the first two are JSON objects"
                    .to_owned()
            }
            Fault::Algorithm => format!(
                "{}, and jwt.algorithm is \"{algorithm}\"; sign with that, or change the policy",
                found(&header, "alg")
            ),
            Fault::Critical => format!(
                "{}; no extension is understood here, so sign without it",
                found(&header, "crit")
            ),
            Fault::Issuer => format!(
                "{}, and jwt.issuer is {:?}; they are compared character by character",
                found(&body, "iss"),
                issuer.as_deref().unwrap_or_default()
            ),
            Fault::Audience => format!(
                "{}, and jwt.audience is {audiences:?}; one of these must be in it",
                found(&body, "aud")
            ),
            Fault::NoExpiry => format!(
                "{}; a token must have the second at which it ends, as a number",
                found(&body, "exp")
            ),
            Fault::Expired => format!(
                "{}, and now it is {now_s}, with a leeway of {} s; take a new token",
                found(&body, "exp"),
                leeway_ms / 1_000
            ),
            Fault::Premature => format!(
                "{}, and now it is {now_s}; set the issuer's clock, or write jwt.leeway_s",
                found(&body, "nbf")
            ),
            Fault::UnknownKey => format!("{}, and no key has that name", found(&header, "kid")),
            Fault::Signature => match &jwt.key {
                KeySource::Secret(name) => format!(
                    "it was not signed with the secret {name:?} of .dev.vars; compare that with the issuer's, to the last \
                     character"
                ),
                _ => "it was not signed with the other half of jwt.public_key".to_owned(),
            },
            Fault::NoUser | Fault::Unchecked | Fault::TooLong | Fault::UnlistedApiKey => String::new(),
        }
    }

    /// The header and the claims, as far as they can be read.
    fn parts(&self) -> [Map<String, Value>; 2] {
        let mut words = self.authorization.rsplit(char::is_whitespace);
        let token = words.find(|word| word.contains('.'));
        let mut parts = token.unwrap_or_default().split('.');
        [(); 2].map(|()| {
            let part = parts.next().unwrap_or_default().trim_end_matches('=');
            let json = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(part);
            serde_json::from_slice(&json.unwrap_or_default()).unwrap_or_default()
        })
    }
}

/// What the policy reads in the token.
fn who(claims: &Claims, jwt: &Jwt) -> String {
    let text = |name: &str| claims.text(name).map(str::to_owned);
    let roles: Vec<_> = claims.texts(&jwt.role_claim).collect();
    let fields = [
        ("user", &jwt.user_claim, text(&jwt.user_claim)),
        ("tenant", &jwt.tenant_claim, text(&jwt.tenant_claim)),
        (
            "role",
            &jwt.role_claim,
            (!roles.is_empty()).then(|| roles.join(", ")),
        ),
        ("plan", &jwt.plan_claim, text(&jwt.plan_claim)),
    ];
    let lines = fields.map(|(what, claim, value)| match value {
        Some(value) => format!("{what} {value}"),
        None => format!("no {what} (claim {claim:?})"),
    });
    lines.join("; ")
}

/// The value of a line `NAME=value`, in quotes or without.
fn value(secrets: &str, name: &str) -> Option<String> {
    let mut lines = secrets.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(found, _)| found.trim() == name)?;
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    let bare = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    Some(bare.to_owned())
}
