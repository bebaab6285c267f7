//! Thins out the lines of a flood, each kind of event by itself: whatever else floods the log, the first of every kind in a
//! second is written.
//!
//! A kind is an event and the rule it is about, so a thousand refusals by one rule hide neither those by another nor an
//! origin that is down. A kind that is left out is counted, and its next line says how many it stands for.

use std::collections::BTreeMap;

/// Lines a second of one kind, in one isolate.
const MAX_LINES: u32 = 10;

/// Kinds that are told apart. A policy has fewer rules times events than this, unless somebody has written hundreds; what is
/// beyond shares one budget.
const MAX_KINDS: usize = 512;

/// The budget of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampler(BTreeMap<String, Budget>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Budget {
    second: u64,
    lines: u32,
    left_out: u64,
}

// === impl Sampler ===

impl Sampler {
    /// Whether there is room for a line of this kind at `now_ms`, and if so how many were left out before it.
    pub fn admit(&mut self, event: &str, rule: &str, now_ms: u64) -> Option<u64> {
        let mut kind = format!("{event} {rule}");
        if self.0.len() >= MAX_KINDS && !self.0.contains_key(&kind) {
            kind.clear();
        }
        self.0.entry(kind).or_default().admit(now_ms)
    }
}

// === impl Budget ===

impl Budget {
    fn admit(&mut self, now_ms: u64) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_ten_lines_a_second_and_the_next_line_says_how_many_are_missing() {
        let mut sampler = Sampler::default();
        let lines: Vec<_> = (0..1_000)
            .map(|_| sampler.admit("refused", "login", 5_000))
            .collect();
        assert_eq!(lines.iter().filter(|line| **line == Some(0)).count(), 10);
        assert_eq!(sampler.admit("refused", "login", 6_000), Some(990));
        assert_eq!(sampler.admit("refused", "login", 6_001), Some(0));
    }

    #[test]
    fn a_flood_of_one_kind_hides_no_other() {
        let mut sampler = Sampler::default();
        for _ in 0..5_000 {
            sampler.admit("refused", "login", 5_000);
        }
        for (event, rule) in [
            ("refused", "search"),
            ("degraded", "login"),
            ("trouble", "origin"),
        ] {
            assert_eq!(sampler.admit(event, rule, 5_000), Some(0), "{event} {rule}");
        }
    }

    #[test]
    fn any_number_of_kinds_takes_a_bounded_memory() {
        let mut sampler = Sampler::default();
        for rule in 0..10 * MAX_KINDS {
            sampler.admit("refused", &rule.to_string(), 5_000);
        }
        assert!(sampler.0.len() <= MAX_KINDS + 1);
    }
}
