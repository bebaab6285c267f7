//! Charges that may still be given back as if they had never been taken: reservations, of which the outcome is not known
//! yet, and provisional charges, of which a wider key may still refuse the request.
//!
//! They count like any other for as long as they are pending. Each has its time, after which it is a charge; nothing waits
//! for that, it is looked at when the ledger is next asked.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Counter;
use crate::algorithm::Taken;
use crate::limit::Limit;

/// What a take has charged to one counter and may give back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) id: u64,
    pub(crate) taken_ms: u64,
    pub(crate) cost: NonZeroU32,
    /// When it no longer is provisional, in milliseconds since the Unix epoch; 0 if it never was.
    pub(crate) provisional_until_ms: u64,
    /// When it no longer is a reservation; 0 if it never was.
    pub(crate) reserved_until_ms: u64,
    /// `true` if what was handed to the storage last has it.
    #[serde(skip, default = "yes")]
    pub(crate) is_saved: bool,
    /// `true` if the disk may have it.
    #[serde(skip, default = "yes")]
    pub(crate) is_on_disk: bool,
}

const fn yes() -> bool {
    true
}

/// What a settlement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The take, or that it was settled already.
    Known,
    /// A reservation that is given back and may be on disk: it must be forgotten there, too.
    OnDisk,
    /// No such take.
    Unknown,
}

// === impl Pending ===

impl Pending {
    pub(crate) const fn is_reserved(&self) -> bool {
        self.reserved_until_ms > 0
    }

    pub(super) const fn taken(&self) -> Taken {
        Taken {
            id: self.id,
            at_ms: self.taken_ms,
            cost: self.cost,
        }
    }
}

// === impl Counter ===

impl Counter {
    /// Takes what fits, pending.
    pub(crate) fn hold(&mut self, limits: &[Limit], now_ms: u64, pending: Pending) {
        self.follow(limits, now_ms);
        for slot in &mut self.slots {
            slot.hold(now_ms, &pending);
        }
        self.recent.remember(pending.id, now_ms, 0);
        self.pending.push(pending);
    }

    /// Remembers a charge that is not pending, for as long as it may be taken back.
    pub(crate) fn remember(&mut self, id: u64, now_ms: u64, cost: u32) {
        self.recent.remember(id, now_ms, cost);
    }

    /// Whether this take has been charged here.
    pub(crate) fn knows(&self, id: u64) -> bool {
        self.recent.contains(id) || self.position(id).is_some()
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.pending.iter().position(|pending| pending.id == id)
    }

    /// Ends a pending charge.
    fn end(&mut self, index: usize, is_kept: bool, now_ms: u64) -> Settled {
        if index >= self.pending.len() {
            return Settled::Unknown;
        }
        let pending = self.pending.remove(index);
        for slot in &mut self.slots {
            slot.end_hold(now_ms, &pending, is_kept);
        }
        if !is_kept && pending.is_reserved() && pending.is_on_disk {
            Settled::OnDisk
        } else {
            Settled::Known
        }
    }

    /// Keeps or gives back what this take has charged. The second time, nothing changes.
    pub(crate) fn settle(&mut self, id: u64, is_kept: bool, now_ms: u64) -> Settled {
        if let Some(index) = self.position(id) {
            // Remembered anew, since a repeat of this settlement may come as late after it as any.
            self.recent.remember(id, now_ms, 0);
            return self.end(index, is_kept, now_ms);
        }
        if !self.recent.contains(id) {
            return Settled::Unknown;
        }
        if let Some((taken_ms, cost)) = self.recent.give_back(id)
            && !is_kept
        {
            for slot in &mut self.slots {
                slot.refund(now_ms, taken_ms, cost);
            }
        }
        Settled::Known
    }

    /// Notes that this take is no longer provisional.
    pub(crate) fn stand(&mut self, id: u64, now_ms: u64) {
        let Some(index) = self.position(id) else {
            return;
        };
        if let Some(pending) = self.pending.get_mut(index) {
            pending.provisional_until_ms = 0;
            if !pending.is_reserved() {
                self.end(index, true, now_ms);
            }
        }
    }

    /// Ends what has been pending for its time, or for so long that it no longer counts.
    pub(crate) fn lapse(&mut self, now_ms: u64) {
        if self.pending.is_empty() {
            return;
        }
        let counts_for_ms = self.slots.iter().map(|slot| slot.limit.counts_for_ms());
        let counts_for_ms = counts_for_ms.max().unwrap_or_default();
        let mut index = 0;
        while let Some(pending) = self.pending.get_mut(index) {
            if pending.provisional_until_ms < now_ms {
                pending.provisional_until_ms = 0;
            }
            let is_lapsed = pending.is_reserved() && pending.reserved_until_ms < now_ms;
            if pending.provisional_until_ms > 0 && is_lapsed {
                pending.reserved_until_ms = 0;
                for slot in &mut self.slots {
                    slot.unsaved.charge(pending.cost);
                }
            }
            let is_over = pending.provisional_until_ms == 0 && pending.reserved_until_ms < now_ms;
            if is_over || now_ms.saturating_sub(pending.taken_ms) > counts_for_ms {
                self.end(index, true, now_ms);
            } else {
                index += 1;
            }
        }
    }

    pub(super) fn keep_all_pending(&mut self, now_ms: u64) {
        while !self.pending.is_empty() {
            self.end(0, true, now_ms);
        }
    }

    /// How many charges are pending.
    pub(crate) const fn pending(&self) -> usize {
        self.pending.len()
    }

    /// When the oldest take was made that is provisional and not reserved, and which it is.
    pub(crate) fn oldest_provisional(&self) -> Option<(u64, u64)> {
        let mut pending = self.pending.iter();
        let oldest = pending.find(|pending| !pending.is_reserved())?;
        Some((oldest.taken_ms, oldest.id))
    }

    /// Whether `cost` would fit under `limit` without anything that is pending.
    pub(crate) fn fits_without_pending(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> bool {
        !self.pending.is_empty()
            && self.with_slot(limit, now_ms, |slot| {
                let settled = slot.without(&self.pending, now_ms, |_| true);
                settled.check(limit, now_ms, cost).is_ok()
            })
    }

    /// As if no reservation had been made.
    pub(crate) fn forget_reservations(&mut self, now_ms: u64) {
        let mut index = 0;
        while let Some(pending) = self.pending.get(index) {
            if pending.is_reserved() {
                self.recent.forget(pending.id);
                self.end(index, false, now_ms);
            } else {
                index += 1;
            }
        }
    }
}
