//! The state under one limit, and what of it is not on disk yet.

use std::borrow::Cow;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Pending;
use super::saving::Unsaved;
use crate::algorithm::token_bucket::Holds;
use crate::algorithm::{Algorithm, Refused, State, Taken};
use crate::limit::Limit;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) limit: Limit,
    pub(crate) state: State,
    /// Of a token bucket of which something is pending.
    pub(super) holds: Option<Box<Holds>>,
    /// When a request under this limit was last admitted.
    pub(crate) asked_ms: u64,
    #[serde(skip)]
    pub(super) unsaved: Unsaved,
}

// === impl Slot ===

impl Slot {
    pub(super) const fn new(limit: Limit, state: State, asked_ms: u64) -> Self {
        Self {
            limit,
            state,
            holds: None,
            asked_ms,
            unsaved: Unsaved::NOTHING,
        }
    }

    /// Takes `cost` under this limit alone, of which nothing is held.
    pub(super) fn take(&mut self, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        // A bucket is taken from right here. The others are a call, the last thing done, for which nothing is put by.
        let State::TokenBucket(bucket) = &mut self.state else {
            return self.take_counted(now_ms, cost);
        };
        bucket.take(&self.limit, now_ms, cost)?;
        self.asked_ms = now_ms;
        self.unsaved.charge(cost);
        Ok(())
    }

    #[inline(never)]
    fn take_counted(&mut self, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        self.state.take(&self.limit, now_ms, cost)?;
        self.asked_ms = now_ms;
        self.unsaved.charge(cost);
        Ok(())
    }

    pub(super) fn charge(&mut self, now_ms: u64, cost: NonZeroU32) {
        if self.holds.is_some() {
            return self.charge_late(now_ms, now_ms, cost);
        }
        self.state.charge(&self.limit, now_ms, cost);
        self.unsaved.charge(cost);
    }

    pub(super) fn charge_late(&mut self, now_ms: u64, taken_ms: u64, cost: NonZeroU32) {
        let times_ms = (now_ms, taken_ms);
        self.state
            .charge_late(&mut self.holds, &self.limit, times_ms, cost);
        self.unsaved.charge(cost);
    }

    /// Gives back a charge that was not pending.
    pub(super) fn refund(&mut self, now_ms: u64, taken_ms: u64, cost: NonZeroU32) {
        let times_ms = (now_ms, taken_ms);
        self.state
            .refund(&mut self.holds, &self.limit, times_ms, cost);
        self.unsaved.refund(cost);
    }

    /// Counts what is pending, so that it can be given back. A reservation is no charge that must be saved.
    pub(super) fn hold(&mut self, now_ms: u64, pending: &Pending) {
        self.state
            .hold(&mut self.holds, &self.limit, now_ms, pending.taken());
        if !pending.is_reserved() && !pending.is_saved {
            self.unsaved.charge(pending.cost);
        }
    }

    /// Ends what was pending: it becomes a charge, or was never taken.
    pub(super) fn end_hold(&mut self, now_ms: u64, pending: &Pending, is_kept: bool) {
        self.state.end_hold(
            &mut self.holds,
            &self.limit,
            now_ms,
            pending.taken(),
            is_kept,
        );
        match (is_kept, pending.is_reserved()) {
            (true, true) => self.unsaved.charge(pending.cost),
            (false, _) if pending.is_saved => self.unsaved.refund(pending.cost),
            (false, false) => self.unsaved.uncharge(pending.cost),
            (true, false) | (false, true) => {}
        }
    }

    /// The state without what of `pending` is to be left out.
    pub(super) fn without<'a>(
        &'a self,
        pending: &[Pending],
        now_ms: u64,
        is_left_out: impl Fn(&Pending) -> bool,
    ) -> Cow<'a, State> {
        if !pending.iter().any(&is_left_out) {
            return Cow::Borrowed(&self.state);
        }
        let left_out = pending.iter().filter(|pending| is_left_out(pending));
        let left_out: Vec<Taken> = left_out.map(Pending::taken).collect();
        let holds = self.holds.as_deref();
        Cow::Owned(self.state.without(holds, &self.limit, now_ms, left_out))
    }

    /// Whether `limit` is counted here, perhaps under another count. What is missing of a bucket comes back at the rate of
    /// its limit, so another rate or burst is another bucket.
    pub(super) fn counts_as(&self, limit: &Limit) -> bool {
        if self.limit == *limit {
            return true;
        }
        let algorithm = |limit: &Limit| std::mem::discriminant(&limit.algorithm());
        self.limit.window_ms() == limit.window_ms()
            && algorithm(&self.limit) == algorithm(limit)
            && !matches!(limit.algorithm(), Algorithm::TokenBucket { .. })
    }

    /// Whether no limit has asked for it for as long as anything could count under it.
    pub(super) fn is_out_of_use(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.asked_ms) > self.limit.counts_for_ms()
    }
}
