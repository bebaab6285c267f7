//! What of a counter is not on disk, and when it must be.
//!
//! A charge and a refund are unsaved alike: what is on disk may be less than what is in memory, or more, by 5 % of a limit.
//! A reservation is neither until it is settled. What has been handed to the storage and is not confirmed is kept apart, and
//! is unsaved again if the write fails.

use std::num::NonZeroU32;

use super::Counter;
use super::slot::Slot;

/// Permits under one limit that are not on disk as they are in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unsaved {
    charged: u32,
    refunded: u32,
    handed_over: Amounts,
}

/// Permits in a write that is on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amounts {
    charged: u32,
    refunded: u32,
}

// === impl Unsaved ===

impl Unsaved {
    pub(super) const NOTHING: Self = Self {
        charged: 0,
        refunded: 0,
        handed_over: Amounts {
            charged: 0,
            refunded: 0,
        },
    };

    pub(super) fn charge(&mut self, cost: NonZeroU32) {
        self.charged = self.charged.saturating_add(cost.get());
    }

    pub(super) fn refund(&mut self, cost: NonZeroU32) {
        self.refunded = self.refunded.saturating_add(cost.get());
    }

    /// Forgets a charge that is in memory alone.
    pub(super) fn uncharge(&mut self, cost: NonZeroU32) {
        self.charged = self.charged.saturating_sub(cost.get());
    }

    fn is_any(&self) -> bool {
        self.charged > 0 || self.refunded > 0
    }

    fn hand_over(&mut self) {
        self.handed_over.charged = self.handed_over.charged.saturating_add(self.charged);
        self.handed_over.refunded = self.handed_over.refunded.saturating_add(self.refunded);
        (self.charged, self.refunded) = (0, 0);
    }

    fn confirm(&mut self) {
        self.handed_over = Amounts::default();
    }

    fn fail(&mut self) {
        let failed = std::mem::take(&mut self.handed_over);
        self.charged = self.charged.saturating_add(failed.charged);
        self.refunded = self.refunded.saturating_add(failed.refunded);
    }
}

// === impl Counter ===

impl Counter {
    /// Whether what is unsaved has reached 5 % of a limit that was in use last, or holds its last permit.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let latest_ms = self.slots.iter().map(|slot| slot.asked_ms).max();
        let mut in_use = self
            .slots
            .iter()
            .filter(|slot| Some(slot.asked_ms) == latest_ms && slot.unsaved.is_any());
        in_use.any(|slot| {
            let Unsaved {
                charged, refunded, ..
            } = slot.unsaved;
            u64::from(charged.max(refunded)) * 20 >= u64::from(slot.limit.quota())
                || charged > 0 && self.is_used_up(slot, now_ms)
        })
    }

    /// Whether nothing remains even if every reservation is given back.
    fn is_used_up(&self, slot: &Slot, now_ms: u64) -> bool {
        let is_used_up = |state: &crate::algorithm::State| {
            let standing = state.standing(&slot.limit, now_ms);
            standing.remaining == 0
        };
        let certain = || slot.without(&self.pending, now_ms, super::Pending::is_reserved);
        is_used_up(&slot.state) && is_used_up(&certain())
    }

    /// Whether anything would be lost, or come back, if memory were lost.
    pub(crate) fn has_unsaved(&self) -> bool {
        let is_unsaved = |pending: &super::Pending| pending.is_reserved() && !pending.is_saved;
        self.slots.iter().any(|slot| slot.unsaved.is_any()) || self.pending.iter().any(is_unsaved)
    }

    pub(crate) fn has_reservations(&self) -> bool {
        self.pending.iter().any(super::Pending::is_reserved)
    }

    /// Notes that what it holds has been handed to the storage, reservations with it or not.
    pub(crate) fn handed_over(&mut self, with_reservations: bool) {
        for slot in &mut self.slots {
            slot.unsaved.hand_over();
        }
        for pending in &mut self.pending {
            pending.is_saved = with_reservations || !pending.is_reserved();
        }
    }

    /// Notes that what was handed over is on disk.
    pub(crate) fn confirmed(&mut self) {
        for slot in &mut self.slots {
            slot.unsaved.confirm();
        }
    }

    /// Notes that what was handed over is not on disk.
    pub(crate) fn failed(&mut self) {
        for slot in &mut self.slots {
            slot.unsaved.fail();
        }
        for pending in &mut self.pending {
            pending.is_saved &= !pending.is_reserved();
        }
    }
}
