//! The algorithms, and the state each keeps for one limit.
//!
//! Every algorithm is a pure function of (state, limit, now, cost). The state's own methods live in the module of the
//! algorithm; [`State`] is the choice between them. Two rules hold for all: a check changes nothing, and a charge is
//! made only after a check has passed, by the [`ledger`](crate::ledger), so that a request under several limits is
//! charged on all of them or on none.
//!
//! Time never runs backwards in here: the ledger tells every state when the clock was set back, and
//! [`State::rewind`] moves it along.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::Limit;

pub mod fixed_window;
mod late;
pub mod sliding_log;
pub mod sliding_window;
pub mod token_bucket;

use fixed_window::FixedWindow;
use sliding_log::SlidingLog;
use sliding_window::SlidingWindow;
use token_bucket::TokenBucket;

pub(crate) use late::Taken;

/// How a limit is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// Windows aligned to the Unix epoch: at most N in each. Two numbers a key.
    #[default]
    FixedWindow,
    /// At most N in any trailing window, exactly. One number a permit.
    SlidingLog,
    /// An estimate of the trailing window from the counts of two aligned ones. Three numbers a key.
    SlidingWindow,
    /// A bucket of `burst` tokens, refilled evenly at N per window. One number a key.
    TokenBucket {
        /// Tokens the bucket holds; N when not given.
        burst: Option<u32>,
    },
}

/// Where a key stands under one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Permits that can be taken at this moment.
    pub remaining: u32,
    /// Milliseconds until at least one more permit is there, 0 when none is missing.
    pub more_ms: u64,
    /// Milliseconds until every permit is back, 0 when none is missing.
    pub full_ms: u64,
}

/// Why a cost does not fit under a limit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
pub enum Refused {
    /// The same cost fits exactly this much later, if nobody else takes a permit, and not before.
    #[error("limit reached, try again in {retry_ms} ms")]
    Until {
        /// Milliseconds to wait, at least 1.
        retry_ms: u64,
    },
    /// The cost exceeds what the limit can ever hold.
    #[error("the cost exceeds the limit and can never be admitted")]
    Never,
}

/// What is remembered of one key under one limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Of [`Algorithm::FixedWindow`].
    FixedWindow(FixedWindow),
    /// Of [`Algorithm::SlidingLog`].
    SlidingLog(SlidingLog),
    /// Of [`Algorithm::SlidingWindow`].
    SlidingWindow(SlidingWindow),
    /// Of [`Algorithm::TokenBucket`].
    TokenBucket(TokenBucket),
}

// === impl Refused ===

impl Refused {
    /// No check passes a cost that exceeds the quota, so the two are told apart only once one has failed.
    #[cold]
    fn of(self, limit: &Limit, cost: NonZeroU32) -> Self {
        if cost.get() > limit.quota() {
            Self::Never
        } else {
            self
        }
    }
}

// === impl State ===

impl State {
    /// Nothing used.
    #[must_use]
    pub fn fresh(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::FixedWindow => Self::FixedWindow(FixedWindow::default()),
            Algorithm::SlidingLog => Self::SlidingLog(SlidingLog::default()),
            Algorithm::SlidingWindow => Self::SlidingWindow(SlidingWindow::default()),
            Algorithm::TokenBucket { .. } => Self::TokenBucket(TokenBucket::default()),
        }
    }

    /// As if `used` permits had been taken at `now_ms`.
    #[must_use]
    pub fn with_used(limit: &Limit, now_ms: u64, used: u32) -> Self {
        let mut state = Self::fresh(limit.algorithm());
        if let Some(used) = NonZeroU32::new(used) {
            state.charge(limit, now_ms, used);
        }
        state
    }

    /// Permits that were taken and still count at `now_ms`, rounded up; under a limit that was lowered or that is not
    /// alone, this may be more than it admits.
    #[must_use]
    pub fn used(&self, limit: &Limit, now_ms: u64) -> u32 {
        match self {
            Self::FixedWindow(window) => window.used(limit, now_ms),
            Self::SlidingLog(log) => log.used(limit, now_ms),
            Self::SlidingWindow(window) => window.used(limit, now_ms),
            Self::TokenBucket(bucket) => bucket.used(limit, now_ms),
        }
    }

    /// Whether `cost` permits can be taken at `now_ms`.
    ///
    /// # Errors
    /// [`Refused`], with the exact time after which the same cost fits.
    pub fn check(&self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        let checked = match self {
            Self::FixedWindow(window) => window.check(limit, now_ms, cost),
            Self::SlidingLog(log) => log.check(limit, now_ms, cost),
            Self::SlidingWindow(window) => window.check(limit, now_ms, cost),
            Self::TokenBucket(bucket) => bucket.check(limit, now_ms, cost),
        };
        checked.map_err(|refused| refused.of(limit, cost))
    }

    /// Takes `cost` permits that a [`check`](Self::check) at the same moment has admitted.
    pub fn charge(&mut self, limit: &Limit, now_ms: u64, cost: NonZeroU32) {
        match self {
            Self::FixedWindow(window) => *window = window.charged(limit, now_ms, cost),
            Self::SlidingLog(log) => log.charge(limit, now_ms, cost),
            Self::SlidingWindow(window) => *window = window.charged(limit, now_ms, cost),
            Self::TokenBucket(bucket) => *bucket = bucket.charged(limit, now_ms, cost),
        }
    }

    /// Takes `cost` permits if they are there. The same as a [`check`](Self::check) and, if it passes, a
    /// [`charge`](Self::charge), for a limit that is decided by itself.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    #[inline]
    pub fn take(&mut self, limit: &Limit, now_ms: u64, cost: NonZeroU32) -> Result<(), Refused> {
        // Side by side, so that one division, or one search, serves both.
        match self {
            Self::FixedWindow(window) => {
                let checked = window.check(limit, now_ms, cost);
                checked.map_err(|refused| refused.of(limit, cost))?;
                *window = window.charged(limit, now_ms, cost);
            }
            Self::SlidingLog(log) => {
                let taken = log.take(limit, now_ms, cost);
                taken.map_err(|refused| refused.of(limit, cost))?;
            }
            Self::TokenBucket(bucket) => bucket.take(limit, now_ms, cost)?,
            Self::SlidingWindow(_) => {
                self.check(limit, now_ms, cost)?;
                self.charge(limit, now_ms, cost);
            }
        }
        Ok(())
    }

    /// Where the key stands at `now_ms`.
    #[must_use]
    pub fn standing(&self, limit: &Limit, now_ms: u64) -> Standing {
        match self {
            Self::FixedWindow(window) => window.standing(limit, now_ms),
            Self::SlidingLog(log) => log.standing(limit, now_ms),
            Self::SlidingWindow(window) => window.standing(limit, now_ms),
            Self::TokenBucket(bucket) => bucket.standing(limit, now_ms),
        }
    }

    /// The state after the clock was set back by `by_ms` to `now_ms`: no time has passed, nothing is handed out, and
    /// nobody waits longer than if the clock had stood still, but for a fixed window, which is as long as it is.
    pub fn rewind(&mut self, limit: &Limit, now_ms: u64, by_ms: u64) {
        match self {
            Self::FixedWindow(window) => *window = window.rewound(limit, now_ms),
            Self::SlidingLog(log) => log.rewind(by_ms),
            Self::SlidingWindow(window) => *window = window.rewound(limit, now_ms, by_ms),
            Self::TokenBucket(bucket) => *bucket = bucket.rewound(limit, by_ms),
        }
    }

    /// When nothing that was used counts any longer, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn expires_at_ms(&self, limit: &Limit, now_ms: u64) -> u64 {
        now_ms.saturating_add(self.standing(limit, now_ms).full_ms)
    }
}
