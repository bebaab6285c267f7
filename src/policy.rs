//! The policy: what the operator wrote under `[vars.BOUNCER]`, checked and compiled.
//!
//! It is parsed strictly, once per isolate. What is unknown or makes no sense is an error that names the field, says what
//! was found and what would be right; a Worker with a wrong policy forwards nothing.

use bouncer_durable::{Algorithm, Limit};

use crate::identity::{KeyKind, Part};
use crate::route::{NormalPath, Pattern};

mod compile;
mod jwt;
mod source;

pub use compile::PolicyError;
pub use jwt::{Jwt, KeySource};

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

/// A policy that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where allowed requests go: scheme, authority and base path, without a slash at the end.
    pub origin: String,
    /// The leading bits by which IPv6 addresses are counted.
    pub ipv6_prefix: u8,
    /// How users are verified, if they are.
    pub jwt: Option<Jwt>,
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
    /// What is done with them.
    pub action: Action,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It passes, uncounted and unstamped.
    Exempt,
    /// It is counted.
    Limit {
        /// Who is counted.
        key: KeyKind,
        /// The limits, decided together.
        limits: Vec<Limit>,
    },
}

// === impl Policy ===

impl Policy {
    /// Reads and checks a policy, given as JSON.
    ///
    /// # Errors
    /// [`PolicyError`], which names the field and says what would be right.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        source::read(json).and_then(compile::policy)
    }

    /// The names of the headers that some rule counts by, in lower case.
    #[must_use]
    pub fn headers(&self) -> Vec<&str> {
        let keys = self
            .rules
            .iter()
            .chain([&self.default])
            .filter_map(|rule| match &rule.action {
                Action::Exempt => None,
                Action::Limit { key, .. } => Some(key),
            });
        let mut names: Vec<_> = keys
            .flat_map(KeyKind::parts)
            .filter_map(|part| {
                if let Part::Header(name) = part {
                    Some(name.as_str())
                } else {
                    None
                }
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The first rule that matches, else the default. `raw` is the path as it was sent.
    #[must_use]
    pub fn route(&self, method: &str, raw: &str) -> &Rule {
        let path = NormalPath::new(raw);
        self.rules
            .iter()
            .find(|rule| rule.matches(method, raw, &path))
            .unwrap_or(&self.default)
    }
}

// === impl Rule ===

impl Rule {
    /// Whether every request of `other` is one of this rule's. An exempt rule has only the exact spelling of a path, and
    /// leaves the others to the rules after it.
    fn covers(&self, other: &Self) -> bool {
        let is_covered = |pattern| self.patterns.iter().any(|mine| mine.covers(pattern));
        self.action != Action::Exempt && other.patterns.iter().all(is_covered)
    }

    fn matches(&self, method: &str, raw: &str, path: &NormalPath) -> bool {
        match self.action {
            Action::Exempt => self
                .patterns
                .iter()
                .any(|pattern| pattern.matches_exactly(method, raw, path)),
            Action::Limit { .. } => self
                .patterns
                .iter()
                .any(|pattern| pattern.matches(method, path)),
        }
    }
}

#[cfg(test)]
mod tests;
