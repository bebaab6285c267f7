//! The policy: what the operator wrote under `[vars.BOUNCER]`, checked and compiled.
//!
//! It is parsed strictly, once per isolate. What is unknown or makes no sense is an error that names the field, says what
//! was found and what would be right; a Worker with a wrong policy forwards nothing.

use std::fmt::Display;
use std::num::NonZeroU32;

use bouncer_durable::Algorithm;

use crate::identity::{ApiKeys, KeyKind, Networks, Part, Unverified};
use crate::route::{METHOD_HEADERS, PATH_HEADERS, Pattern, Reader};
use crate::wire::Wire;

mod agreement;
mod allowance;
mod api_keys;
mod compile;
mod conduct;
mod jwt;
mod limits;
mod origin;
mod paths;
mod routing;
mod source;
mod warning;
mod wire;

pub use allowance::{Allowance, Allowances, Holder};
pub use conduct::{Counts, Mode, OnError, Store};
pub use jwt::{Jwt, KeySource};
pub use origin::{Forwarding, Framing, Host, Origin};
pub use routing::Route;
pub use warning::Warning;

/// The name of the rule for everything that no rule matches.
const DEFAULT: &str = "default";

/// Every algorithm, as the policy may name it.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::FixedWindow,
    Algorithm::SlidingWindow,
    Algorithm::SlidingLog,
    Algorithm::TokenBucket { burst: None },
];

/// An algorithm's name in the policy.
#[must_use]
pub const fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::FixedWindow => "fixed-window",
        Algorithm::SlidingLog => "sliding-log",
        Algorithm::SlidingWindow => "sliding-window",
        Algorithm::TokenBucket { .. } => "token-bucket",
    }
}

/// A field of the policy that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", field(path))]
pub struct PolicyError {
    /// Where under `[vars.BOUNCER]`: `rules[2].limit`; empty for the whole.
    pub path: String,
    /// What was found, and what would be right.
    pub problem: String,
}

type Result<T> = std::result::Result<T, PolicyError>;

/// A policy that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where allowed requests go.
    pub origin: Origin,
    /// How they get there.
    pub forwarding: Forwarding,
    /// The leading bits by which IPv6 addresses are counted.
    pub ipv6_prefix: u8,
    /// The addresses whose requests pass uncounted and unstamped.
    pub allow: Networks,
    /// The addresses whose requests are refused. Who is in both lists is refused.
    pub deny: Networks,
    /// How users are verified, if they are.
    pub jwt: Option<Jwt>,
    /// How API keys are told, if they are.
    pub api_keys: Option<ApiKeys>,
    /// Statuses of the origin's that are taken for a proof that it has done nothing.
    pub refund_unreachable: Vec<u16>,
    /// What becomes of a request whose credential proves nothing.
    pub unverified: Unverified,
    /// How long a counter may take to answer, in milliseconds.
    pub timeout_ms: u32,
    /// Where is counted.
    pub store: Store,
    /// Which headers are set.
    pub wire: Wire,
    /// How the origin reads paths, as far as it is known.
    pub reader: Reader,
    /// `true` if the headers are passed on from which an origin may take another path.
    pub keeps_rewrite_headers: bool,
    /// In the order in which they are tried.
    pub rules: Vec<Rule>,
    /// For everything that no rule matches.
    pub default: Rule,
}

/// Which requests, and what happens to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique among the rules.
    pub name: String,
    /// The requests it is about; none for the default, which is about the rest.
    pub patterns: Vec<Pattern>,
    /// Whether it counts in addition to the first rule that matches, rather than being one of those.
    pub also: bool,
    /// What is done with them.
    pub action: Action,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It passes, uncounted and unstamped.
    Exempt,
    /// It is counted.
    Count(Counting),
}

/// How the requests of a rule are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Who is counted.
    pub key: KeyKind,
    /// The name of the counter: the rule's, or that of the bucket it shares.
    pub bucket: String,
    /// Permits that a request takes.
    pub cost: NonZeroU32,
    /// Which requests stay counted once the origin has answered.
    pub counts: Counts,
    /// Milliseconds until it is known whether a request stays counted, at most.
    pub settled_within_ms: u32,
    /// What happens when the counter cannot be asked.
    pub on_error: OnError,
    /// Whether it refuses.
    pub mode: Mode,
    /// How much is allowed, and to whom.
    pub allowances: Allowances,
}

// === impl Policy ===

impl Policy {
    /// For how long after a request was admitted a status of the origin's is taken for a proof that it has done nothing, in
    /// milliseconds; 0 if none is.
    #[must_use]
    pub const fn refundable_ms(&self) -> u32 {
        if self.refund_unreachable.is_empty() {
            return 0;
        }
        let origin_timeout_ms = self.forwarding.origin_timeout_ms;
        origin_timeout_ms.saturating_add(self.forwarding.upload_timeout_ms)
    }

    /// Reads and checks a policy, given as JSON.
    ///
    /// # Errors
    /// [`PolicyError`], which names the field and says what would be right.
    pub fn from_json(json: &str) -> Result<Self> {
        source::read(json).and_then(compile::policy)
    }

    /// The names of the request headers that are read, in lower case: those that somebody is counted by, those that say
    /// how to answer, and those that claim another method or path.
    #[must_use]
    pub fn headers(&self) -> Vec<&str> {
        let keys = self
            .counted()
            .flat_map(|(_, counting)| counting.key.parts());
        let counted_by = keys.filter_map(|part| match part {
            Part::Header(name) => Some(name.as_str()),
            _ => None,
        });
        let api_key = self.api_keys.iter().map(|keys| keys.header.as_str());
        let mut names: Vec<_> = counted_by
            .chain(api_key)
            .chain(self.wire.reads().iter().copied())
            .chain(METHOD_HEADERS.into_iter().filter(|_| self.tells_methods()))
            .chain(
                PATH_HEADERS
                    .into_iter()
                    .filter(|_| self.keeps_rewrite_headers),
            )
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The claims of tokens that are read, by the names that the policy gives them.
    #[must_use]
    pub fn claims(&self) -> Vec<String> {
        let of_users = self.jwt.iter().flat_map(|jwt| {
            let names = [
                &jwt.user_claim,
                &jwt.tenant_claim,
                &jwt.role_claim,
                &jwt.plan_claim,
            ];
            names.map(String::as_str)
        });
        let parts = self
            .counted()
            .flat_map(|(_, counting)| counting.key.parts());
        let counted_by = parts.filter_map(|part| match part {
            Part::Claim(name) => Some(name.as_str()),
            _ => None,
        });
        let mut names: Vec<_> = of_users.chain(counted_by).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `true` if the method of a request can make a difference: to which rule it falls under, or to whether it is a preflight.
    fn tells_methods(&self) -> bool {
        if self.wire.cors.is_some() {
            return true;
        }
        let mut patterns = self.rules.iter().flat_map(|rule| &rule.patterns);
        patterns.any(|pattern| !pattern.has_any_method())
    }

    /// Every rule that counts, the default last.
    fn counted(&self) -> impl Iterator<Item = (&Rule, &Counting)> {
        let rules = self.rules.iter().chain([&self.default]);
        rules.filter_map(|rule| Some((rule, rule.counting()?)))
    }
}

// === impl Rule ===

impl Rule {
    /// How its requests are counted, if they are.
    #[must_use]
    pub const fn counting(&self) -> Option<&Counting> {
        match &self.action {
            Action::Exempt => None,
            Action::Count(counting) => Some(counting),
        }
    }

    /// Whether it refuses nothing.
    fn is_shadow(&self) -> bool {
        self.counting()
            .is_some_and(|counting| counting.mode == Mode::Shadow)
    }

    /// Whether every request of `other` is one that this rule has before it. An exempt rule has only the exact spelling of
    /// a path and leaves the others to the rules after it, and one that counts in addition leaves them all.
    fn covers(&self, other: &Self) -> bool {
        let competes = !self.also && !other.also && self.action != Action::Exempt;
        competes && self.has_all_of(other)
    }

    /// Whether every request that `other` is about, in whatever way its path is spelled, this rule is about too.
    fn has_all_of(&self, other: &Self) -> bool {
        let has = |pattern| self.patterns.iter().any(|mine| mine.covers(pattern));
        match other.patterns.as_slice() {
            // The default, about everything.
            [] => self.patterns.iter().any(Pattern::is_everything),
            patterns => patterns.iter().all(has),
        }
    }
}

// === impl PolicyError ===

impl PolicyError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Display) -> Self {
        Self {
            path: path.into(),
            problem: problem.to_string(),
        }
    }
}

/// A field's full name.
fn field(path: &str) -> String {
    match path {
        "" => "BOUNCER".to_owned(),
        path => format!("BOUNCER.{path}"),
    }
}

#[cfg(test)]
mod tests;
