//! A client as it is described on the command line: what its token verifies as, or why it does not, and how each rule counts it.
//!
//! The secret comes from `.dev.vars` beside the configuration. A key set cannot be fetched from here: of a token under one,
//! everything but the signature is checked. Who has no token at hand says what would be in it.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use bouncer::bouncer::{Bouncer, POLICY};
use bouncer::facts::Facts;
use bouncer::identity::Credentials;
use bouncer::identity::jwt::{Algorithm, Claims, Fault, Requirements, Verdict, Verifier};
use bouncer::policy::{Jwt, KeySource, Policy, Rule};
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::secrets::Secrets;
use crate::words;

/// What is said of a client.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The file with its token.
    pub(crate) token: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) ip: Option<String>,
}

/// A client that has sent something.
pub(crate) struct Sender {
    bouncer: Bouncer,
    address: String,
    authorization: String,
    /// As the edge reads them.
    headers: String,
    now_ms: u64,
    has_token: bool,
}

/// An address for examples (RFC 5737).
const EXAMPLE: &str = "192.0.2.1";

/// What tokens are signed with that are made up here and never leave this process.
const MADE_UP: &str = "a secret of a made-up client, of 32 bytes at least";

// === impl Said ===

impl Said {
    /// Whether anything is said.
    pub(crate) const fn is_any(&self) -> bool {
        self.token.is_some() || self.has_claims() || self.api_key.is_some() || self.ip.is_some()
    }

    /// Whether something is said of what stands in its token.
    pub(crate) const fn has_claims(&self) -> bool {
        let Self {
            user,
            tenant,
            plan,
            roles,
            ..
        } = self;
        user.is_some() || tenant.is_some() || plan.is_some() || !roles.is_empty()
    }

    /// The claims in which the policy finds what is said.
    fn claims(&self, jwt: &Jwt, now_ms: u64) -> Value {
        let texts = [
            (&jwt.user_claim, &self.user),
            (&jwt.tenant_claim, &self.tenant),
            (&jwt.plan_claim, &self.plan),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.clone(), json!(text.as_ref()?))));
        let mut claims: Map<String, Value> = texts.collect();
        if !self.roles.is_empty() {
            claims.insert(jwt.role_claim.clone(), json!(self.roles));
        }
        claims.insert("exp".to_owned(), json!(now_ms / 1_000 + 600));
        Value::Object(claims)
    }
}

// === impl Sender ===

impl Sender {
    /// The client of whom this is said, or why there is none like that under this policy.
    pub(crate) fn new(
        said: &Said,
        policy: &Policy,
        json: &str,
        secrets: &Secrets,
    ) -> Result<Self, String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this runs where the operator is, and not at the edge"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let address = said.ip.clone().unwrap_or_else(|| EXAMPLE.to_owned());
        if address.parse::<IpAddr>().is_err() {
            return Err(format!(
                "--ip: found {address:?}; write an address, as in 203.0.113.7 or 2001:db8::1"
            ));
        }
        let headers = match (&said.api_key, &policy.api_keys) {
            (None, _) => String::new(),
            (Some(key), Some(keys)) => format!("{}: {key}\n", keys.header),
            (Some(_), None) => {
                return Err("--api-key: no header is read as an API key under this policy; say which keys there are in \
                            [vars.BOUNCER.api_keys]"
                    .to_owned());
            }
        };
        let has_claims = said.has_claims();
        let jwt = match &policy.jwt {
            Some(jwt) => Some(jwt),
            None if said.token.is_some() || has_claims => {
                return Err("no token is verified under this policy, so nobody is a user; say how in [vars.BOUNCER.jwt]".to_owned());
            }
            None => None,
        };
        let variable = |name: &str| match name {
            POLICY => Some(json.to_owned()),
            name if said.token.is_some() => secrets.value(name),
            name if name.ends_with("_FORMER") => None,
            // Of a client without a token nothing is verified with a secret of the operator's.
            _ => Some(MADE_UP.repeat(2)),
        };
        let mut bouncer = Bouncer::new(variable, |_| true).map_err(|error| error.to_string())?;
        let authorization = match (&said.token, jwt.filter(|_| has_claims)) {
            (Some(file), _) => authorization_in(file)?,
            (None, Some(jwt)) => {
                let requirements = Requirements {
                    algorithm: Algorithm::Hs256,
                    issuer: None,
                    audiences: Vec::new(),
                    claims: policy.claims(),
                    ..jwt.requirements.clone()
                };
                bouncer.identification.verifier =
                    Verifier::shared(requirements, MADE_UP.as_bytes());
                signed(&said.claims(jwt, now_ms))
            }
            (None, None) => String::new(),
        };
        Ok(Self {
            bouncer,
            address,
            authorization,
            headers,
            now_ms,
            has_token: said.token.is_some(),
        })
    }

    fn facts(&self) -> Facts<'_> {
        let mut facts = Facts::read("");
        facts.now_ms = self.now_ms;
        facts.credentials = Credentials {
            address: &self.address,
            authorization: &self.authorization,
            headers: &self.headers,
        };
        facts
    }

    /// What is found out about it, in lines.
    ///
    /// # Errors
    /// Why its token is not verified.
    pub(crate) fn explain(&self) -> Result<String, String> {
        if self.has_token {
            return self.explain_token();
        }
        let facts = self.facts();
        let client = self.bouncer.client(&facts);
        let known = bouncer::identity::KeyKind::all(["api-key"])
            .ok()
            .and_then(|kind| client.key(&kind));
        Ok(match (self.headers.is_empty(), known) {
            (true, _) => String::new(),
            (false, Some(key)) => format!("its API key is known, as {key}\n"),
            (false, None) => "its API key is not listed, and counts as none\n".to_owned(),
        })
    }

    /// What the token verifies as, in lines.
    ///
    /// # Errors
    /// Why it does not.
    fn explain_token(&self) -> Result<String, String> {
        let identification = &self.bouncer.identification;
        let (Some(verifier), Some(jwt)) = (&identification.verifier, &self.bouncer.policy.jwt)
        else {
            return Err("no token is verified under this policy".to_owned());
        };
        let address = || String::new();
        match verifier.verify(&self.authorization, address, self.now_ms) {
            Verdict::Verified(claims) if claims.text(&jwt.user_claim).is_none() => Err(format!(
                "proves nobody: no_user_claim: the claim {:?} is missing or no text; say in jwt.user which claim names the user",
                jwt.user_claim
            )),
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

    /// What the lists of addresses say of it, if they do.
    pub(crate) fn listed(&self, policy: &Policy) -> Option<&'static str> {
        if policy.deny.contain(&self.address) {
            Some("is refused with 403, whatever it asks for: its address is in deny")
        } else if policy.allow.contain(&self.address) {
            Some("passes, uncounted and unstamped: its address is in allow")
        } else {
            None
        }
    }

    /// How a rule counts a request of this client: under which key, and what it allows it.
    pub(crate) fn counted(&self, rule: &Rule) -> Option<[String; 2]> {
        let facts = self.facts();
        let client = self.bouncer.client(&facts);
        let counting = rule.counting()?;
        let kind = &counting.key;
        let key = client.key(kind);
        let by_address = || (!rule.also || client.falls_short(kind)).then(|| client.address_key());
        let (holder, allowance) = counting.allowances.of(&client, kind);
        Some(match key.or_else(by_address) {
            Some(key) => [key.to_string(), words::limits(holder, allowance)],
            None => [
                "nobody".to_owned(),
                "it has nothing that this rule counts by".to_owned(),
            ],
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
            Fault::NoKeySet | Fault::NoUser | Fault::Unchecked | Fault::TooLong | Fault::UnlistedApiKey => String::new(),
        }
    }

    /// The header and the claims, as far as they can be read.
    fn parts(&self) -> [Map<String, Value>; 2] {
        let mut words = self.authorization.rsplit(char::is_whitespace);
        let token = words.find(|word| word.contains('.'));
        let mut parts = token.unwrap_or_default().split('.');
        [(); 2].map(|()| {
            let part = parts.next().unwrap_or_default().trim_end_matches('=');
            let json = Base64UrlUnpadded::decode_vec(part);
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

/// The token in a file, alone or as a header's value, as the value of `Authorization`.
fn authorization_in(file: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{file}: cannot be read: {error}"))?;
    let token = text.trim().trim_start_matches("Authorization:").trim();
    match token.split_once(char::is_whitespace) {
        _ if token.is_empty() => Err(format!("{file}: is empty; write the token into it")),
        None => Ok(format!("Bearer {token}")),
        Some(_) => Ok(token.to_owned()),
    }
}

/// An `Authorization` with these claims, signed with what is made up.
fn signed(claims: &Value) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(claims));
    // RFC 2104, section 3: a key of any length is taken, so nothing is ever left unsigned.
    let signature = Hmac::<Sha256>::new_from_slice(MADE_UP.as_bytes())
        .map(|mac| mac.chain_update(&signed).finalize().into_bytes());
    let signature = signature.map(|bytes| Base64UrlUnpadded::encode_string(&bytes));
    format!("Bearer {signed}.{}", signature.unwrap_or_default())
}
