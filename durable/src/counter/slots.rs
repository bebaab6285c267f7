//! Which slot counts which limit, and what a new one takes over from the others.

use super::Counter;
use super::slot::Slot;
use crate::algorithm::State;
use crate::limit::Limit;

/// The most slots of one counter, far more than limits are ever in use at once. The one that was out of use for longest
/// makes room.
const MOST_SLOTS: usize = 32;

// === impl Counter ===

impl Counter {
    /// The slot that counts `limit`, which nearly always is at `index`.
    pub(super) fn slot_at(&self, index: usize, limit: &Limit) -> Option<&Slot> {
        let at_index = self.slots.get(index).filter(|slot| slot.limit == *limit);
        at_index.or_else(|| self.slots.iter().find(|slot| slot.counts_as(limit)))
    }

    /// Does something with the slot that counts `limit`, or with the one that would be opened for it.
    pub(super) fn with_slot<T>(
        &self,
        limit: &Limit,
        now_ms: u64,
        act: impl FnOnce(&Slot) -> T,
    ) -> T {
        match self.slot_at(0, limit) {
            Some(slot) => act(slot),
            None => act(&self.anew(*limit, now_ms)),
        }
    }

    /// Makes sure that the first slots are those of the limits that hold, in their order, and drops the override if it has
    /// ended, and the slots that are out of use.
    pub(super) fn follow(&mut self, asked: &[Limit], now_ms: u64) {
        self.exception
            .take_if(|exception| exception.has_ended(now_ms));
        let mut index = 0;
        while let Some(limit) = self.effective(asked, now_ms).get(index) {
            // Nearly always it is there from the last time.
            if self
                .slots
                .get(index)
                .is_none_or(|slot| slot.limit != *limit)
            {
                let limit = *limit;
                self.follow_at(index, limit, now_ms);
            }
            if let Some(slot) = self.slots.get_mut(index) {
                slot.asked_ms = now_ms;
            }
            index += 1;
        }
        if self.slots.len() > index {
            self.drop_out_of_use(index, now_ms);
        }
    }

    /// Drops the slots behind those in use that have been out of use for long.
    #[cold]
    fn drop_out_of_use(&mut self, in_use: usize, now_ms: u64) {
        self.slots.retain(|slot| !slot.is_out_of_use(now_ms));
        if self.slots.len() > MOST_SLOTS.max(in_use) {
            self.drop_longest_out_of_use(in_use);
        }
    }

    /// Brings the slot that counts this limit to `index`, or a new one if there is none.
    #[cold]
    fn follow_at(&mut self, index: usize, limit: Limit, now_ms: u64) {
        let behind = self
            .slots
            .iter()
            .skip(index)
            .position(|slot| slot.counts_as(&limit));
        let found = behind.map_or(self.slots.len(), |offset| index + offset);
        if behind.is_none() {
            // What of earlier charges is in the new slot is not known one by one, so they are not given back any more.
            self.recent.keep_all();
            self.slots.push(self.anew(limit, now_ms));
        }
        self.slots.swap(index, found);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.limit = limit;
        }
    }

    /// A slot for a limit that has none: of the permits that count here already, all that may have been taken in its
    /// window if they are known from a window no longer than its own, and else those that certainly were.
    pub(super) fn anew(&self, limit: Limit, now_ms: u64) -> Slot {
        let settled = |slot: &Slot| slot.without(&self.pending, now_ms, |_| true).into_owned();
        let (longer, shorter): (Vec<&Slot>, Vec<&Slot>) = self
            .slots
            .iter()
            .partition(|slot| slot.limit.window_ms() > limit.window_ms());
        let used = shorter
            .into_iter()
            .map(|slot| settled(slot).used(&slot.limit, now_ms));
        let state = State::with_used(&limit, now_ms, used.max().unwrap_or(0));
        let narrowed = longer
            .into_iter()
            .map(|slot| settled(slot).narrowed(&slot.limit, &limit, now_ms));
        let states = narrowed.chain([state]);
        let state = states.max_by_key(|state| state.used(&limit, now_ms));
        let state = state.unwrap_or_else(|| State::fresh(limit.algorithm()));
        let mut slot = Slot::new(limit, state, now_ms);
        for pending in &self.pending {
            slot.hold(now_ms, pending);
        }
        slot
    }

    fn drop_longest_out_of_use(&mut self, in_use: usize) {
        let out_of_use = self.slots.iter().enumerate().skip(in_use);
        if let Some((index, _)) = out_of_use.min_by_key(|(_, slot)| slot.asked_ms) {
            self.slots.swap_remove(index);
        }
    }
}
