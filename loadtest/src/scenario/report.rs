//! What came of a scenario: the documented JSON, and what tables, plots and thresholds are made from.
//!
//! A field is never renamed and never changes its unit; new ones may be added.

use std::collections::BTreeMap;

use hdrhistogram::CreationError;
use serde::{Deserialize, Serialize};

use crate::sample::{Class, Sample};
use crate::statistics::finer::Finer;
use crate::statistics::{Group, Statistics};

/// The results of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioReport {
    /// The name given to this run.
    pub label: String,
    /// Where the requests went.
    pub url: String,
    /// What arrivals, choices and pauses were drawn from: the same seed is the same load.
    pub seed: u64,
    /// Users who behave.
    pub users: u32,
    /// Clients who do not.
    pub attackers: u32,
    /// In how many seconds users arrive.
    pub ramp_s: u32,
    /// How long the load lasted, in seconds.
    pub duration_s: u32,
    /// The requests of users who behave.
    pub victims: Party,
    /// The requests of the others.
    pub attack: Party,
    /// What the API itself had to do, if it tells.
    pub origin: Option<OriginLoad>,
}

/// The requests of some of the clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Party {
    /// All of them.
    #[serde(flatten)]
    pub statistics: Statistics,
    /// By what was asked, in the order of its name.
    pub routes: BTreeMap<String, Statistics>,
    /// Served requests by latency: the number of those above the bound before this one and up to this one. Bounds grow by
    /// the same factor.
    pub distribution: Vec<Bar>,
    /// Second by second of the load, by when a request was due.
    pub seconds: Vec<Second>,
    /// What [`crate::locust`] writes besides, of the requests served: by what was asked, and under [`ALL`] for everything.
    #[serde(default)]
    pub finer: BTreeMap<String, Finer>,
}

/// The name under which [`Party::finer`] has all requests.
pub const ALL: &str = "Aggregated";

/// A part of a latency distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The upper bound, in milliseconds.
    pub up_to_ms: f64,
    /// How many requests.
    pub count: u32,
}

/// The requests that were due in one second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Seconds since the load began.
    pub at_s: u32,
    /// What was served, with its latency.
    pub served: Group,
    /// How many were refused (429).
    pub refused: u32,
    /// How many failed.
    pub failed: u32,
    /// How many of those had no complete answer.
    #[serde(default)]
    pub unanswered: u32,
    /// How many responses had each status.
    pub status_counts: BTreeMap<u16, u32>,
}

/// What the API behind had to do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OriginLoad {
    /// Requests that it answered.
    pub requests: u64,
    /// Time that its process had a processor, in milliseconds. On several cores it may be more than the time that passed.
    pub cpu_ms: u64,
}

/// A request of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Who asked.
    pub side: Side,
    /// What was asked: a name for tables.
    pub route: &'static str,
    /// When it was due, in microseconds since the load began.
    pub due_us: u64,
    /// How it ended. Its latency is counted from when it was due.
    pub sample: Sample,
}

/// Whose side a client is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It uses the API as it is meant to be used.
    Victim,
    /// It does not.
    Attacker,
}

/// By which factor the bounds of a distribution grow: twenty to a factor of ten.
pub const BOUNDS_PER_DECADE: f64 = 20.0;

// === impl Party ===

impl Party {
    /// Sums up the requests of one side.
    ///
    /// # Errors
    /// [`CreationError`] when a histogram cannot be made.
    pub fn of(records: &[Record], side: Side, duration_s: u32) -> Result<Self, CreationError> {
        let records: Vec<&Record> = records
            .iter()
            .filter(|record| record.side == side)
            .collect();
        let samples = |is_meant: &dyn Fn(&Record) -> bool| -> Vec<Sample> {
            let meant = records.iter().filter(|record| is_meant(record));
            meant.map(|record| record.sample).collect()
        };
        let mut routes = BTreeMap::new();
        let mut finer = BTreeMap::new();
        if let Some(all) = Finer::of(&samples(&|_| true))? {
            finer.insert(ALL.to_owned(), all);
        }
        for record in &records {
            if !routes.contains_key(record.route) {
                let of_route = samples(&|each| each.route == record.route);
                routes.insert(record.route.to_owned(), Statistics::of(&of_route)?);
                if let Some(of_route) = Finer::of(&of_route)? {
                    finer.insert(record.route.to_owned(), of_route);
                }
            }
        }
        let mut by_second: Vec<Vec<Sample>> = vec![Vec::new(); duration_s as usize];
        for record in &records {
            let second = usize::try_from(record.due_us / 1_000_000).unwrap_or(usize::MAX);
            if let Some(samples) = by_second.get_mut(second) {
                samples.push(record.sample);
            }
        }
        let seconds = (0..).zip(by_second);
        Ok(Self {
            statistics: Statistics::of(&samples(&|_| true))?,
            routes,
            distribution: distribution(&samples(&|_| true)),
            seconds: seconds
                .map(|(at_s, samples)| Second::of(at_s, &samples))
                .collect::<Result<_, _>>()?,
            finer,
        })
    }
}

/// Served samples by latency, from the first bound that any of them is under to the last.
fn distribution(samples: &[Sample]) -> Vec<Bar> {
    let mut bars: BTreeMap<i32, u32> = BTreeMap::new();
    for sample in samples {
        if sample.outcome.class() == Class::Served {
            *bars.entry(bar(sample.latency_us)).or_default() += 1;
        }
    }
    let (Some(first), Some(last)) = (
        bars.first_key_value().map(|(bar, _)| *bar),
        bars.last_key_value().map(|(bar, _)| *bar),
    ) else {
        return Vec::new();
    };
    let all = first..=last;
    all.map(|bar| Bar {
        up_to_ms: upper_ms(bar),
        count: bars.get(&bar).copied().unwrap_or_default(),
    })
    .collect()
}

/// Which bar a latency belongs to.
fn bar(latency_us: u32) -> i32 {
    let exact = (f64::from(latency_us.max(1)) / 1_000.0).log10() * BOUNDS_PER_DECADE;
    #[expect(clippy::cast_possible_truncation, reason = "between -60 and 133")]
    let bar = exact.ceil() as i32;
    bar
}

fn upper_ms(bar: i32) -> f64 {
    10_f64.powf(f64::from(bar) / BOUNDS_PER_DECADE)
}

// === impl Second ===

impl Second {
    fn of(at_s: u32, samples: &[Sample]) -> Result<Self, CreationError> {
        let statistics = Statistics::of(samples)?;
        Ok(Self {
            at_s,
            refused: statistics.refused.count,
            failed: statistics.failed.count,
            unanswered: statistics.unanswered(),
            served: statistics.served,
            status_counts: statistics.status_counts,
        })
    }
}
