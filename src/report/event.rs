//! One thing that happened, as a line of JSON.
//!
//! Nothing in it is secret, and nobody is named: a client is the kind of its key and a short pseudonym, by which the lines of
//! the same client can be found.

use std::num::NonZeroU64;

use bouncer_durable::Limit;
use serde::Serialize;

use super::Pseudonyms;
use crate::identity::Key;

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event<'a> {
    /// What.
    pub event: What,
    /// Under which rule.
    pub rule: &'a str,
    /// The kind of the key: `ip`, `user`, `tenant+ip`.
    pub key_kind: String,
    /// The key's pseudonym.
    pub key: String,
    /// The limit that refused, in the operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Whole seconds until it would not refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What was done without the counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<&'static str>,
    /// Why the counter could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A request was refused.
    Refused,
    /// A rule in shadow mode would have refused it.
    WouldRefuse,
    /// A counter could not be asked.
    Degraded,
}

// === impl Event ===

impl<'a> Event<'a> {
    /// A refusal by a limit, real or not.
    #[must_use]
    pub fn refused(
        event: What,
        rule: &'a str,
        key: &Key,
        limit: &Limit,
        retry_after: u64,
        names: &Pseudonyms,
    ) -> Self {
        Self {
            limit: Some(limit.to_string()),
            retry_after: Some(retry_after),
            ..Self::new(event, rule, key, names)
        }
    }

    /// A counter that could not be asked.
    #[must_use]
    pub fn degraded(
        rule: &'a str,
        key: &Key,
        on_error: &'static str,
        reason: String,
        names: &Pseudonyms,
    ) -> Self {
        Self {
            on_error: Some(on_error),
            reason: Some(reason),
            ..Self::new(What::Degraded, rule, key, names)
        }
    }

    fn new(event: What, rule: &'a str, key: &Key, names: &Pseudonyms) -> Self {
        Self {
            event,
            rule,
            key_kind: key.kind(),
            key: names.of(key.as_str()),
            limit: None,
            retry_after: None,
            on_error: None,
            reason: None,
        }
    }

    /// The line of the log. `left_out` are the lines of this kind before it that were not written.
    #[must_use]
    pub fn line(&self, left_out: u64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            event: &'a Event<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            left_out: Option<NonZeroU64>,
        }
        // No value of ours fails to be JSON.
        serde_json::to_string(&Line {
            event: self,
            left_out: NonZeroU64::new(left_out),
        })
        .unwrap_or_default()
    }
}

// === impl What ===

impl What {
    /// Its name in logs and data points.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
            Self::Degraded => "degraded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_rule_limit_and_wait_and_nobody() {
        let names = Pseudonyms::new(b"a secret");
        let key = Key::new([
            ("tenant", "acme"),
            ("header:x-region", "a secret with spaces"),
        ]);
        let limit = Limit::parse_all("5/minute").unwrap()[0];
        let event = Event::refused(What::Refused, "login", &key, &limit, 45, &names);
        assert_eq!(
            event.line(3),
            format!(
                r#"{{"event":"refused","rule":"login","key_kind":"tenant+header","key":"{}","limit":"5 per 1 minute","retry_after":45,"left_out":3}}"#,
                names.of(key.as_str())
            )
        );
        assert!(!event.line(0).contains("acme") && !event.line(0).contains("left_out"));
    }

    #[test]
    fn a_degraded_decision_says_what_was_done_and_why() {
        let names = Pseudonyms::new(b"a secret");
        let key = Key::new([("user", "ada")]);
        let reason = "no answer within 250 ms".to_owned();
        let line = Event::degraded("read", &key, "local", reason, &names).line(0);
        assert!(
            line.starts_with(r#"{"event":"degraded","rule":"read","key_kind":"user","key":""#),
            "{line}"
        );
        assert!(
            line.ends_with(r#""on_error":"local","reason":"no answer within 250 ms"}"#),
            "{line}"
        );
    }
}
