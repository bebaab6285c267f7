//! A counter: one key's state under one rule, which may have several limits.
//!
//! There is one slot for each window length and algorithm, and for each limit of a token bucket, which is no bucket but at
//! its own rate. A limit whose count changes keeps its slot and with it what was used; a slot that is new takes over what
//! the others know of its window (`slots`); and a slot that no limit asks for any more is charged along until it has been
//! out of use for long. So a change of the policy hands out no fresh quota, and neither do two versions of it in use at
//! once. A refused request changes nothing at all, so none of this.
//!
//! The caller says which limits hold. An override, kept beside the slots, says otherwise for this one key. A charge may be
//! pending (`pending`): it counts, and may still be given back.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Refused, Standing, State};
use crate::limit::Limit;

mod pending;
mod recent;
mod saving;
mod slot;
mod slots;

pub(crate) use pending::{Pending, Settled};
pub(crate) use recent::Recent;

use slot::Slot;

/// One key's state under one rule's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    slots: Vec<Slot>,
    exception: Option<Override>,
    /// Oldest first.
    pending: Vec<Pending>,
    recent: Recent,
}

/// Limits that hold for one key in place of its rule's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The limits, each with a window of its own length.
    pub limits: Vec<Limit>,
    /// When it ends, in milliseconds since the Unix epoch; never if not given.
    pub until_ms: Option<u64>,
}

// === impl Counter ===

impl Counter {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            exception: None,
            pending: Vec::new(),
            recent: Recent::new(),
        }
    }

    /// A counter of which nothing is pending.
    pub(crate) fn restored(
        slots: impl Iterator<Item = (Limit, State, u64)>,
        exception: Option<Override>,
    ) -> Self {
        Self {
            slots: slots
                .map(|(limit, state, asked_ms)| Slot::new(limit, state, asked_ms))
                .collect(),
            exception,
            ..Self::new()
        }
    }

    /// Takes `cost` permits under every one of `limits`, or under the override's, or none.
    ///
    /// # Errors
    /// [`Refused`]: the longest wait of those that refuse.
    pub fn take(&mut self, limits: &[Limit], now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        // One limit, the same as the last time: nothing to look for and nothing to decide together.
        if let (None, [limit], [slot]) = (&self.exception, limits, self.slots.as_mut_slice())
            && slot.limit == *limit
            && slot.holds.is_none()
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
        // The same limits as the last time: nothing to look for.
        let is_same = |(slot, limit): (&Slot, &Limit)| slot.limit == *limit;
        if self.exception.is_none()
            && self.slots.len() == limits.len()
            && self.slots.iter().zip(limits).all(is_same)
        {
            let slots = self.slots.iter();
            let refusals =
                slots.filter_map(|slot| slot.state.check(&slot.limit, now_ms, cost).err());
            refusals.max().map_or(Ok(()), Err)?;
            for slot in &mut self.slots {
                slot.asked_ms = now_ms;
                slot.charge(now_ms, cost);
            }
            return Ok(());
        }
        self.check_all(limits, now_ms, cost)?;
        self.charge(limits, now_ms, cost);
        Ok(())
    }

    /// The same as [`take`](Self::take), but changes nothing.
    pub(crate) fn check_all(
        &self,
        limits: &[Limit],
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        let limits = self.effective(limits, now_ms).iter().enumerate();
        let refusals = limits.filter_map(|(index, limit)| {
            let checked = match self.slot_at(index, limit) {
                Some(slot) => slot.state.check(limit, now_ms, cost),
                None => self.anew(*limit, now_ms).state.check(limit, now_ms, cost),
            };
            checked.err()
        });
        refusals.max().map_or(Ok(()), Err)
    }

    /// The limits that hold when `asked` are asked for.
    pub(crate) fn effective<'a>(&'a self, asked: &'a [Limit], now_ms: u64) -> &'a [Limit] {
        match &self.exception {
            Some(exception) if !exception.has_ended(now_ms) => &exception.limits,
            _ => asked,
        }
    }

    /// Whether `cost` fits under `limit`.
    pub(crate) fn check(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.with_slot(limit, now_ms, |slot| slot.state.check(limit, now_ms, cost))
    }

    /// Where the key stands under `limit`.
    pub(crate) fn standing(&self, limit: &Limit, now_ms: u64) -> Standing {
        self.with_slot(limit, now_ms, |slot| slot.state.standing(limit, now_ms))
    }

    /// Takes `cost` under every slot, after a [`check`](Self::check) of each limit that holds at the same moment.
    pub(crate) fn charge(&mut self, limits: &[Limit], now_ms: u64, cost: NonZeroU32) {
        self.follow(limits, now_ms);
        for slot in &mut self.slots {
            slot.charge(now_ms, cost);
        }
    }

    /// Takes `cost` as if at `taken_ms`, whether or not it fits: it was admitted then, and forgotten since.
    pub(crate) fn charge_late(
        &mut self,
        limits: &[Limit],
        (now_ms, taken_ms): (u64, u64),
        cost: NonZeroU32,
    ) {
        self.follow(limits, now_ms);
        for slot in &mut self.slots {
            slot.charge_late(now_ms, taken_ms, cost);
        }
    }

    /// Forgets what was used. An override stays.
    pub(crate) fn reset(&mut self) {
        self.slots.clear();
        self.pending.clear();
        self.recent.keep_all();
    }

    /// Sets the override, or ends it.
    pub(crate) fn set(&mut self, exception: Option<Override>) {
        self.exception = exception;
    }

    /// Moves with a clock that was set back, see [`State::rewind`]. Which window a charge
    /// was made in is not known after that, so none is given back any more.
    pub(crate) fn rewind(&mut self, now_ms: u64, by_ms: u64) {
        self.keep_all_pending(now_ms);
        self.recent.rewind(by_ms);
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
}

// === impl Override ===

impl Override {
    fn has_ended(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }
}
