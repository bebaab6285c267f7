//! Fixed window: at most N permits in each window, and the windows are the same for everyone.
//!
//! Windows are aligned to the Unix epoch, so the state is the window's start and a count. It is the simplest and the
//! smallest, and it lets 2 × N through around a boundary: N at the end of one window, N at the start of the next.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Refused, Standing};
use crate::Limit;

/// What was used in the latest window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedWindow {
    start_ms: u64,
    used: u32,
}

pub(super) fn start_ms(limit: &Limit, now_ms: u64) -> u64 {
    now_ms - now_ms % limit.window_ms()
}

pub(super) fn left_ms(limit: &Limit, now_ms: u64) -> u64 {
    limit.window_ms() - now_ms % limit.window_ms()
}

// === impl FixedWindow ===

impl FixedWindow {
    fn at(self, limit: &Limit, now_ms: u64) -> Self {
        let start_ms = start_ms(limit, now_ms);
        if start_ms > self.start_ms {
            Self { start_ms, used: 0 }
        } else {
            self
        }
    }

    pub(super) fn used(self, limit: &Limit, now_ms: u64) -> u32 {
        self.at(limit, now_ms).used
    }

    pub(super) fn check(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        match self.used(limit, now_ms).checked_add(cost.get()) {
            Some(used) if used <= limit.permits() => Ok(()),
            _ => Err(Refused::Until {
                retry_ms: left_ms(limit, now_ms),
            }),
        }
    }

    pub(super) fn charged(self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Self {
        let current = self.at(limit, now_ms);
        Self {
            used: current.used.saturating_add(cost.get()),
            ..current
        }
    }

    /// Takes `cost` as if at `taken_ms`, if that was in this window.
    pub(super) fn charged_late(
        self,
        limit: &Limit,
        now_ms: u64,
        taken_ms: u64,
        cost: NonZeroU32,
    ) -> Self {
        let current = self.at(limit, now_ms);
        if start_ms(limit, taken_ms) != current.start_ms {
            return current;
        }
        current.charged(limit, now_ms, cost)
    }

    /// The permits of the latest window, and when it began: none of them was taken before.
    pub(super) const fn latest(self) -> (u64, u32) {
        (self.start_ms, self.used)
    }

    pub(super) fn refunded(
        self,
        limit: &Limit,
        now_ms: u64,
        taken_ms: u64,
        cost: NonZeroU32,
    ) -> Self {
        let current = self.at(limit, now_ms);
        if start_ms(limit, taken_ms) != current.start_ms {
            return current;
        }
        Self {
            used: current.used.saturating_sub(cost.get()),
            ..current
        }
    }

    pub(super) fn standing(self, limit: &Limit, now_ms: u64) -> Standing {
        let used = self.used(limit, now_ms);
        let full_ms = if used == 0 { 0 } else { left_ms(limit, now_ms) };
        Standing {
            remaining: limit.permits().saturating_sub(used),
            more_ms: full_ms,
            full_ms,
        }
    }

    /// The count goes with the clock into the window that it now shows.
    pub(super) fn rewound(self, limit: &Limit, now_ms: u64) -> Self {
        Self {
            start_ms: self.start_ms.min(start_ms(limit, now_ms)),
            ..self
        }
    }
}
