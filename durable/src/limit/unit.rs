//! The units of windows.

use serde::{Deserialize, Serialize};

/// The unit of a window. A month is 30 days and a year is 12 of those, whatever the calendar says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u16)]
pub enum Unit {
    /// 1,000 ms.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
    /// 360 days.
    Year,
}

// === impl Unit ===

impl Unit {
    pub(super) const ALL: [Self; 6] = [
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Month,
        Self::Year,
    ];

    /// The unit's length, in milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60 * Self::Second.ms(),
            Self::Hour => 60 * Self::Minute.ms(),
            Self::Day => 24 * Self::Hour.ms(),
            Self::Month => 30 * Self::Day.ms(),
            Self::Year => 12 * Self::Month.ms(),
        }
    }

    /// The unit's name, singular.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Month => "mo",
            Self::Year => "y",
        }
    }
}
