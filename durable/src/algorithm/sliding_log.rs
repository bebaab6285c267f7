//! Sliding log: at most N permits in any trailing window, exactly.
//!
//! Every permit is remembered by the moment it was taken, 8 bytes each, for one window; a permit taken at `t` counts
//! until just before `t + window`. Exact, at a price in memory that grows with what was used, so a limit has at most
//! [`MAX_PERMITS`].

use std::collections::VecDeque;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Refused, Standing, Taken};
use crate::Limit;

/// The most permits a sliding log may hold: 80 kB for one key, and up to 128 KiB allocated, since memory grows by doubling.
pub const MAX_PERMITS: u32 = 10_000;

/// The moments at which the permits were taken, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Deltas", into = "Deltas")]
pub struct SlidingLog {
    taken_ms: VecDeque<u64>,
}

/// A log on disk: the first moment, then the milliseconds from each to the next.
#[derive(Serialize, Deserialize)]
struct Deltas(Vec<u64>);

// === impl SlidingLog ===

impl SlidingLog {
    fn expired(&self, limit: &Limit, now_ms: u64) -> usize {
        let window_ms = limit.window_ms();
        self.taken_ms
            .partition_point(|taken_ms| now_ms.saturating_sub(*taken_ms) >= window_ms)
    }

    fn live(&self, expired: usize) -> u32 {
        u32::try_from(self.taken_ms.len() - expired).unwrap_or(u32::MAX)
    }

    pub(super) fn used(&self, limit: &Limit, now_ms: u64) -> u32 {
        self.live(self.expired(limit, now_ms))
    }

    /// Milliseconds until the `nth` of the live permits (from 0, oldest first) expires.
    fn expires_in_ms(&self, limit: &Limit, now_ms: u64, expired: usize, nth: u32) -> u64 {
        let index = expired.saturating_add(nth as usize);
        self.taken_ms.get(index).map_or(0, |taken_ms| {
            limit
                .window_ms()
                .saturating_sub(now_ms.saturating_sub(*taken_ms))
        })
    }

    pub(super) fn check(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        self.check_live(limit, now_ms, cost, self.expired(limit, now_ms))
    }

    pub(super) fn charge(&mut self, limit: &Limit, now_ms: u64, cost: NonZeroU32) {
        self.charge_live(now_ms, cost, self.expired(limit, now_ms));
    }

    /// A check and a charge, with one search for what has expired. A call of its own, for what it keeps in registers the
    /// other algorithms would have to make room for.
    #[inline(never)]
    pub(super) fn take(
        &mut self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        let expired = self.expired(limit, now_ms);
        self.check_live(limit, now_ms, cost, expired)?;
        self.charge_live(now_ms, cost, expired);
        Ok(())
    }

    fn check_live(
        &self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
        expired: usize,
    ) -> Result<(), Refused> {
        let wanted = self.live(expired).saturating_add(cost.get());
        match wanted.checked_sub(limit.permits()) {
            None | Some(0) => Ok(()),
            Some(missing) => {
                let retry_ms = self.expires_in_ms(limit, now_ms, expired, missing - 1);
                Err(Refused::Until { retry_ms })
            }
        }
    }

    fn charge_live(&mut self, now_ms: u64, cost: NonZeroU32, expired: usize) {
        self.taken_ms.drain(..expired);
        // No limit is larger, so beyond this many the oldest decide nothing.
        let added = cost.get().min(MAX_PERMITS) as usize;
        let room = (MAX_PERMITS as usize).saturating_sub(added);
        self.taken_ms
            .drain(..self.taken_ms.len().saturating_sub(room));
        self.taken_ms.extend(std::iter::repeat_n(now_ms, added));
    }

    /// Takes `cost` as if at `taken_ms`, if that still counts.
    pub(super) fn charge_late(
        &mut self,
        limit: &Limit,
        now_ms: u64,
        taken_ms: u64,
        cost: NonZeroU32,
    ) {
        if now_ms.saturating_sub(taken_ms) >= limit.window_ms() {
            return;
        }
        let later = self
            .taken_ms
            .partition_point(|other_ms| *other_ms <= taken_ms);
        let mut later = self.taken_ms.split_off(later);
        self.charge_live(taken_ms, cost, self.expired(limit, now_ms));
        self.taken_ms.append(&mut later);
        let spare = self.taken_ms.len().saturating_sub(MAX_PERMITS as usize);
        self.taken_ms.drain(..spare);
    }

    /// The moments at which the permits were taken, oldest first.
    pub(super) fn moments_ms(&self) -> impl Iterator<Item = u64> {
        self.taken_ms.iter().copied()
    }

    pub(super) fn refund(&mut self, taken_ms: u64, cost: NonZeroU32) {
        let start = self
            .taken_ms
            .partition_point(|other_ms| *other_ms < taken_ms);
        let end = self
            .taken_ms
            .partition_point(|other_ms| *other_ms <= taken_ms);
        self.taken_ms
            .drain(start..end.min(start.saturating_add(cost.get() as usize)));
    }

    /// The log as if these, oldest first, had never been taken.
    pub(super) fn without(&self, left_out: &[Taken]) -> Self {
        let mut left_out = left_out
            .iter()
            .flat_map(|taken| std::iter::repeat_n(taken.at_ms, taken.cost.get() as usize))
            .peekable();
        let is_kept = |at_ms: &u64| {
            while left_out.next_if(|out_ms| out_ms < at_ms).is_some() {}
            left_out.next_if_eq(at_ms).is_none()
        };
        Self {
            taken_ms: self.taken_ms.iter().copied().filter(is_kept).collect(),
        }
    }

    pub(super) fn standing(&self, limit: &Limit, now_ms: u64) -> Standing {
        let expired = self.expired(limit, now_ms);
        let used = self.live(expired);
        // Under a limit that was lowered, more may be in use than permitted: those must go before one comes back.
        let over = used.saturating_sub(limit.permits());
        Standing {
            remaining: limit.permits().saturating_sub(used),
            more_ms: self.expires_in_ms(limit, now_ms, expired, over),
            full_ms: match used {
                0 => 0,
                used => self.expires_in_ms(limit, now_ms, expired, used - 1),
            },
        }
    }

    pub(super) fn rewind(&mut self, by_ms: u64) {
        for taken_ms in &mut self.taken_ms {
            *taken_ms = taken_ms.saturating_sub(by_ms);
        }
    }
}

// === impl Deltas ===

impl From<SlidingLog> for Deltas {
    fn from(log: SlidingLog) -> Self {
        let mut last_ms = 0;
        Self(
            log.taken_ms
                .into_iter()
                .map(|taken_ms| taken_ms - std::mem::replace(&mut last_ms, taken_ms))
                .collect(),
        )
    }
}

impl From<Deltas> for SlidingLog {
    fn from(deltas: Deltas) -> Self {
        let mut last_ms = 0_u64;
        let taken_ms = deltas.0.into_iter().map(|delta_ms| {
            last_ms = last_ms.saturating_add(delta_ms);
            last_ms
        });
        Self {
            taken_ms: taken_ms.collect(),
        }
    }
}
