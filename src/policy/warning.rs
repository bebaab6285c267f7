//! What is valid in a policy and perhaps not what was meant.

use super::{Policy, field};
use crate::identity::Part;

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
        let paths = (0..self.rules.len()).map(|index| format!("rules[{index}]"));
        let rules = paths
            .zip(&self.rules)
            .chain([("default".to_owned(), &self.default)]);
        let chosen_by_client = rules.filter(|(_, rule)| {
            let is_header = |part| matches!(part, &Part::Header(_));
            rule.counting()
                .is_some_and(|counting| counting.key.parts().iter().all(is_header))
        });
        let chosen_by_client = chosen_by_client.map(|(path, _)| Warning {
            name: "key-chosen-by-client",
            path: path + ".key",
            problem: "whoever can set this header chooses the counter; count by one that only a proxy of yours sets, or add \
                      \"ip\" to the key"
                .to_owned(),
        });
        let unlisted = self.api_keys.iter().filter(|keys| keys.listed.is_none());
        let unlisted = unlisted.map(|_| Warning {
            name: "unlisted-api-keys",
            path: "api_keys".to_owned(),
            problem: "no keys are listed, so whoever invents one has a counter of its own; list their hashes in \
                      [[vars.BOUNCER.api_keys.keys]]"
                .to_owned(),
        });
        chosen_by_client.chain(unlisted).collect()
    }
}
