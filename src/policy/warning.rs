//! What is valid in a policy and perhaps not what was meant.

use super::{Counting, DEFAULT, Jwt, KeySource, Policy, Rule, field};
use crate::identity::Part;

mod encoded_slash;
mod vain;

/// Something that the operator should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is called in the documentation.
    pub name: &'static str,
    /// Where under `[vars.BOUNCER]`.
    pub path: String,
    /// What was found, and what it leads to.
    pub problem: String,
}

// === impl Warning ===

impl Warning {
    /// The secret of this name is not among those for local use.
    #[must_use]
    pub fn unset_secret(path: &str, secret: &str) -> Self {
        Self {
            name: "unset-secret",
            path: path.to_owned(),
            problem: format!(
                "the secret {secret:?} is not in .dev.vars; for local use put {secret}=... there, and for the deployed \
                 Worker run `wrangler secret put {secret}`"
            ),
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            path,
            problem,
        } = self;
        write!(f, "warning[{name}]: {}: {problem}", field(path))
    }
}

// === impl Policy ===

impl Policy {
    /// What is valid in this policy and perhaps not what was meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let doubtful = self.named_rules().filter(|(_, rule)| {
            self.is_chosen_by_client(rule) && !self.is_bounded_by_address(rule)
        });
        let warning = |(path, _)| {
            Warning {
            name: "key-chosen-by-client",
            path: path + ".key",
            problem: "whoever can set this header has a new counter with every value, and no limit; and by sending somebody \
                      else's value they use up that one's counter; count by a header that only a proxy of yours sets, or by \
                      listed API keys, or bound each address with a rule that has also = true and key = \"ip\""
                .to_owned(),
        }
        };
        let mut warnings: Vec<_> = doubtful.map(warning).collect();
        warnings.extend(self.any_token());
        warnings.extend(self.one_object());
        warnings.extend(self.vain());
        warnings.extend(self.encoded_slash_warnings());
        warnings
    }

    /// That what everybody shares is counted by one object, which answers so many a second and no more.
    fn one_object(&self) -> Vec<Warning> {
        let is_global = |rule: &Rule| {
            let counting = rule.counting();
            counting.is_some_and(|counting| counting.key.parts().contains(&Part::Global))
        };
        let rules = self.named_rules().filter(|(_, rule)| is_global(rule));
        let warning = |(path, _)| {
            Warning {
            name: "one-object",
            path: path + ".key",
            problem: "all requests of this rule are counted by one object, which answers about 1,000 a second, and those of all the \
                      world go where it is; count by what clients do not share, or keep this rule to few requests"
                .to_owned(),
        }
        };
        rules.map(warning).collect()
    }

    /// The rules with their paths, the default last.
    fn named_rules(&self) -> impl Iterator<Item = (String, &Rule)> {
        let paths = (0..self.rules.len()).map(|index| format!("rules[{index}]"));
        let rules = paths.zip(&self.rules);
        rules.chain([(DEFAULT.to_owned(), &self.default)])
    }

    /// Whether whatever the issuer signs proves a user, for whichever API it is.
    fn any_token(&self) -> Option<Warning> {
        let Jwt {
            key, requirements, ..
        } = self.jwt.as_ref()?;
        let missing = match (&requirements.issuer, requirements.audiences.is_empty()) {
            (None, true) => "\"issuer\" and \"audience\"",
            (Some(_), true) => "\"audience\"",
            (None, false) => "\"issuer\"",
            (Some(_), false) => return None,
        };
        matches!(key, KeySource::Set(_)).then(|| Warning {
            name: "any-token",
            path: "jwt.jwks".to_owned(),
            problem: format!(
                "the issuer of these keys may sign tokens for other APIs too, and each of them is a user here; write \
                 {missing} as your API's tokens have them"
            ),
        })
    }

    fn is_chosen_by_client(&self, rule: &Rule) -> bool {
        let are_keys_listed = self
            .api_keys
            .as_ref()
            .is_some_and(|keys| keys.listed.is_some());
        let is_chosen = |part: &Part| match part {
            Part::Header(_) => true,
            Part::ApiKey => !are_keys_listed,
            _ => false,
        };
        rule.counting()
            .is_some_and(|counting| counting.key.parts().iter().any(is_chosen))
    }

    /// Whether a rule in addition counts all of its requests by address.
    fn is_bounded_by_address(&self, rule: &Rule) -> bool {
        let counts_by_address = |counting: &Counting| counting.key.parts() == [Part::Ip];
        self.rules.iter().any(|other| {
            other.also && other.counting().is_some_and(counts_by_address) && other.has_all_of(rule)
        })
    }
}
