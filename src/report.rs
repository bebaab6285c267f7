//! What the operator is told of refusals, of requests whose counter could not be asked, and of what went wrong: a line in the
//! log, and a data point for Analytics Engine.
//!
//! Under a flood the log has a few lines a second of each kind, and each says how many it stands for. A data point is written
//! with each line and has the same weight, so a flood costs as little there.

use std::cell::RefCell;

use crate::admission::{Admission, RefusedBy};
use crate::identity::Client;
use crate::identity::told::{self, Tally};
use crate::js;
use crate::refusal::retry_after_s;

mod event;
mod pseudonyms;
mod sampler;

pub use event::{Event, What};
pub use pseudonyms::Pseudonyms;
pub use sampler::Sampler;

thread_local! {
    static SAMPLER: RefCell<Sampler> = RefCell::default();
    static TALLY: RefCell<Tally> = RefCell::default();
}

/// Reports a refusal, real or not.
pub(crate) fn refused(env: &js::Env, names: &Pseudonyms, what: What, by: &RefusedBy<'_>) {
    let rule = &by.rule.name;
    // Whom it refused is worked out for the lines that are written, and not for the whole flood.
    if let Some(left_out) = admit(what.name(), rule) {
        let retry_after = retry_after_s(&by.limit, by.wait);
        let event = Event::refused(what, rule, by.key, &by.limit, retry_after, names);
        send(env, &event, left_out);
    }
}

/// Reports the counters that could not be asked, for each of the rules that asked.
pub(crate) fn degraded(env: &js::Env, names: &Pseudonyms, admission: &Admission<'_>) {
    for failure in admission.failures() {
        for rule in failure.rules {
            if let Some(left_out) = admit(What::Degraded.name(), &rule.name) {
                let reason = failure.error.to_string();
                let on_error = failure.on_error.name();
                let event = Event::degraded(&rule.name, failure.key, on_error, reason, names);
                send(env, &event, left_out);
            }
        }
    }
}

/// Reports credentials that prove nothing, and a client without an address.
pub(crate) fn told(env: &js::Env, client: &Client<'_>, now_ms: u64) {
    for reason in client.reasons() {
        let count = TALLY.with_borrow_mut(|tally| tally.count(reason, now_ms));
        if let Some(count) = count {
            let (line, count) = (told::line(reason, count), as_number(count));
            // A reason stands where a rule does: the event is of none.
            js::report(env, &line, reason.name(), told::EVENT, "", "", 0.0, count);
        }
    }
}

/// Says in words what went wrong with `part` of the whole: `origin`, `counter`, `keys`.
pub(crate) fn trouble(part: &str, problem: &str) {
    match admit("trouble", part) {
        None => {}
        Some(0) => js::log_error(problem),
        Some(left_out) => js::log_error(&format!(
            "{problem} (left out before this: {left_out} lines)"
        )),
    }
}

/// A number for JavaScript, which holds all seconds there are exactly.
fn as_number(whole: u64) -> f64 {
    u32::try_from(whole).unwrap_or(u32::MAX).into()
}

fn admit(event: &str, rule: &str) -> Option<u64> {
    SAMPLER.with_borrow_mut(|sampler| sampler.admit(event, rule, js::now_ms()))
}

fn send(env: &js::Env, event: &Event<'_>, left_out: u64) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of lines in one isolate is far below 2^53"
    )]
    let weight = left_out.saturating_add(1) as f64;
    js::report(
        env,
        &event.line(left_out),
        event.rule,
        event.event.name(),
        &event.key_kind,
        event.limit.as_deref().unwrap_or_default(),
        event.retry_after.map_or(0.0, as_number),
        weight,
    );
}
