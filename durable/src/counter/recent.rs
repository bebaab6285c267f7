//! The charges of the last seconds, by the identifier of their take: one that arrives twice is charged once, and one whose
//! answer did not arrive can be taken back.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// A call is repeated or taken back soon after or not at all.
const REMEMBERED_MS: u64 = 10_000;

/// The most that are remembered. An object carries out about a thousand messages a second, and a repeat follows at once.
const MOST: usize = 2_048;

/// Charges by identifier, in the order of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Deltas", into = "Deltas")]
pub(crate) struct Recent {
    takes: Vec<Take>,
    /// No charge is older, in milliseconds since the Unix epoch.
    oldest_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Take {
    id: u64,
    at_ms: u64,
    /// What can still be given back; 0 if that is settled, or held elsewhere.
    cost: u32,
}

/// Charges on disk: the first moment, then for each what its identifier adds to the one before, its moment to the first,
/// and its cost. An isolate numbers its messages, so most of these are small.
#[derive(Serialize, Deserialize)]
struct Deltas(u64, Vec<(u64, u64, u32)>);

// === impl Recent ===

impl Recent {
    pub(crate) const fn new() -> Self {
        Self {
            takes: Vec::new(),
            oldest_ms: 0,
        }
    }

    fn find(&self, id: u64) -> Result<usize, usize> {
        self.takes.binary_search_by_key(&id, |take| take.id)
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.find(id).is_ok()
    }

    /// Remembers a take that has charged `cost` which can be given back, or 0.
    pub(crate) fn remember(&mut self, id: u64, at_ms: u64, cost: u32) {
        if self.takes.len() >= MOST || at_ms.saturating_sub(self.oldest_ms) > 2 * REMEMBERED_MS {
            self.forget_old(at_ms);
        }
        let take = Take { id, at_ms, cost };
        match self.find(id) {
            Ok(index) => {
                if let Some(known) = self.takes.get_mut(index) {
                    *known = take;
                }
            }
            Err(index) => self.takes.insert(index, take),
        }
    }

    fn forget_old(&mut self, now_ms: u64) {
        self.takes
            .retain(|take| now_ms.saturating_sub(take.at_ms) <= REMEMBERED_MS);
        let moments = |takes: &[Take]| takes.iter().map(|take| take.at_ms).min();
        self.oldest_ms = moments(&self.takes).unwrap_or(now_ms);
        if self.takes.len() >= MOST {
            let half_ms = now_ms.saturating_sub(self.oldest_ms) / 2;
            self.takes
                .retain(|take| now_ms.saturating_sub(take.at_ms) < half_ms);
            self.oldest_ms = moments(&self.takes).unwrap_or(now_ms);
        }
    }

    /// When this take charged what, if it is there to be given back; from now on it is not.
    pub(crate) fn give_back(&mut self, id: u64) -> Option<(u64, NonZeroU32)> {
        let index = self.find(id).ok()?;
        let take = self.takes.get_mut(index)?;
        let cost = NonZeroU32::new(std::mem::take(&mut take.cost))?;
        Some((take.at_ms, cost))
    }

    /// Nothing of these is given back any more.
    pub(crate) fn keep_all(&mut self) {
        for take in &mut self.takes {
            take.cost = 0;
        }
    }

    pub(crate) fn forget(&mut self, id: u64) {
        if let Ok(index) = self.find(id) {
            self.takes.remove(index);
        }
    }

    /// Moves with a clock that was set back. What was charged in which window is not known after that.
    pub(crate) fn rewind(&mut self, by_ms: u64) {
        self.keep_all();
        for take in &mut self.takes {
            take.at_ms = take.at_ms.saturating_sub(by_ms);
        }
        self.oldest_ms = self.oldest_ms.saturating_sub(by_ms);
    }
}

// === impl Deltas ===

impl From<Recent> for Deltas {
    fn from(recent: Recent) -> Self {
        let mut last = 0;
        let takes = recent.takes.iter().map(|take| {
            let id = take.id.wrapping_sub(std::mem::replace(&mut last, take.id));
            let at_ms = take.at_ms.saturating_sub(recent.oldest_ms);
            (id, at_ms, take.cost)
        });
        Self(recent.oldest_ms, takes.collect())
    }
}

impl From<Deltas> for Recent {
    fn from(Deltas(oldest_ms, deltas): Deltas) -> Self {
        let mut id = 0_u64;
        let takes = deltas.into_iter().map(|(delta, at_ms, cost)| {
            id = id.wrapping_add(delta);
            let at_ms = oldest_ms.saturating_add(at_ms);
            Take { id, at_ms, cost }
        });
        Self {
            takes: takes.collect(),
            oldest_ms,
        }
    }
}
