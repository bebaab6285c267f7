//! When a ledger must be saved, and what is saved then.
//!
//! A crash forgets at most 5 % of any limit and never a last permit, and brings back at most 5 % that was given back: of
//! reservations nothing at all, since what is saved because it is due leaves them out. A ledger that is saved because it
//! may leave memory has them with it, so that a slow request finds its reservation again.
//!
//! A reply need not wait for the disk as long as a crash at that moment, with every write on its way lost, would forget no
//! more than that. Where it would, the reply [waits](Ledger::waits_for_disk); and since a runtime that holds back one reply
//! for a write holds back the later ones, too, nothing more need be written for those.

use crate::counter::Counter;
use crate::snapshot;

use super::Ledger;

/// Why a ledger is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// [`Ledger::is_due`].
    Due,
    /// It may leave memory soon.
    Idle,
}

/// Whether something was changed that no crash may undo, and whether that is on its way to the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct MustSave {
    is_unsaved: bool,
    is_handed_over: bool,
    /// Whether replies wait for what is on its way.
    is_waited_for: bool,
}

// === impl MustSave ===

impl MustSave {
    pub(super) fn note(&mut self) {
        self.is_unsaved = true;
    }
}

// === impl Ledger ===

impl Ledger {
    /// Whether it must be saved now, so that a crash forgets at most 5 % of any limit and never a last permit.
    #[must_use]
    pub fn is_due(&mut self) -> bool {
        let mut is_due = self.must_save.is_unsaved;
        for counter in self.counters.values_mut() {
            is_due |= counter.is_due(self.seen_ms, self.must_save.is_waited_for);
        }
        is_due
    }

    /// Whether replies must wait until all that was handed over is on disk.
    #[must_use]
    pub const fn waits_for_disk(&self) -> bool {
        self.must_save.is_waited_for
    }

    /// Whether a crash would forget more than it may unless what is unsaved is on disk before anybody hears of it.
    fn outruns_the_disk(&self) -> bool {
        let mut counters = self.counters.values();
        self.must_save.is_unsaved || counters.any(|counter| counter.outruns_the_disk(self.seen_ms))
    }

    /// Whether anything would be lost, or come back, if memory were lost.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.must_save.is_unsaved || self.counters.values().any(Counter::has_unsaved)
    }

    /// What is to be handed to the storage, as [`snapshot`] bytes. It need not be handed over again unless the write
    /// [fails](Self::failed), and is on disk once it is [confirmed](Self::confirmed).
    pub fn save(&mut self, why: Saving) -> Vec<u8> {
        self.must_save.is_waited_for |= why == Saving::Due && self.outruns_the_disk();
        let leaves_out =
            why == Saving::Due && self.counters.values().any(Counter::has_reservations);
        let bytes = if leaves_out {
            let mut copy = self.clone();
            for counter in copy.counters.values_mut() {
                counter.forget_reservations(self.seen_ms);
            }
            snapshot::encode(&copy)
        } else {
            snapshot::encode(self)
        };
        self.must_save.is_handed_over |= std::mem::take(&mut self.must_save.is_unsaved);
        for counter in self.counters.values_mut() {
            counter.handed_over(why == Saving::Idle, self.seen_ms);
        }
        bytes
    }

    /// Notes that all that was handed over is on disk.
    pub fn confirmed(&mut self) {
        self.must_save.is_handed_over = false;
        self.must_save.is_waited_for = false;
        self.counters.values_mut().for_each(Counter::confirmed);
    }

    /// Notes that a write failed. It is as after a crash: what was handed over and not confirmed is unsaved again.
    pub fn failed(&mut self) {
        self.must_save.is_unsaved |= std::mem::take(&mut self.must_save.is_handed_over);
        self.must_save.is_waited_for = false;
        self.counters.values_mut().for_each(Counter::failed);
    }
}
