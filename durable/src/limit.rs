//! A limit: so many permits per window, counted by an algorithm; and the strings operators write them in.
//!
//! The strings follow the grammar of the Python `limits` package, so those in use carry over: `N / [M] unit` or
//! `N per [M] unit`, several joined by `;`, `,` or `|`, whitespace anywhere, case ignored, units optionally plural.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

use crate::Algorithm;

mod parse;
mod unit;

pub use parse::{Problem, SyntaxError};
pub use unit::Unit;

/// The longest window, in milliseconds: a hundred years of 360 days.
pub const MAX_WINDOW_MS: u64 = 100 * Unit::Year.ms();

/// So many permits per window, counted by an algorithm.
// Every decision compares limits and reads their numbers, so these are kept computed, in plain fields.
#[derive(Debug, Clone, Copy, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Limit {
    window_ms: NonZeroU64,
    permits: u32,
    quota: u32,
    multiple: NonZeroU32,
    unit: Unit,
    kind: Kind,
}

/// An [`Algorithm`] without its burst. As wide as [`Unit`], so that a limit has no gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
enum Kind {
    FixedWindow,
    SlidingLog,
    SlidingWindow,
    TokenBucket,
}

/// Why a limit cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The window exceeds [`MAX_WINDOW_MS`].
    #[error("a window is at most 100 years long")]
    WindowTooLong,
    /// A token bucket that can hold nothing admits nothing.
    #[error("a token bucket needs a burst of at least 1")]
    NoBurst,
    /// The sliding log remembers every permit, and this many do not fit.
    #[error(
        "a sliding log remembers every permit and holds at most {}; use sliding-window or token-bucket",
        crate::algorithm::sliding_log::MAX_PERMITS
    )]
    LogTooLarge,
}

/// What travels of a [`Limit`]; turning it back checks it.
#[derive(Serialize, Deserialize)]
struct Parts {
    permits: u32,
    multiple: NonZeroU32,
    unit: Unit,
    algorithm: Algorithm,
}

// === impl Limit ===

impl Limit {
    /// `permits` per `multiple` × `unit`, counted in fixed windows.
    ///
    /// # Errors
    /// [`LimitError::WindowTooLong`].
    pub fn new(permits: u32, multiple: NonZeroU32, unit: Unit) -> Result<Self, LimitError> {
        let window_ms = u64::from(multiple.get()).saturating_mul(unit.ms());
        let window_ms = NonZeroU64::new(window_ms)
            .filter(|window_ms| window_ms.get() <= MAX_WINDOW_MS)
            .ok_or(LimitError::WindowTooLong)?;
        Ok(Self {
            window_ms,
            permits,
            quota: permits,
            multiple,
            unit,
            kind: Kind::FixedWindow,
        })
    }

    /// The same permits and window under another algorithm. A burst that is N anyway, or of a limit of none, is as good as
    /// not given.
    ///
    /// # Errors
    /// [`LimitError::NoBurst`] and [`LimitError::LogTooLarge`].
    pub fn counted_by(self, algorithm: Algorithm) -> Result<Self, LimitError> {
        let (kind, quota) = match algorithm {
            Algorithm::TokenBucket { burst: Some(0) } => return Err(LimitError::NoBurst),
            Algorithm::TokenBucket { burst: Some(burst) } if self.permits > 0 => {
                (Kind::TokenBucket, burst)
            }
            Algorithm::TokenBucket { .. } => (Kind::TokenBucket, self.permits),
            Algorithm::SlidingLog if self.permits > crate::algorithm::sliding_log::MAX_PERMITS => {
                return Err(LimitError::LogTooLarge);
            }
            Algorithm::SlidingLog => (Kind::SlidingLog, self.permits),
            Algorithm::SlidingWindow => (Kind::SlidingWindow, self.permits),
            Algorithm::FixedWindow => (Kind::FixedWindow, self.permits),
        };
        Ok(Self {
            quota,
            kind,
            ..self
        })
    }

    /// Parses one limit or several: `5/minute`, `5/minute;20/hour`. One bad item rejects the whole string.
    ///
    /// ```
    /// # use bouncer_durable::Limit;
    /// let limits = Limit::parse_all("5/minute; 500 per 7 days")?;
    /// assert_eq!(limits[1].to_string(), "500 per 7 day");
    ///
    /// let error = Limit::parse_all("10/min").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "\"10/▸min\": expected second, minute, hour, day, month or year at ▸",
    /// );
    /// # Ok::<(), bouncer_durable::limit::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// [`SyntaxError`], which shows the string and marks the place.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, SyntaxError> {
        parse::limits(text)
    }

    /// Permits per window: the `N` of `N / [M] unit`.
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.permits
    }

    /// The length of the window, in milliseconds, at least 1,000.
    #[must_use]
    pub const fn window_ms(&self) -> u64 {
        self.window_ms.get()
    }

    /// How this limit is counted.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.kind {
            Kind::FixedWindow => Algorithm::FixedWindow,
            Kind::SlidingLog => Algorithm::SlidingLog,
            Kind::SlidingWindow => Algorithm::SlidingWindow,
            Kind::TokenBucket => Algorithm::TokenBucket {
                burst: (self.quota != self.permits).then_some(self.quota),
            },
        }
    }

    /// The most permits that can be taken at one moment: `burst` for a token bucket, else [`permits`](Self::permits).
    #[must_use]
    pub const fn quota(&self) -> u32 {
        self.quota
    }

    /// The time in which [`quota`](Self::quota) is restored in full, in milliseconds, rounded up: the window, or the
    /// time to refill a token bucket.
    #[must_use]
    pub fn quota_window_ms(&self) -> u64 {
        if self.quota() == self.permits {
            return self.window_ms();
        }
        let work = u128::from(self.quota()) * u128::from(self.window_ms());
        u64::try_from(work.div_ceil(u128::from(self.permits.max(1)))).unwrap_or(u64::MAX)
    }

    /// For how long at most what is taken may count, in milliseconds.
    pub(crate) fn counts_for_ms(&self) -> u64 {
        let window_ms = self.window_ms().max(self.quota_window_ms());
        window_ms.saturating_mul(2)
    }

    /// All that it is, as two words, which lie in memory just so: every decision compares them, and these are loaded and
    /// compared at once. The window's length follows from its multiple and unit.
    fn words(&self) -> (u64, u64) {
        let counts = u64::from(self.permits) | u64::from(self.quota) << 32;
        let window = u64::from(self.multiple.get()) | (self.unit as u64) << 32;
        (counts, window | (self.kind as u64) << 48)
    }

    /// A short stable name for the window: `1m`, `12h`, `30s`, with `mo` for months.
    #[must_use]
    pub fn window_name(&self) -> String {
        format!("{}{}", self.multiple, self.unit.symbol())
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

/// The operator's own words, whatever the algorithm: `5 per 1 minute`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} per {} {}",
            self.permits,
            self.multiple,
            self.unit.name()
        )
    }
}

impl TryFrom<Parts> for Limit {
    type Error = LimitError;

    fn try_from(parts: Parts) -> Result<Self, LimitError> {
        Self::new(parts.permits, parts.multiple, parts.unit)?.counted_by(parts.algorithm)
    }
}

impl From<Limit> for Parts {
    fn from(limit: Limit) -> Self {
        Self {
            permits: limit.permits,
            multiple: limit.multiple,
            unit: limit.unit,
            algorithm: limit.algorithm(),
        }
    }
}

#[cfg(test)]
mod tests;
