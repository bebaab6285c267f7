//! A counter: one key's state under one rule, which may have several limits.
//!
//! There is one slot for each window length and algorithm. A limit whose count changes keeps its slot and with it what
//! was used; a slot that is new takes over what was used in windows no longer than its own; and a slot that no limit asks
//! for any more is charged along until it has been out of use for long. So a change of the policy hands nobody a fresh
//! quota, and neither do two versions of it in use at once.
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
    /// When a limit last asked for it.
    asked_ms: u64,
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
        if let (None, [limit], [slot]) = (&self.exception, limits, self.slots.as_mut_slice())
            && slot.limit == *limit
        {
            return slot.take(now_ms, cost);
        }
        self.take_together(limits, now_ms, cost)
    }

    /// Apart, so that the way of one limit need not make room for what this keeps.
    #[inline(never)]
    fn take_together(
        &mut self,
        limits: &[Limit],
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.follow(limits, now_ms);
        let held = self.slots.iter().take(self.effective(limits).len());
        let refusals = held.filter_map(|slot| slot.state.check(&slot.limit, now_ms, cost).err());
        refusals.max().map_or(Ok(()), Err)?;
        self.charge(now_ms, cost);
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
            if let Some(slot) = self.slots.get_mut(index) {
                slot.asked_ms = now_ms;
            }
            index += 1;
        }
    }

    /// Brings the slot that counts as this limit to `index`, or a new one if there is none.
    #[cold]
    fn follow_at(&mut self, index: usize, limit: Limit, now_ms: u64) {
        let behind = self
            .slots
            .iter()
            .skip(index)
            .position(|slot| slot.counts_as(&limit));
        let found = behind.map_or(self.slots.len(), |offset| index + offset);
        if behind.is_none() {
            // Whatever was used in a window no longer than this one was used in this one too.
            let shorter = self
                .slots
                .iter()
                .filter(|slot| slot.limit.window_ms() <= limit.window_ms());
            let used = shorter
                .map(|slot| slot.state.used(&slot.limit, now_ms))
                .max()
                .unwrap_or(0);
            let state = State::with_used(&limit, now_ms, used);
            self.slots.push(Slot {
                limit,
                state,
                asked_ms: now_ms,
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

    /// Takes `cost` under every slot, after a [`check`](Self::check) of each limit that holds at the same moment.
    pub(crate) fn charge(&mut self, now_ms: u64, cost: NonZeroU32) {
        self.slots.retain(|slot| !slot.is_out_of_use(now_ms));
        for slot in &mut self.slots {
            slot.state.charge(&slot.limit, now_ms, cost);
            slot.note(cost);
        }
    }

    /// Gives back what was taken at `taken_ms`.
    pub(crate) fn refund(&mut self, now_ms: u64, taken_ms: u64, cost: NonZeroU32) {
        for slot in &mut self.slots {
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
            slot.asked_ms = slot.asked_ms.saturating_sub(by_ms);
            slot.state.rewind(&slot.limit, now_ms, by_ms);
        }
    }

    /// Whether nothing is left to remember. A slot that has expired stays as long as another has not: one that is opened
    /// anew would take over what was used in shorter windows.
    pub(crate) fn is_over(&mut self, now_ms: u64) -> bool {
        self.exception
            .take_if(|exception| exception.has_ended(now_ms));
        let is_fresh = |slot: &Slot| slot.state.standing(&slot.limit, now_ms).full_ms == 0;
        self.slots.iter().all(is_fresh) && self.exception.is_none()
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

    /// Whether what is unsaved has reached 5 % of a limit that was asked for at `now_ms`, or holds its last permit.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let mut asked = self.slots.iter().filter(|slot| slot.asked_ms == now_ms);
        asked.any(|slot| {
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
    /// Takes `cost` under this limit alone.
    fn take(&mut self, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        self.asked_ms = now_ms;
        // A bucket is taken from right here. The others are a call, the last thing done, for which nothing is put by.
        let State::TokenBucket(bucket) = &mut self.state else {
            return self.take_counted(now_ms, cost);
        };
        bucket.take(&self.limit, now_ms, cost)?;
        self.note(cost);
        Ok(())
    }

    #[inline(never)]
    fn take_counted(&mut self, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        self.state.take(&self.limit, now_ms, cost)?;
        self.note(cost);
        Ok(())
    }

    fn note(&mut self, cost: NonZeroU32) {
        self.unsaved = self.unsaved.saturating_add(cost.get());
    }

    /// Whether `limit` is counted here, perhaps under another count.
    fn counts_as(&self, limit: &Limit) -> bool {
        let algorithm = |limit: &Limit| std::mem::discriminant(&limit.algorithm());
        self.limit.window_ms() == limit.window_ms() && algorithm(&self.limit) == algorithm(limit)
    }

    /// Whether no limit has asked for it for as long as anything could count under it.
    fn is_out_of_use(&self, now_ms: u64) -> bool {
        let counts_for_ms = self
            .limit
            .window_ms()
            .max(self.limit.quota_window_ms())
            .saturating_mul(2);
        now_ms.saturating_sub(self.asked_ms) > counts_for_ms
    }
}

// === impl Override ===

impl Override {
    fn has_ended(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }
}
