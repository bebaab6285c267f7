//! Who is asking: a request becomes a [`Key`], the name under which its permits are counted.
//!
//! Only verified identity is identity. A token that is missing, malformed, forged, expired or signed with another
//! algorithm than the policy's is no identity at all, and its request counts by the client's address: minting
//! credentials mints no counters. What is sent and proves nothing loosens no limit, and what an origin might read as
//! somebody else than it is read as here is refused.

use std::cell::{Cell, OnceCell};

pub mod address;
mod api_key;
mod fingerprint;
pub mod jwt;
mod key;
mod kind;
mod networks;
pub mod told;

use crate::head;
use crate::refusal::Refusal;
pub use api_key::{ApiKey, ApiKeys, NoApiKey};
pub use fingerprint::Fingerprint;
use jwt::{Ambiguity, Claims, Fault, TOO_LONG, Verdict, Verifier};
pub use key::Key;
pub(crate) use kind::is_name;
pub use kind::{KeyKind, KindError, Part};
pub use networks::{NetworkError, Networks};
use told::Reason;

/// The header in which Cloudflare names the zone of another customer's Worker.
pub const WORKER: &str = "cf-worker";

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
    /// What becomes of a request whose credential proves nothing.
    pub unverified: Unverified,
}

/// What becomes of a request whose credential proves nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unverified {
    /// It is counted by address, also by the rules in addition that would count by what it lacks.
    #[default]
    Address,
    /// It is refused.
    Refuse,
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
    api_key: OnceCell<Sent<ApiKey<'a>>>,
    asked_for: Cell<AskedFor>,
}

/// What came of a header in which something may be sent.
enum Sent<T> {
    Nothing,
    Good(T),
    /// Something, and it proves nothing.
    Bad(Fault),
    /// Something that can be read in several ways.
    Ambiguous(&'static str),
}

/// What rules have asked for.
#[derive(Debug, Clone, Copy, Default)]
struct AskedFor {
    user: bool,
    address: bool,
    /// A header whose bytes are no text.
    no_text: bool,
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
            asked_for: Cell::default(),
        }
    }

    /// The key under which a rule of this kind counts the request, if it has what the rule counts by.
    #[must_use]
    pub fn key(&self, kind: &KeyKind) -> Option<Key> {
        let mut values = kind.parts().iter().map(|part| self.value(part));
        if kind.takes_first() {
            return values
                .find_map(|value| value)
                .map(|value| Key::new([value]));
        }
        let values: Option<Vec<_>> = values.collect();
        Some(Key::new(values?))
    }

    /// The part by which a rule of this kind counts the request, where it counts by the first that is there.
    fn first_part<'k>(&self, kind: &'k KeyKind) -> Option<&'k Part> {
        let mut parts = kind.parts().iter().filter(|_| kind.takes_first());
        parts.find(|part| self.value(part).is_some())
    }

    /// The key of the address, under which a request counts that lacks what a rule counts by.
    #[must_use]
    pub fn address_key(&self) -> Key {
        Key::new([self.address()])
    }

    /// Whether the request has sent something for what a rule of this kind counts by, and it proves nothing. Such a rule
    /// counts it by address, also where it passes over requests that send nothing.
    #[must_use]
    pub fn falls_short(&self, kind: &KeyKind) -> bool {
        kind.parts().iter().any(|part| match part {
            Part::Ip | Part::Global => false,
            Part::User | Part::UserOrIp => self.is_token_bad() || self.has_no_user(),
            Part::Tenant | Part::Claim(_) => self.is_token_bad(),
            Part::ApiKey => !matches!(self.api_key(), Sent::Nothing | Sent::Good(_)),
            Part::Header(name) => head::value(self.credentials.headers, name) == Some(TOO_LONG),
        })
    }

    /// The roles of whom a rule of this kind counts, in the token's order: of the verified user, unless it is counted by the API key
    /// in the user's place.
    pub fn roles(&self, kind: &KeyKind) -> impl Iterator<Item = &str> {
        let is_user = self.first_part(kind) != Some(&Part::ApiKey);
        let claims = is_user.then(|| self.claims()).flatten().into_iter();
        claims.flat_map(|claims| claims.texts(&self.identification.role_claim))
    }

    /// The plan of whom a rule of this kind counts: of the API key if it counts by that, else of the verified user, else of
    /// the API key that came along. Where the first of several is counted by, and that is of the token, the plan is the token's.
    #[must_use]
    pub fn plan(&self, kind: &KeyKind) -> Option<&str> {
        let of_api_key = || match self.api_key() {
            Sent::Good(api_key) => Some(api_key.plan),
            _ => None,
        };
        let of_user = || {
            let claims = self.claims()?;
            Some(claims.text(&self.identification.plan_claim))
        };
        match self.first_part(kind) {
            Some(Part::ApiKey) => of_api_key().flatten(),
            Some(Part::User | Part::Tenant | Part::Claim(_)) => of_user().flatten(),
            _ if kind.needs_api_key() => of_api_key().or_else(of_user).flatten(),
            _ => of_user().or_else(of_api_key).flatten(),
        }
    }

    /// The answer to a request that is refused for what it has sent to what its rules ask for. It is charged nothing.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        if self.asked_for.get().no_text {
            let why = "A header that requests are counted by has bytes that are not UTF-8.";
            return Some(Refusal::BadRequest(why));
        }
        match self.verdict.get() {
            Some(Verdict::Ambiguous(ambiguity)) => {
                return Some(Refusal::BadRequest(match ambiguity {
                    Ambiguity::TwoUsers => "Authorization has the tokens of two users; send one.",
                    Ambiguity::TooMany => "Authorization has more than four tokens; send one.",
                    Ambiguity::TooLong => {
                        "Authorization is longer than the 8,448 bytes that are read; send a shorter token."
                    }
                }));
            }
            Some(Verdict::Unchecked) => return Some(Refusal::LimiterUnavailable),
            _ => {}
        }
        if let Some(Sent::Ambiguous(why)) = self.api_key.get() {
            return Some(Refusal::BadRequest(why));
        }
        if self.identification.unverified == Unverified::Address {
            return None;
        }
        self.faults().next().map(|fault| match fault {
            // That is no fault of the client's, who should try again and not log in.
            Fault::NoKeySet => Refusal::LimiterUnavailable,
            _ => Refusal::Unverified,
        })
    }

    /// What the operator is told of the request.
    pub fn reasons(&self) -> impl Iterator<Item = Reason> {
        let ambiguous = match (self.verdict.get(), self.api_key.get()) {
            (Some(Verdict::Ambiguous(Ambiguity::TooLong)), _) => {
                Some(Reason::Fault(Fault::TooLong))
            }
            (Some(Verdict::Unchecked), _) => Some(Reason::Fault(Fault::Unchecked)),
            (Some(Verdict::Ambiguous(_)), _) | (_, Some(Sent::Ambiguous(_))) => {
                Some(Reason::Ambiguous)
            }
            _ => None,
        };
        let lacks_address = self.asked_for.get().address
            && address::network(self.credentials.address, 0) == address::UNKNOWN;
        let no_address = lacks_address.then_some(Reason::NoAddress);
        let faults = self.faults().map(Reason::Fault);
        faults.chain(ambiguous).chain(no_address)
    }

    /// Why what was sent to what rules ask for proves nothing.
    fn faults(&self) -> impl Iterator<Item = Fault> {
        let token = match self.verdict.get() {
            Some(Verdict::Unverified(fault)) => Some(*fault),
            Some(Verdict::LacksKey) => Some(Fault::NoKeySet),
            Some(Verdict::Verified(_)) if self.asked_for.get().user && self.has_no_user() => {
                Some(Fault::NoUser)
            }
            _ => None,
        };
        let api_key = match self.api_key.get() {
            Some(Sent::Bad(fault)) => Some(*fault),
            _ => None,
        };
        token.into_iter().chain(api_key)
    }

    /// The kind that is counted in the end, and the value.
    fn value(&self, part: &Part) -> Option<(String, String)> {
        let value = match part {
            Part::Ip => return Some(self.address()),
            Part::Global => Some(String::new()),
            Part::User | Part::UserOrIp => {
                self.ask(|asked_for| asked_for.user = true);
                self.claim(&self.identification.user_claim)
            }
            Part::Tenant => self.claim(&self.identification.tenant_claim),
            Part::Claim(name) => self.claim(name),
            Part::Header(name) => self.counted_header(name),
            Part::ApiKey => match self.api_key() {
                Sent::Good(key) => Some(key.fingerprint.as_str().to_owned()),
                _ => None,
            },
        };
        match (part, value) {
            (Part::UserOrIp, None) => Some(self.address()),
            (Part::UserOrIp, Some(value)) => Some((Part::User.to_string(), value)),
            (part, value) => Some((part.in_key(), value?)),
        }
    }

    /// The network, or the zone of a Worker: all of these come from one address.
    fn address(&self) -> (String, String) {
        self.ask(|asked_for| asked_for.address = true);
        self.sender()
    }

    fn sender(&self) -> (String, String) {
        if let Some(zone) = self.header(WORKER)
            && address::is_of_workers(self.credentials.address)
        {
            return ("worker".to_owned(), zone.to_ascii_lowercase());
        }
        (Part::Ip.to_string(), self.network())
    }

    fn network(&self) -> String {
        address::network(self.credentials.address, self.identification.ipv6_prefix)
    }

    fn ask(&self, change: impl Fn(&mut AskedFor)) {
        let mut asked_for = self.asked_for.get();
        change(&mut asked_for);
        self.asked_for.set(asked_for);
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
        match self.verdict() {
            Verdict::Verified(claims) => Some(claims),
            _ => None,
        }
    }

    /// What the token proves.
    pub fn verdict(&self) -> &Verdict {
        let authorization = self.credentials.authorization;
        let sender = || {
            let (kind, value) = self.sender();
            format!("{kind}:{value}")
        };
        self.verdict
            .get_or_init(|| match &self.identification.verifier {
                Some(verifier) => verifier.verify(authorization, sender, self.now_ms),
                None => Verdict::Absent,
            })
    }

    fn is_token_bad(&self) -> bool {
        !matches!(self.verdict(), Verdict::Absent | Verdict::Verified(_))
    }

    fn has_no_user(&self) -> bool {
        let claims = self.claims();
        claims.is_some_and(|claims| claims.text(&self.identification.user_claim).is_none())
    }

    fn api_key(&self) -> &Sent<ApiKey<'a>> {
        let recognize = || {
            let Some(keys) = &self.identification.api_keys else {
                return Sent::Nothing;
            };
            let Some(sent) = self.header(&keys.header) else {
                return Sent::Nothing;
            };
            if sent == TOO_LONG {
                return Sent::Ambiguous(
                    "The API key is longer than what is read; send the key alone.",
                );
            }
            if keys.listed.is_none() && is_no_text(sent) {
                return Sent::Ambiguous("The API key has bytes that are not UTF-8.");
            }
            let recognized = keys.recognize(sent);
            // Some servers take the key without what is no text around it.
            let bare = sent.trim_matches(|sign: char| !sign.is_ascii_graphic());
            let recognized = match recognized {
                Err(NoApiKey::Unlisted) if bare != sent => keys.recognize(bare),
                recognized => recognized,
            };
            match recognized {
                Ok(key) => Sent::Good(key),
                Err(NoApiKey::Unlisted) => Sent::Bad(Fault::UnlistedApiKey),
                Err(NoApiKey::TwoKeys) => Sent::Ambiguous("There are two API keys; send one."),
                Err(NoApiKey::TooMany) => {
                    Sent::Ambiguous("There are more than four API keys; send one.")
                }
            }
        };
        self.api_key.get_or_init(recognize)
    }

    /// A header that requests are counted by. One that is too long is none.
    fn counted_header(&self, name: &str) -> Option<String> {
        let value = self.header(name).filter(|value| *value != TOO_LONG)?;
        if is_no_text(value) {
            self.ask(|asked_for| asked_for.no_text = true);
        }
        Some(value.to_owned())
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        head::value(self.credentials.headers, name).filter(|value| !value.is_empty())
    }
}

/// Whether the runtime has put U+FFFD in the place of bytes: different ones could no longer be told apart.
fn is_no_text(value: &str) -> bool {
    value.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests;
