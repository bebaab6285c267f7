//! What the operator is told of credentials that prove nothing, and of clients without an address: one line for each
//! reason and minute, with a count.
//!
//! The line is written when a reason first comes up in a minute. Whatever comes in the rest of it is counted in the next
//! line of that reason, so no event is lost, and a flood is a line a minute. Nothing of a token or a client is kept.

use super::jwt::Fault;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A credential that proves nothing.
    Fault(Fault),
    /// Credentials of two clients, or more than are looked at.
    Ambiguous,
    /// There is no `CF-Connecting-IP`, or no address in it.
    NoAddress,
}

/// What has come of each reason in one isolate.
#[derive(Debug, Default)]
pub struct Tally([Count; REASONS]);

const REASONS: usize = Fault::ALL.len() + 2;

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// Requests since the last line.
    requests: u64,
    /// The minute of the last line, from 1.
    minute: u64,
}

// === impl Reason ===

impl Reason {
    /// Its name in logs and data points.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.name(),
            Self::Ambiguous => "ambiguous",
            Self::NoAddress => "no_address",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Fault(fault) => fault as usize,
            Self::Ambiguous => Fault::ALL.len(),
            Self::NoAddress => Fault::ALL.len() + 1,
        }
    }
}

// === impl Tally ===

impl Tally {
    /// Counts a request at `now_ms`. The number that the line is about if it is time for one.
    pub fn count(&mut self, reason: Reason, now_ms: u64) -> Option<u64> {
        let count = self.0.get_mut(reason.index())?;
        count.requests = count.requests.saturating_add(1);
        let minute = now_ms / 60_000 + 1;
        if minute == count.minute {
            return None;
        }
        count.minute = minute;
        Some(std::mem::take(&mut count.requests))
    }
}

/// What the event is called in logs and data points.
pub const EVENT: &str = "unverified";

/// The line of the log.
#[must_use]
pub fn line(reason: Reason, count: u64) -> String {
    let reason = reason.name();
    format!(r#"{{"event":"{EVENT}","reason":"{reason}","count":{count}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_a_minute_for_each_reason_and_no_request_is_left_out() {
        let mut tally = Tally::default();
        let reasons = Fault::ALL.map(Reason::Fault);
        let reasons = || {
            reasons
                .into_iter()
                .chain([Reason::Ambiguous, Reason::NoAddress])
        };
        for reason in reasons() {
            let mut told = 0;
            let mut lines = 0;
            for now_ms in (0..600_000).step_by(7) {
                if let Some(count) = tally.count(reason, now_ms) {
                    told += count;
                    lines += 1;
                }
            }
            let told = told + tally.count(reason, 600_000).unwrap() - 1;
            assert_eq!(
                (lines, told),
                (10, 600_000_u64.div_ceil(7)),
                "{}",
                reason.name()
            );
        }
        let mut names: Vec<_> = reasons().map(Reason::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REASONS);
    }

    #[test]
    fn a_line_has_a_reason_and_a_count_and_nothing_else() {
        let line = line(Reason::Fault(Fault::Expired), 7);
        assert_eq!(
            line,
            r#"{"event":"unverified","reason":"expired","count":7}"#
        );
    }
}
