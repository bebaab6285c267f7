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
}

// === impl Tally ===

impl Tally {
    /// Of all requests of one side.
    pub(super) fn of(statistics: &Statistics) -> Self {
        let Statistics {
            served,
            refused,
            failed,
            status_counts,
            ..
        } = statistics;
        let unanswered = statistics.unanswered();
        Self::new(
            served.count,
            refused.count,
            failed.count,
            unanswered,
            status_counts,
        )
    }

    /// Of those that were due in one second.
    pub(super) fn of_second(second: &Second) -> Self {
        let Second {
            served,
            refused,
            failed,
            unanswered,
            status_counts,
            ..
        } = second;
        Self::new(served.count, *refused, *failed, *unanswered, status_counts)
    }

    /// A 4xx is among the failed unless it was what was to be answered, so what failed is told apart from what was served
    /// before any status is looked at.
    fn new(
        served: u32,
        refused: u32,
        failed: u32,
        unanswered: u32,
        status_counts: &BTreeMap<u16, u32>,
    ) -> Self {
        let server_errors = status_counts.range(500..).map(|(_, count)| count).sum();
        let client_errors = failed
            .saturating_sub(unanswered)
            .saturating_sub(server_errors);
        Self([served, refused, client_errors, server_errors, unanswered])
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
    use hyper::StatusCode;

    use super::*;
    use crate::sample::{Outcome, Sample};
    use crate::scenario::report::{Party, Record, Side};
    use crate::transport::TransportError;

    #[test]
    fn a_wrong_password_that_is_told_so_is_served_and_hides_nothing_that_failed() {
        // 7 of the 9 with 401 were to be answered with that.
        let statuses = BTreeMap::from([(200, 10), (401, 9), (429, 20), (503, 3)]);
        let tally = Tally::new(17, 20, 9, 4, &statuses);
        assert_eq!(tally, Tally([17, 20, 2, 3, 4]));
        assert_eq!(tally.plus(tally).sum(), 92);
    }

    #[test]
    fn the_seconds_of_a_run_add_up_to_its_sum() {
        let answered = |status| Outcome::Answered(StatusCode::from_u16(status).unwrap());
        let outcomes = [
            answered(200),
            answered(404),
            answered(429),
            answered(502),
            Outcome::Expected(StatusCode::UNAUTHORIZED),
            Outcome::Broken(TransportError::Timeout),
        ];
        let records: Vec<Record> = (0..600)
            .zip(outcomes.into_iter().cycle())
            .map(|(number, outcome)| Record {
                side: Side::Attacker,
                route: "GET /",
                due_us: number * 10_000,
                sample: Sample {
                    outcome,
                    latency_us: 1_000,
                },
            })
            .collect();
        let party = Party::of(&records, Side::Attacker, 6).unwrap();
        let whole = Tally::of(&party.statistics);
        assert_eq!(whole, Tally([200, 100, 100, 100, 100]));
        let seconds = party.seconds.iter().map(Tally::of_second);
        assert_eq!(seconds.reduce(Tally::plus), Some(whole));
    }
}
