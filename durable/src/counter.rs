//! A counter: one key's state under one rule, which may have several limits.
//!
//! There is one slot for each window length. A limit whose count or algorithm changes keeps its slot and with it what
//! was used; a slot that no limit asks for stays until it expires, so that while two versions of a policy are both in
//! use neither hands anybody a fresh quota.
//!
//! Whoever asks says which limits hold. An override, kept beside the slots, says otherwise for this one key.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Refused, Standing, State};
use crate::limit::Limit;

/// One key's state under one rule's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    slots: Vec<Slot>,
    exception: Option<Override>,
}

/// Limits that hold for one key in place of its rule's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The limits, each with a window of its own length.
    pub limits: Vec<Limit>,
    /// When it ends, in milliseconds since the Unix epoch; never if not given.
    pub until_ms: Option<u64>,
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
    /// Takes `cost` permits under every one of `limits`, or under the override's, or none.
    ///
    /// # Errors
    /// [`Refused`]: the longest wait of those that refuse.
    pub fn take(&mut self, limits: &[Limit], now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        // One limit, the same as the last time: nothing to look for and nothing to decide together.
        if let (None, [limit], Some(slot)) = (&self.exception, limits, self.slots.first_mut())
            && slot.limit == *limit
        {
            return slot.take(now_ms, cost);
        }
        self.take_each(limits, now_ms, cost)
    }

    fn take_each(
        &mut self,
        limits: &[Limit],
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.follow(limits, now_ms);
        let count = self.effective(limits).len();
        let refusals = self
            .slots
            .iter()
            .take(count)
            .filter_map(|slot| slot.state.check(&slot.limit, now_ms, cost).err());
        refusals.max().map_or(Ok(()), Err)?;
        self.charge(limits, now_ms, cost);
        Ok(())
    }

    /// The limits that hold when `asked` are asked for.
    pub(crate) fn effective<'a>(&'a self, asked: &'a [Limit]) -> &'a [Limit] {
        self.exception
            .as_ref()
            .map_or(asked, |exception| &exception.limits)
    }

    /// Makes sure that the first slots are those of the limits that hold, in their order, and ends an override whose
    /// time is up.
    pub(crate) fn follow(&mut self, asked: &[Limit], now_ms: u64) {
        self.exception
            .take_if(|exception| exception.has_ended(now_ms));
        let mut index = 0;
        while let Some(limit) = self.effective(asked).get(index) {
            // Nearly always it is there from the last time.
            if self
                .slots
                .get(index)
                .is_none_or(|slot| slot.limit != *limit)
            {
                let limit = *limit;
                self.follow_at(index, limit, now_ms);
            }
            index += 1;
        }
    }

    /// Brings the slot of the limit's window to `index`, or a fresh one if there is none, and carries what was used over.
    #[cold]
    fn follow_at(&mut self, index: usize, limit: Limit, now_ms: u64) {
        let is_same = |slot: &Slot| slot.limit.window_ms() == limit.window_ms();
        let behind = self.slots.iter().skip(index).position(is_same);
        let found = behind.map_or(self.slots.len(), |offset| index + offset);
        if behind.is_none() {
            self.slots.push(Slot {
                limit,
                state: State::fresh(limit.algorithm()),
                unsaved: 0,
            });
        }
        self.slots.swap(index, found);
        if let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.limit != limit) {
            slot.state.carry(&slot.limit, &limit, now_ms);
            slot.limit = limit;
        }
    }

    fn slot(&self, limit: &Limit) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.limit == *limit)
    }

    /// Whether `cost` fits under `limit`, which is followed.
    pub(crate) fn check(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.slot(limit)
            .map_or(Ok(()), |slot| slot.state.check(limit, now_ms, cost))
    }

    /// Takes `cost` under every limit that holds, after a [`check`](Self::check) of each at the same moment.
    pub(crate) fn charge(&mut self, asked: &[Limit], now_ms: u64, cost: NonZeroU32) {
        let count = self.effective(asked).len();
        for slot in self.slots.iter_mut().take(count) {
            slot.state.charge(&slot.limit, now_ms, cost);
            slot.unsaved = slot.unsaved.saturating_add(cost.get());
        }
    }

    /// Gives back what was taken under `limit` at `taken_ms`, if the limit is still counted in the same way.
    pub(crate) fn refund(&mut self, limit: &Limit, now_ms: u64, taken_ms: u64, cost: NonZeroU32) {
        let same = |slot: &&mut Slot| {
            slot.limit.window_ms() == limit.window_ms()
                && std::mem::discriminant(&slot.limit.algorithm())
                    == std::mem::discriminant(&limit.algorithm())
        };
        if let Some(slot) = self.slots.iter_mut().find(same) {
            slot.state.refund(&slot.limit, now_ms, taken_ms, cost);
        }
    }

    /// Forgets what was used. An override stays.
    pub(crate) fn reset(&mut self) {
        self.slots.clear();
    }

    /// Sets the override, or ends it.
    pub(crate) fn set(&mut self, exception: Option<Override>) {
        self.exception = exception;
    }

    /// Where the key stands under `limit`, which is followed.
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

    /// Forgets what has expired. True if nothing is left.
    pub(crate) fn expire(&mut self, now_ms: u64) -> bool {
        self.exception
            .take_if(|exception| exception.has_ended(now_ms));
        self.slots
            .retain(|slot| slot.state.standing(&slot.limit, now_ms).full_ms > 0);
        self.slots.is_empty() && self.exception.is_none()
    }

    /// When nothing is left, in milliseconds since the Unix epoch; the end of time if never.
    pub(crate) fn expires_at_ms(&self, now_ms: u64) -> u64 {
        let slots = self
            .slots
            .iter()
            .map(|slot| slot.state.expires_at_ms(&slot.limit, now_ms));
        let exception = self
            .exception
            .as_ref()
            .map(|exception| exception.until_ms.unwrap_or(u64::MAX));
        slots.chain(exception).max().unwrap_or(now_ms)
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

// === impl Slot ===

impl Slot {
    fn take(&mut self, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        self.state.take(&self.limit, now_ms, cost)?;
        self.unsaved = self.unsaved.saturating_add(cost.get());
        Ok(())
    }
}

// === impl Override ===

impl Override {
    fn has_ended(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }
}
