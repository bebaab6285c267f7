//! Who is asking: a request becomes a [`Key`], the name under which its permits are counted.
//!
//! Only verified identity is identity. A token that is missing, malformed, forged, expired or signed with another
//! algorithm than the policy's is no identity at all, and its request counts by the client's address: minting
//! credentials mints no counters.

use std::cell::OnceCell;

pub mod address;
mod api_key;
mod fingerprint;
pub mod jwt;
mod key;
mod kind;

use crate::head;
pub use api_key::{ApiKey, ApiKeys};
pub use fingerprint::Fingerprint;
use jwt::{Claims, Verdict, Verifier};
pub use key::Key;
pub(crate) use kind::is_name;
pub use kind::{KeyKind, KindError, Part};

/// How a policy finds out who is asking.
#[derive(Default)]
pub struct Identification {
    /// Verifies tokens, where the policy says how.
    pub verifier: Option<Verifier>,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that names the user's tenant.
    pub tenant_claim: String,
    /// The claim that names the user's role, or lists several.
    pub role_claim: String,
    /// The claim that names the user's plan.
    pub plan_claim: String,
    /// How API keys are told, if they are.
    pub api_keys: Option<ApiKeys>,
    /// The leading bits by which IPv6 addresses are counted.
    pub ipv6_prefix: u8,
}

/// What a request says of its sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// `CF-Connecting-IP`, which the edge sets and no client can.
    pub address: &'a str,
    /// `Authorization`, as sent.
    pub authorization: &'a str,
    /// The headers that the policy reads, as `name: value` lines with the name in lower case; none that is not there.
    pub headers: &'a str,
}

/// The sender of one request. Its token is verified once and its API key looked up once, and only when a rule asks.
pub struct Client<'a> {
    identification: &'a Identification,
    credentials: Credentials<'a>,
    now_ms: u64,
    verdict: OnceCell<Verdict>,
    api_key: OnceCell<Option<ApiKey<'a>>>,
}

// === impl Client ===

impl<'a> Client<'a> {
    /// The sender of a request that came at `now_ms`, by the edge's clock, against which a token expires.
    #[must_use]
    pub fn new(
        identification: &'a Identification,
        credentials: Credentials<'a>,
        now_ms: u64,
    ) -> Self {
        Self {
            identification,
            credentials,
            now_ms,
            verdict: OnceCell::new(),
            api_key: OnceCell::new(),
        }
    }

    /// The key under which a rule of this kind counts the request, if it has what the rule counts by.
    #[must_use]
    pub fn key(&self, kind: &KeyKind) -> Option<Key> {
        let values: Option<Vec<_>> = kind.parts().iter().map(|part| self.value(part)).collect();
        Some(Key::new(values?))
    }

    /// The key of the address, under which a request counts that lacks what a rule counts by.
    #[must_use]
    pub fn address_key(&self) -> Key {
        Key::new([self.address()])
    }

    /// The roles of the verified user, in the token's order.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        let claims = self.claims().into_iter();
        claims.flat_map(|claims| claims.texts(&self.identification.role_claim))
    }

    /// The plan of whom a rule of this kind counts: of the API key if it counts by that, else of the verified user, else of
    /// the API key that came along.
    #[must_use]
    pub fn plan(&self, kind: &KeyKind) -> Option<&str> {
        if kind.needs_api_key()
            && let Some(api_key) = self.api_key()
        {
            return api_key.plan;
        }
        match self.claims() {
            Some(claims) => claims.text(&self.identification.plan_claim),
            None => self.api_key()?.plan,
        }
    }

    /// The kind that is counted in the end, and the value.
    fn value(&self, part: &Part) -> Option<(String, String)> {
        let value = match part {
            Part::Ip => return Some(self.address()),
            Part::Global => Some(String::new()),
            Part::User | Part::UserOrIp => self.claim(&self.identification.user_claim),
            Part::Tenant => self.claim(&self.identification.tenant_claim),
            Part::Claim(name) => self.claim(name),
            Part::Header(name) => self.header(name).map(str::to_owned),
            Part::ApiKey => self
                .api_key()
                .map(|key| key.fingerprint.as_str().to_owned()),
        };
        match (part, value) {
            (Part::UserOrIp, None) => Some(self.address()),
            (Part::UserOrIp, Some(value)) => Some((Part::User.to_string(), value)),
            (part, value) => Some((part.to_string(), value?)),
        }
    }

    fn address(&self) -> (String, String) {
        let network = address::network(self.credentials.address, self.identification.ipv6_prefix);
        (Part::Ip.to_string(), network)
    }

    /// Whether the token, which some rule has asked for, can be judged only when keys have been fetched.
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.verdict.get() == Some(&Verdict::LacksKey)
    }

    /// Whether the token is good, and the keys it was judged by should be fetched again.
    #[must_use]
    pub fn has_stale_key(&self) -> bool {
        matches!(self.verdict.get(), Some(Verdict::Verified(_)))
            && self
                .identification
                .verifier
                .as_ref()
                .is_some_and(|verifier| verifier.is_stale(self.now_ms))
    }

    fn claim(&self, name: &str) -> Option<String> {
        self.claims()?.text(name).map(str::to_owned)
    }

    fn claims(&self) -> Option<&Claims> {
        let verify = || match &self.identification.verifier {
            Some(verifier) => verifier.verify(self.credentials.authorization, self.now_ms),
            None => Verdict::Unverified,
        };
        match self.verdict.get_or_init(verify) {
            Verdict::Verified(claims) => Some(claims),
            _ => None,
        }
    }

    fn api_key(&self) -> Option<&ApiKey<'a>> {
        let recognize = || {
            let keys = self.identification.api_keys.as_ref()?;
            keys.recognize(self.header(&keys.header)?)
        };
        self.api_key.get_or_init(recognize).as_ref()
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        head::value(self.credentials.headers, name).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests;
