//! Sliding window: an estimate of the last window, from the counts of two.
//!
//! Windows are aligned to the Unix epoch. What was used in the previous one is assumed to be spread evenly over it, so it
//! weighs as much as that window still overlaps the trailing one. Three numbers a key however large the limit, and no
//! burst at a boundary. It is an estimate: permits taken late in the previous window weigh too little. The worst case is N
//! at the very end of one window and N spread over the next, just under 2 × N in a trailing window; even arrivals have no
//! error at all.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::fixed_window::{left_ms, start_ms};
use super::{Refused, Standing};
use crate::Limit;

/// What was used in the latest window, and in the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlidingWindow {
    start_ms: u64,
    current: u32,
    previous: u32,
}

// === impl SlidingWindow ===

impl SlidingWindow {
    fn at(self, limit: &Limit, now_ms: u64) -> Self {
        let start_ms = start_ms(limit, now_ms);
        match start_ms.checked_sub(self.start_ms) {
            None | Some(0) => self,
            Some(passed_ms) if passed_ms == limit.window_ms() => Self {
                start_ms,
                current: 0,
                previous: self.current,
            },
            Some(_) => Self {
                start_ms,
                current: 0,
                previous: 0,
            },
        }
    }

    /// The estimate in parts of which a permit has `window_ms`: exact in whole numbers, and without overflow since a
    /// count has 32 bits and a window 42.
    fn estimate(self, limit: &Limit, now_ms: u64) -> u128 {
        let previous = u128::from(self.previous) * u128::from(left_ms(limit, now_ms));
        previous + weight(limit, self.current)
    }

    pub(super) fn used(self, limit: &Limit, now_ms: u64) -> u32 {
        let estimate = self.at(limit, now_ms).estimate(limit, now_ms);
        u32::try_from(estimate.div_ceil(u128::from(limit.window_ms()))).unwrap_or(u32::MAX)
    }

    pub(super) fn check(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        let now = self.at(limit, now_ms);
        let most = weight(limit, limit.permits());
        if now.estimate(limit, now_ms) + weight(limit, cost.get()) <= most {
            return Ok(());
        }
        let left_ms = left_ms(limit, now_ms);
        // What must still overlap at most, once the count in front of the overlap leaves room for the cost.
        let fits_at = |previous: u32, others: u32| {
            let room = most
                .saturating_sub(weight(limit, others).saturating_add(weight(limit, cost.get())));
            let overlap_ms = room / u128::from(previous.max(1));
            u64::try_from(overlap_ms).map_or(limit.window_ms(), |overlap_ms| {
                overlap_ms.min(limit.window_ms())
            })
        };
        let retry_ms =
            if u64::from(now.current) + u64::from(cost.get()) <= u64::from(limit.permits()) {
                left_ms.saturating_sub(fits_at(now.previous, now.current))
            } else {
                // Not in this window; in the next, this one is the previous.
                left_ms.saturating_add(limit.window_ms() - fits_at(now.current, 0))
            };
        Err(Refused::Until { retry_ms })
    }

    pub(super) fn charged(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Self {
        let now = self.at(limit, now_ms);
        Self {
            current: now.current.saturating_add(cost.get()),
            ..now
        }
    }

    /// Takes `cost` as if at `taken_ms`, as long as that weighs anything.
    pub(super) fn charged_late(
        self,
        limit: &Limit,
        now_ms: u64,
        taken_ms: u64,
        cost: NonZeroU32,
    ) -> Self {
        let mut now = self.at(limit, now_ms);
        let taken_in_ms = start_ms(limit, taken_ms);
        if taken_in_ms == now.start_ms {
            now.current = now.current.saturating_add(cost.get());
        } else if taken_in_ms.saturating_add(limit.window_ms()) == now.start_ms {
            now.previous = now.previous.saturating_add(cost.get());
        }
        now
    }

    /// The permits of the latest window, and when it began: none of them was taken before.
    pub(super) const fn latest(self) -> (u64, u32) {
        (self.start_ms, self.current)
    }

    /// Gives back to the window in which the permits were taken, as long as it weighs anything.
    pub(super) fn refunded(
        self,
        limit: &Limit,
        now_ms: u64,
        taken_ms: u64,
        cost: NonZeroU32,
    ) -> Self {
        let now = self.at(limit, now_ms);
        let taken_in_ms = start_ms(limit, taken_ms);
        if taken_in_ms == now.start_ms {
            Self {
                current: now.current.saturating_sub(cost.get()),
                ..now
            }
        } else if taken_in_ms.saturating_add(limit.window_ms()) == now.start_ms {
            Self {
                previous: now.previous.saturating_sub(cost.get()),
                ..now
            }
        } else {
            now
        }
    }

    pub(super) fn standing(self, limit: &Limit, now_ms: u64) -> Standing {
        let now = self.at(limit, now_ms);
        let left_ms = left_ms(limit, now_ms);
        let room = weight(limit, limit.permits()).saturating_sub(now.estimate(limit, now_ms));
        let remaining = u32::try_from(room / u128::from(limit.window_ms())).unwrap_or(u32::MAX);
        let one_more = NonZeroU32::MIN.saturating_add(remaining);
        Standing {
            remaining,
            more_ms: match now.check(limit, now_ms, one_more) {
                Err(Refused::Until { retry_ms }) if one_more.get() <= limit.permits() => retry_ms,
                _ => 0,
            },
            full_ms: match now {
                Self {
                    current: 0,
                    previous: 0,
                    ..
                } => 0,
                Self { current: 0, .. } => left_ms,
                _ => left_ms.saturating_add(limit.window_ms()),
            },
        }
    }

    /// The estimate goes with the clock into the window that it now shows, as if it had all been taken there: nothing is
    /// handed out whatever part of the window is left.
    pub(super) fn rewound(self, limit: &Limit, now_ms: u64, by_ms: u64) -> Self {
        let start_ms = start_ms(limit, now_ms);
        if start_ms == self.start_ms {
            return self;
        }
        let current = self.used(limit, now_ms.saturating_add(by_ms));
        Self {
            start_ms,
            current,
            previous: 0,
        }
    }
}

fn weight(limit: &Limit, permits: u32) -> u128 {
    u128::from(permits) * u128::from(limit.window_ms())
}
