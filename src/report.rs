//! What the operator is told of refusals, and of requests whose counter could not be asked: a line of JSON in the log, and a
//! data point for Analytics Engine.
//!
//! Nothing in them is secret, and nobody is named: a client is the kind of its key and a short hash, by which the lines of
//! the same client can be found. Under a flood the log has a few lines a second, and each says how many it stands for.

use std::cell::RefCell;
use std::num::NonZeroU64;

use bouncer_durable::Limit;
use serde::Serialize;

use crate::admission::{Admission, RefusedBy};
use crate::identity::{Fingerprint, Key};
use crate::js;
use crate::refusal::retry_after_s;

/// Lines a second, in one isolate.
const MAX_LINES: u32 = 10;

/// Digits of a client's hash: 48 bits, so that two clients hardly ever look like one.
const HASH_DIGITS: usize = 12;

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event<'a> {
    /// What.
    pub event: What,
    /// Under which rule.
    pub rule: &'a str,
    /// The kind of the key: `ip`, `user`, `tenant+ip`.
    pub key_kind: String,
    /// A short hash of the key.
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

/// Thins out the lines of a flood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampler {
    second: u64,
    lines: u32,
    left_out: u64,
}

// === impl Event ===

impl<'a> Event<'a> {
    /// A refusal by a limit, real or not.
    #[must_use]
    pub fn refused(event: What, rule: &'a str, key: &Key, limit: &Limit, retry_after: u64) -> Self {
        Self {
            limit: Some(limit.to_string()),
            retry_after: Some(retry_after),
            ..Self::new(event, rule, key)
        }
    }

    /// A counter that could not be asked.
    #[must_use]
    pub fn degraded(rule: &'a str, key: &Key, on_error: &'static str, reason: String) -> Self {
        Self {
            on_error: Some(on_error),
            reason: Some(reason),
            ..Self::new(What::Degraded, rule, key)
        }
    }

    fn new(event: What, rule: &'a str, key: &Key) -> Self {
        Self {
            event,
            rule,
            key_kind: key.kind(),
            key: Fingerprint::of(key.as_str()).first(HASH_DIGITS).to_owned(),
            limit: None,
            retry_after: None,
            on_error: None,
            reason: None,
        }
    }

    /// The line of the log. `left_out` are the lines before it that were not written.
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

// === impl Sampler ===

impl Sampler {
    /// Whether there is room for a line at `now_ms`, and if so how many were left out before it.
    pub fn admit(&mut self, now_ms: u64) -> Option<u64> {
        let second = now_ms / 1_000;
        if second != self.second {
            self.second = second;
            self.lines = 0;
        }
        if self.lines >= MAX_LINES {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

thread_local! {
    static SAMPLER: RefCell<Sampler> = RefCell::default();
}

/// Reports a refusal, real or not.
pub(crate) fn refused(env: &js::Env, what: What, by: &RefusedBy<'_>) {
    let retry_after = retry_after_s(&by.limit, by.wait);
    send(
        env,
        &Event::refused(what, &by.rule.name, by.key, &by.limit, retry_after),
    );
}

/// Reports the counters that could not be asked, for each of the rules that asked.
pub(crate) fn degraded(env: &js::Env, admission: &Admission<'_>) {
    for failure in &admission.failures {
        let Some((key, rules)) = admission.failed(failure) else {
            continue;
        };
        for rule in rules {
            let reason = failure.error.to_string();
            send(
                env,
                &Event::degraded(&rule.name, key, failure.on_error.name(), reason),
            );
        }
    }
}

/// Says in words what went wrong.
pub(crate) fn trouble(problem: &str) {
    let Some(left_out) = SAMPLER.with_borrow_mut(|sampler| sampler.admit(js::now_ms())) else {
        return;
    };
    match left_out {
        0 => js::log_error(problem),
        _ => js::log_error(&format!(
            "{problem} (left out before this: {left_out} lines)"
        )),
    }
}

fn send(env: &js::Env, event: &Event<'_>) {
    let left_out = SAMPLER.with_borrow_mut(|sampler| sampler.admit(js::now_ms()));
    let line = left_out.map(|left_out| event.line(left_out));
    js::report(
        env,
        line.as_deref().unwrap_or_default(),
        event.rule,
        event.event.name(),
        &event.key_kind,
        event.limit.as_deref().unwrap_or_default(),
        // A number for JavaScript, which holds all seconds there are exactly.
        event.retry_after.map_or(0.0, |seconds| {
            u32::try_from(seconds).unwrap_or(u32::MAX).into()
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_rule_limit_and_wait_and_nobody() {
        let key = Key::new([
            ("tenant", "acme"),
            ("header:x-region", "a secret with spaces"),
        ]);
        let limit = Limit::parse_all("5/minute").unwrap()[0];
        let event = Event::refused(What::Refused, "login", &key, &limit, 45);
        let hash = Fingerprint::of(key.as_str());
        assert_eq!(
            event.line(3),
            format!(
                r#"{{"event":"refused","rule":"login","key_kind":"tenant+header","key":"{}","limit":"5 per 1 minute","retry_after":45,"left_out":3}}"#,
                hash.as_str().get(..12).unwrap()
            )
        );
        assert!(!event.line(0).contains("acme") && !event.line(0).contains("left_out"));
    }

    #[test]
    fn a_degraded_decision_says_what_was_done_and_why() {
        let key = Key::new([("user", "ada")]);
        let event = Event::degraded("read", &key, "local", "no answer within 250 ms".to_owned());
        let line = event.line(0);
        assert!(
            line.starts_with(r#"{"event":"degraded","rule":"read","key_kind":"user","key":""#),
            "{line}"
        );
        assert!(
            line.ends_with(r#""on_error":"local","reason":"no answer within 250 ms"}"#),
            "{line}"
        );
    }

    #[test]
    fn a_flood_is_ten_lines_a_second_and_the_next_line_says_how_many_are_missing() {
        let mut sampler = Sampler::default();
        let lines: Vec<_> = (0..1_000).map(|_| sampler.admit(5_000)).collect();
        assert_eq!(lines.iter().filter(|line| **line == Some(0)).count(), 10);
        assert_eq!(sampler.admit(6_000), Some(990));
        assert_eq!(sampler.admit(6_001), Some(0));
    }
}
