//! Answers, in as many kinds as a reader can keep apart.

use std::collections::BTreeMap;

use crate::scenario::report::Second;
use crate::statistics::Statistics;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Served,
    Refused,
    ClientError,
    ServerError,
    NoAnswer,
}

/// How many requests were answered with each kind, in the order of [`Kind::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally([u32; 5]);

// === impl Kind ===

impl Kind {
    /// From the bottom of a stack to its top.
    pub(super) const ALL: [Self; 5] = [
        Self::Served,
        Self::Refused,
        Self::ClientError,
        Self::ServerError,
        Self::NoAnswer,
    ];

    /// What people read.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused => "refused (429)",
            Self::ClientError => "other 4xx",
            Self::ServerError => "5xx",
            Self::NoAnswer => "no answer",
        }
    }

    /// The class that gives it its colour.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused => "refused",
            Self::ClientError => "client-error",
            Self::ServerError => "server-error",
            Self::NoAnswer => "no-answer",
        }
    }

    fn of(status: u16) -> Self {
        match status {
            429 => Self::Refused,
            400..500 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Served,
        }
    }
}

// === impl Tally ===

impl Tally {
    /// Of all requests of one side.
    pub(super) fn of(statistics: &Statistics) -> Self {
        Self::counting(&statistics.status_counts, statistics.failed.count)
    }

    /// Of those that were due in one second.
    pub(super) fn of_second(second: &Second) -> Self {
        Self::counting(&second.status_counts, second.failed)
    }

    /// What failed without a status had no complete answer.
    fn counting(statuses: &BTreeMap<u16, u32>, failed: u32) -> Self {
        let sum = |kind: Kind| {
            let counted = statuses
                .iter()
                .filter(|(status, _)| Kind::of(**status) == kind);
            counted.map(|(_, count)| count).sum::<u32>()
        };
        let errors = sum(Kind::ClientError) + sum(Kind::ServerError);
        Self(Kind::ALL.map(|kind| match kind {
            Kind::NoAnswer => failed.saturating_sub(errors),
            _ => sum(kind),
        }))
    }

    pub(super) fn get(self, kind: Kind) -> u32 {
        let with = Kind::ALL.into_iter().zip(self.0);
        with.filter(|(each, _)| *each == kind)
            .map(|(_, count)| count)
            .sum()
    }

    pub(super) fn sum(self) -> u32 {
        self.0.iter().sum()
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_429_is_refused_and_what_is_no_error_is_served() {
        for (status, kind) in [
            (101, Kind::Served),
            (200, Kind::Served),
            (304, Kind::Served),
            (400, Kind::ClientError),
            (428, Kind::ClientError),
            (429, Kind::Refused),
            (430, Kind::ClientError),
            (500, Kind::ServerError),
            (599, Kind::ServerError),
        ] {
            assert_eq!(Kind::of(status), kind, "{status}");
        }
    }

    #[test]
    fn what_failed_without_a_status_had_no_answer() {
        let statuses = BTreeMap::from([(200, 10), (201, 1), (404, 2), (429, 20), (503, 3)]);
        let tally = Tally::counting(&statuses, 9);
        assert_eq!(tally, Tally([11, 20, 2, 3, 4]));
        assert_eq!(tally.plus(tally).sum(), 80);
    }
}
