//! Token bucket: `burst` tokens, refilled evenly at N per window; a permit takes one.
//!
//! Kept as one number, the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371, annex A): the
//! moment at which the bucket will be full again. To be exact where N does not divide the window, moments are counted
//! in N-ths of a millisecond, in which one token takes exactly `window_ms` to come back. N and a time in milliseconds
//! have 32 and 64 bits, so their products fit into 128 with room for the sums.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Refused, Standing, Taken};
use crate::Limit;

mod holds;

pub use holds::Holds;

use holds::Shift;

/// When the bucket is full again, in N-ths of a millisecond since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBucket {
    full_at: u128,
}

// In N-ths of a millisecond: the present, what `tokens` take to come back, and what an empty bucket takes.
fn present(limit: &Limit, now_ms: u64) -> u128 {
    u128::from(now_ms) * u128::from(limit.permits())
}

fn refill(limit: &Limit, tokens: u32) -> u128 {
    u128::from(tokens) * u128::from(limit.window_ms())
}

fn capacity(limit: &Limit) -> u128 {
    refill(limit, limit.quota())
}

/// What a charge at `taken_ms` does to the bucket at `now_ms`.
fn charge(limit: &Limit, now_ms: u64, taken_ms: u64, cost: NonZeroU32) -> Shift {
    let added = refill(limit, cost.get());
    Shift {
        add: i128::try_from(added).unwrap_or(i128::MAX),
        least: present(limit, taken_ms).saturating_add(added),
        most: present(limit, now_ms).saturating_add(capacity(limit)),
    }
}

/// Whole milliseconds, rounded up.
fn to_ms(limit: &Limit, duration: u128) -> u64 {
    // A division of 128 bits costs more than all the rest, and hardly ever needs so many.
    u64::try_from(duration).map_or_else(
        |_| to_ms_wide(limit, duration),
        |duration| duration.div_ceil(u64::from(limit.permits().max(1))),
    )
}

#[cold]
#[inline(never)]
fn to_ms_wide(limit: &Limit, duration: u128) -> u64 {
    let ms = duration.div_ceil(u128::from(limit.permits().max(1)));
    u64::try_from(ms).unwrap_or(u64::MAX)
}

// === impl TokenBucket ===

impl TokenBucket {
    fn missing(self, limit: &Limit, now_ms: u64) -> u128 {
        self.full_at.saturating_sub(present(limit, now_ms))
    }

    pub(super) fn used(self, limit: &Limit, now_ms: u64) -> u32 {
        let used = self
            .missing(limit, now_ms)
            .div_ceil(u128::from(limit.window_ms()));
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    pub(super) fn check(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        self.taken(limit, now_ms, cost).map(|_| ())
    }

    /// A check and a charge. What is charged follows from what was checked.
    pub(crate) fn take(
        &mut self,
        limit: &Limit,
        now_ms: u64,
        cost: NonZeroU32,
    ) -> Result<(), Refused> {
        *self = self.taken(limit, now_ms, cost)?;
        Ok(())
    }

    /// The bucket without `cost` tokens, if it has them. Nothing overflows: what is missing after is at most the capacity.
    fn taken(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<Self, Refused> {
        let Some(left) = limit.quota().checked_sub(cost.get()) else {
            return Err(Refused::Never);
        };
        let present = present(limit, now_ms);
        // A full bucket, as most are, admits whatever it can hold. Each end does its own sum: together they would keep
        // more numbers than there are registers.
        let Some(missing) = self.full_at.checked_sub(present) else {
            let full_at = present + refill(limit, cost.get());
            return Ok(Self { full_at });
        };
        let most = refill(limit, left);
        if missing > most {
            let retry_ms = to_ms(limit, missing - most);
            return Err(Refused::Until { retry_ms });
        }
        let full_at = self.full_at + refill(limit, cost.get());
        Ok(Self { full_at })
    }

    /// A charge that was decided elsewhere, perhaps under another limit, empties the bucket at most: a bucket is never in
    /// debt for what somebody with a larger one has used.
    pub(super) fn charged(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Self {
        let present = present(limit, now_ms);
        let full_at = self.full_at.max(present);
        let full_at = full_at.saturating_add(refill(limit, cost.get()));
        Self {
            full_at: full_at.min(present + capacity(limit)),
        }
    }

    /// Takes what may be given back.
    pub(crate) fn hold(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        now_ms: u64,
        taken: Taken,
    ) {
        let charge = charge(limit, now_ms, taken.at_ms, taken.cost);
        holds
            .get_or_insert_with(|| Box::new(Holds::new(*self)))
            .hold(taken.id, charge);
        *self = charge.apply(*self);
    }

    /// Ends a hold: it becomes a charge, or was never taken.
    pub(crate) fn end_hold(&mut self, holds: &mut Option<Box<Holds>>, id: u64, is_kept: bool) {
        if let Some(held) = holds {
            held.end(id, is_kept);
            *self = held.bucket();
        }
        holds.take_if(|held| held.is_empty());
    }

    /// Notes a charge of `cost` at `taken_ms` that is no hold.
    pub(crate) fn charge_beside(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        (now_ms, taken_ms): (u64, u64),
        cost: NonZeroU32,
    ) {
        let charge = charge(limit, now_ms, taken_ms, cost);
        *self = charge.apply(*self);
        if let Some(held) = holds {
            held.note(charge);
        }
    }

    /// Gives back what was taken at `taken_ms` and not held, less what has been refilled since. One number does not
    /// remember whether the bucket would have been full meanwhile, so this may be less than was lost, and is never more.
    pub(crate) fn refund_beside(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        (now_ms, taken_ms): (u64, u64),
        cost: NonZeroU32,
    ) {
        let refilled = present(limit, now_ms.saturating_sub(taken_ms));
        let lost = refill(limit, cost.get()).saturating_sub(refilled);
        let refund = Shift {
            add: i128::try_from(lost).map_or(i128::MIN, |lost| -lost),
            least: present(limit, now_ms),
            most: u128::MAX,
        };
        *self = refund.apply(*self);
        if let Some(held) = holds {
            held.note(refund);
        }
    }

    /// Permits that were certainly taken at `since_ms` or later. What is missing of a bucket may be missing for as long as
    /// it takes to fill, so of that only as much is certain as could not have been missing before.
    pub(super) fn certain_since(self, limit: &Limit, now_ms: u64, since_ms: u64) -> u32 {
        let refilled = present(limit, now_ms.saturating_sub(since_ms));
        let older = capacity(limit).saturating_sub(refilled);
        let certain = self.missing(limit, now_ms).saturating_sub(older);
        u32::try_from(certain / u128::from(limit.window_ms())).unwrap_or(u32::MAX)
    }

    pub(super) fn standing(self, limit: &Limit, now_ms: u64) -> Standing {
        let missing = self.missing(limit, now_ms);
        let there = capacity(limit).saturating_sub(missing) / u128::from(limit.window_ms());
        let remaining = u32::try_from(there).unwrap_or(u32::MAX);
        let with_one_more =
            capacity(limit).saturating_sub(refill(limit, remaining.saturating_add(1)));
        Standing {
            remaining,
            more_ms: to_ms(limit, missing.saturating_sub(with_one_more)),
            full_ms: to_ms(limit, missing),
        }
    }

    pub(super) fn rewound(self, limit: &Limit, by_ms: u64) -> Self {
        Self {
            full_at: self.full_at.saturating_sub(present(limit, by_ms)),
        }
    }
}
