//! What of a counter is not on disk, and when it must be.
//!
//! A charge and a refund are unsaved alike: what is on disk may be less than what is in memory, or more, by 5 % of a limit.
//! A reservation is neither until it is settled. What has been handed to the storage and is not confirmed is kept apart: it
//! counts as unsaved, but need not be written again unless the write fails.
//!
//! Who is refused must not be let in by a crash, so a limit that is used up is saved as such, once: as long as nothing
//! is left of it, whatever comes back is taken at once and is at most 5 % until the next write.

use std::num::NonZeroU32;

use super::Counter;
use super::slot::Slot;

/// Permits under one limit that are not on disk as they are in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unsaved {
    amounts: Amounts,
    /// In writes that are on their way.
    handed_over: Amounts,
    /// Whether nothing was left in what was handed over last, and nothing has been left since.
    is_known_used_up: bool,
}

/// Permits that were taken and given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amounts {
    charged: u32,
    refunded: u32,
}

// === impl Amounts ===

impl Amounts {
    const NONE: Self = Self {
        charged: 0,
        refunded: 0,
    };

    fn and(self, other: Self) -> Self {
        Self {
            charged: self.charged.saturating_add(other.charged),
            refunded: self.refunded.saturating_add(other.refunded),
        }
    }

    /// By how many permits, times 20, the state without these may be wrong.
    fn twenty_times(self) -> u64 {
        u64::from(self.charged.max(self.refunded)) * 20
    }
}

/// What is known of the disk beside the amounts decides only when the next write is due.
impl PartialEq for Unsaved {
    fn eq(&self, other: &Self) -> bool {
        (self.amounts, self.handed_over) == (other.amounts, other.handed_over)
    }
}

impl Eq for Unsaved {}

// === impl Unsaved ===

impl Unsaved {
    pub(super) const NOTHING: Self = Self {
        amounts: Amounts::NONE,
        handed_over: Amounts::NONE,
        is_known_used_up: false,
    };

    pub(super) fn charge(&mut self, cost: NonZeroU32) {
        self.amounts.charged = self.amounts.charged.saturating_add(cost.get());
    }

    pub(super) fn refund(&mut self, cost: NonZeroU32) {
        self.amounts.refunded = self.amounts.refunded.saturating_add(cost.get());
    }

    /// Forgets a charge that is in memory alone.
    pub(super) fn uncharge(&mut self, cost: NonZeroU32) {
        self.amounts.charged = self.amounts.charged.saturating_sub(cost.get());
    }

    fn is_any(&self) -> bool {
        self.amounts != Amounts::NONE
    }

    fn hand_over(&mut self, is_used_up: bool) {
        self.handed_over = self.handed_over.and(std::mem::take(&mut self.amounts));
        self.is_known_used_up = is_used_up;
    }

    fn confirm(&mut self) {
        self.handed_over = Amounts::NONE;
    }

    fn fail(&mut self) {
        self.amounts = self.amounts.and(std::mem::take(&mut self.handed_over));
        self.is_known_used_up = false;
    }
}

// === impl Counter ===

impl Counter {
    /// Whether it must be saved now: what is unsaved has reached 5 % of a limit that was in use last, or holds its last
    /// permit, or is more than 5 % with what is on its way to the disk. The last is not asked for if replies `wait` for what
    /// is on its way.
    pub(crate) fn is_due(&mut self, now_ms: u64, wait: bool) -> bool {
        let latest_ms = self.slots.iter().map(|slot| slot.asked_ms).max();
        let mut is_due = false;
        let pending = &self.pending;
        for slot in &mut self.slots {
            if Some(slot.asked_ms) != latest_ms || !slot.unsaved.is_any() {
                continue;
            }
            let is_used_up = is_used_up(slot, pending, now_ms);
            let unsaved = &mut slot.unsaved;
            unsaved.is_known_used_up &= is_used_up;
            let quota = u64::from(slot.limit.quota());
            is_due |= unsaved.amounts.twenty_times() >= quota
                || unsaved.amounts.charged > 0 && is_used_up && !unsaved.is_known_used_up
                || !wait && unsaved.amounts.and(unsaved.handed_over).twenty_times() > quota;
        }
        is_due
    }

    /// Whether a crash would forget more than it may, or a last permit, unless all that is unsaved is on disk before anybody
    /// hears of it.
    pub(crate) fn outruns_the_disk(&self, now_ms: u64) -> bool {
        self.slots.iter().any(|slot| {
            let unsaved = slot.unsaved;
            let all = unsaved.amounts.and(unsaved.handed_over);
            all.twenty_times() > u64::from(slot.limit.quota())
                || unsaved.amounts.charged > 0
                    && !unsaved.is_known_used_up
                    && is_used_up(slot, &self.pending, now_ms)
        })
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
    pub(crate) fn handed_over(&mut self, with_reservations: bool, now_ms: u64) {
        for slot in &mut self.slots {
            let is_used_up = is_used_up(slot, &self.pending, now_ms);
            slot.unsaved.hand_over(is_used_up);
        }
        for pending in &mut self.pending {
            pending.is_saved = with_reservations || !pending.is_reserved();
            pending.is_on_disk |= pending.is_saved;
        }
    }

    /// Notes that what was handed over is on disk.
    pub(crate) fn confirmed(&mut self) {
        for slot in &mut self.slots {
            slot.unsaved.confirm();
        }
        for pending in &mut self.pending {
            pending.is_on_disk = pending.is_saved;
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

/// Whether nothing remains even if every reservation is given back.
fn is_used_up(slot: &Slot, pending: &[super::Pending], now_ms: u64) -> bool {
    let has_none = |state: &crate::algorithm::State| {
        let standing = state.standing(&slot.limit, now_ms);
        standing.remaining == 0
    };
    has_none(&slot.state) && has_none(&slot.without(pending, now_ms, super::Pending::is_reserved))
}
