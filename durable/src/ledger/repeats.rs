//! What was charged lately, by the identifier of its message, so that a message that arrives twice is charged once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A call is repeated at once or not at all.
const REMEMBERED_MS: u64 = 10_000;

/// The most that are remembered, however many come in that time; the oldest go first.
const MOST: usize = 256;

/// Identifiers and when they came, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Repeats {
    ids: VecDeque<(u64, u64)>,
}

// === impl Repeats ===

impl Repeats {
    pub(super) fn contains(&self, id: u64) -> bool {
        self.ids.iter().any(|(known, _)| *known == id)
    }

    pub(super) fn remember(&mut self, id: u64, now_ms: u64) {
        while let Some((_, at_ms)) = self.ids.front()
            && (self.ids.len() >= MOST || now_ms.saturating_sub(*at_ms) > REMEMBERED_MS)
        {
            self.ids.pop_front();
        }
        self.ids.push_back((id, now_ms));
    }

    pub(super) fn rewind(&mut self, by_ms: u64) {
        for (_, at_ms) in &mut self.ids {
            *at_ms = at_ms.saturating_sub(by_ms);
        }
    }
}
