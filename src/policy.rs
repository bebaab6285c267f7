//! The policy: what the operator wrote under `[vars.BOUNCER]`, checked and compiled.
//!
//! It is parsed strictly, once per isolate. What is unknown or makes no sense is an error that names the field, says what
//! was found and what would be right; a Worker with a wrong policy forwards nothing.

use std::fmt::Display;
use std::num::NonZeroU32;

use bouncer_durable::Algorithm;

use crate::identity::{ApiKeys, KeyKind, Part};
use crate::route::{NormalPath, Pattern};
use crate::wire::Wire;

mod agreement;
mod allowance;
mod api_keys;
mod compile;
mod conduct;
mod jwt;
mod limits;
mod origin;
mod source;
mod warning;
mod wire;

pub use allowance::{Allowance, Allowances, Holder};
pub use conduct::{Counts, Mode, OnError, Store};
pub use jwt::{Jwt, KeySource};
pub use origin::{Forwarding, Host, Origin};
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
    /// How users are verified, if they are.
    pub jwt: Option<Jwt>,
    /// How API keys are told, if they are.
    pub api_keys: Option<ApiKeys>,
    /// How long a counter may take to answer, in milliseconds.
    pub timeout_ms: u32,
    /// Where is counted.
    pub store: Store,
    /// Which headers are set.
    pub wire: Wire,
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
    /// What happens when the counter cannot be asked.
    pub on_error: OnError,
    /// Whether it refuses.
    pub mode: Mode,
    /// How much is allowed, and to whom.
    pub allowances: Allowances,
}

/// The rules that a request falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// The first that matches, else the default.
    pub first: &'a Rule,
    /// Those that count in addition to it, unless it is exempt.
    pub also: Vec<&'a Rule>,
}

// === impl Policy ===

impl Policy {
    /// Reads and checks a policy, given as JSON.
    ///
    /// # Errors
    /// [`PolicyError`], which names the field and says what would be right.
    pub fn from_json(json: &str) -> Result<Self> {
        source::read(json).and_then(compile::policy)
    }

    /// The names of the request headers that are read, in lower case: those that somebody is counted by, and those that say
    /// how to answer.
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
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The rules that a request falls under. `raw` is the path as it was sent.
    #[must_use]
    pub fn route(&self, method: &str, raw: &str) -> Route<'_> {
        let path = NormalPath::new(raw);
        let matching = |also: bool| {
            let rules = self.rules.iter().filter(move |rule| rule.also == also);
            rules.filter(|rule| rule.matches(method, raw, &path))
        };
        let first = matching(false).next().unwrap_or(&self.default);
        let also = match first.action {
            Action::Exempt => Vec::new(),
            Action::Count(_) => matching(true).collect(),
        };
        Route { first, also }
    }

    /// Every rule that counts, the default last.
    fn counted(&self) -> impl Iterator<Item = (&Rule, &Counting)> {
        let rules = self.rules.iter().chain([&self.default]);
        rules.filter_map(|rule| Some((rule, rule.counting()?)))
    }
}

// === impl Route ===

impl<'a> Route<'a> {
    /// All of them, the first one first.
    pub fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        std::iter::once(self.first).chain(self.also.iter().copied())
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

    fn matches(&self, method: &str, raw: &str, path: &NormalPath) -> bool {
        self.patterns.iter().any(|pattern| match self.action {
            Action::Exempt => pattern.matches_exactly(method, raw, path),
            Action::Count(_) => pattern.matches(method, path),
        })
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
