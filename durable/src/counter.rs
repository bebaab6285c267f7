//! A counter: one key's state under one rule, which may have several limits.
//!
//! There is one slot for each window length. A limit whose count or algorithm changes keeps its slot and with it what
//! was used; a slot that no limit asks for stays until it expires, so that while two versions of a policy are both in
//! use neither hands anybody a fresh quota.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Refused, Standing, State};
use crate::limit::Limit;

/// One key's state under one rule's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    limit: Limit,
    state: State,
    /// Permits charged since the last save.
    #[serde(skip)]
    unsaved: u32,
}

// === impl Counter ===

impl Counter {
    /// Makes sure that there is a slot under exactly `limit`.
    pub(crate) fn follow(&mut self, limit: &Limit, now_ms: u64) {
        match self
            .slots
            .iter_mut()
            .find(|slot| slot.limit.window_ms() == limit.window_ms())
        {
            Some(slot) if slot.limit == *limit => {}
            Some(slot) => {
                slot.state.carry(&slot.limit, limit, now_ms);
                slot.limit = *limit;
            }
            None => self.slots.push(Slot {
                limit: *limit,
                state: State::fresh(limit.algorithm()),
                unsaved: 0,
            }),
        }
    }

    fn slot(&self, limit: &Limit) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.limit == *limit)
    }

    /// Whether `cost` fits under `limit`.
    pub(crate) fn check(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.slot(limit)
            .map_or(Ok(()), |slot| slot.state.check(limit, now_ms, cost))
    }

    /// Takes `cost` under every one of `limits`, after a [`check`](Self::check) of each at the same moment.
    pub(crate) fn charge(&mut self, limits: &[Limit], now_ms: u64, cost: NonZeroU32) {
        for slot in self
            .slots
            .iter_mut()
            .filter(|slot| limits.contains(&slot.limit))
        {
            slot.state.charge(&slot.limit, now_ms, cost);
            slot.unsaved = slot.unsaved.saturating_add(cost.get());
        }
    }

    pub(crate) fn standing(&self, limit: &Limit, now_ms: u64) -> Standing {
        match self.slot(limit) {
            Some(slot) => slot.state.standing(limit, now_ms),
            None => State::fresh(limit.algorithm()).standing(limit, now_ms),
        }
    }

    /// See [`State::rewind`].
    pub(crate) fn rewind(&mut self, now_ms: u64, by_ms: u64) {
        for slot in &mut self.slots {
            slot.state.rewind(&slot.limit, now_ms, by_ms);
        }
    }

    /// Forgets the slots that have expired. True if none is left.
    pub(crate) fn expire(&mut self, now_ms: u64) -> bool {
        self.slots
            .retain(|slot| slot.state.standing(&slot.limit, now_ms).full_ms > 0);
        self.slots.is_empty()
    }

    /// When the last slot expires, in milliseconds since the Unix epoch.
    pub(crate) fn expires_at_ms(&self, now_ms: u64) -> u64 {
        let moments = self
            .slots
            .iter()
            .map(|slot| slot.state.expires_at_ms(&slot.limit, now_ms));
        moments.max().unwrap_or(now_ms)
    }

    /// Whether what is unsaved has reached 5 % of a limit, or holds its last permit.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.slots.iter().any(|slot| {
            let twentieths = u64::from(slot.unsaved) * 20;
            slot.unsaved > 0
                && (twentieths >= u64::from(slot.limit.quota())
                    || slot.state.standing(&slot.limit, now_ms).remaining == 0)
        })
    }

    pub(crate) fn has_unsaved(&self) -> bool {
        self.slots.iter().any(|slot| slot.unsaved > 0)
    }

    pub(crate) fn saved(&mut self) {
        for slot in &mut self.slots {
            slot.unsaved = 0;
        }
    }
}
