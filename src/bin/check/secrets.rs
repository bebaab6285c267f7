//! The secrets for local use, which are all that can be seen from here.

use bouncer::bouncer::ORIGIN_SECRET;
use bouncer::policy::{KeySource, Policy, Warning};

use crate::config::Config;

/// What is in `.dev.vars`.
pub(crate) struct Secrets(String);

/// Less than this is guessed (RFC 4086, section 8, asks for 128 random bits).
const MIN_BYTES: usize = 16;

// === impl Secrets ===

impl Secrets {
    /// Those beside the configuration.
    pub(crate) fn beside(config: &Config) -> Self {
        Self(std::fs::read_to_string(config.beside(".dev.vars")).unwrap_or_default())
    }

    /// The value of a line `NAME=value`, in quotes or without.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(found, _)| found.trim() == name)?;
        let value = value.trim();
        let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
        let bare = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
        Some(bare.to_owned())
    }

    /// What is missing of them, or too short.
    pub(crate) fn warnings(&self, policy: &Policy) -> Vec<Warning> {
        let jwt = policy.jwt.as_ref().and_then(|jwt| match &jwt.key {
            KeySource::Secret(name) => Some((name, jwt.requirements.algorithm.min_secret_bytes())),
            _ => None,
        });
        let of_tokens = jwt.and_then(|(name, least)| match self.value(name) {
            None => Some(Warning::unset_secret("jwt.secret", name)),
            Some(secret) => short("jwt.secret", name, &secret, least.unwrap_or(MIN_BYTES)),
        });
        let of_origin = self
            .value(ORIGIN_SECRET)
            .and_then(|secret| short("", ORIGIN_SECRET, &secret, MIN_BYTES));
        of_tokens.into_iter().chain(of_origin).collect()
    }
}

fn short(path: &str, name: &str, secret: &str, least: usize) -> Option<Warning> {
    (secret.len() < least).then(|| Warning {
        name: "short-secret",
        path: path.to_owned(),
        problem: format!(
            "the secret {name:?} in .dev.vars has {} bytes and should have at least {least}; take one from `openssl rand -hex {least}`",
            secret.len()
        ),
    })
}
