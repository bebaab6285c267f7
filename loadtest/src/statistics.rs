//! Samples, summed up: counts, and percentiles for each class apart. Averages are left out on purpose; they hide the
//! tail, which is what a client remembers.

use std::collections::BTreeMap;

use hdrhistogram::{CreationError, Histogram};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::sample::{Class, Outcome, Sample};
use crate::transport::TransportError;

pub mod finer;

/// Digits that a latency keeps: up to 2 ms it is exact to the microsecond, above that to one part in a thousand.
const SIGNIFICANT_DIGITS: u8 = 3;

/// No latency is below the microsecond that it is measured in.
pub const SHORTEST_MS: f64 = 0.001;

/// What the samples of one run say. Its fields are part of the JSON output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Requests the API answered as asked.
    pub served: Group,
    /// Requests answered 429.
    pub refused: Group,
    /// Requests answered 5xx or an unexpected 4xx, and those without an answer.
    pub failed: Group,
    /// How many responses had each status.
    #[serde(deserialize_with = "by_status")]
    pub status_counts: BTreeMap<u16, u32>,
    /// How many requests ended in each transport error.
    pub transport_errors: BTreeMap<TransportError, u32>,
}

/// The samples of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// How many there are.
    pub count: u32,
    /// Their latency; in JSON these fields stand beside `count`, and are absent when it is zero.
    #[serde(flatten)]
    pub latency: Option<Percentiles>,
}

/// Latency in milliseconds: this share of the requests took no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the requests.
    pub p50_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 95 %.
    pub p95_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// 99.9 %.
    pub p99_9_ms: f64,
    /// The slowest request.
    pub max_ms: f64,
    /// p99 / p50, how much worse it gets for the unlucky; none when p50 is below a microsecond.
    pub tail_ratio: Option<f64>,
}

// === impl Statistics ===

impl Statistics {
    /// Sums up `samples`.
    ///
    /// # Errors
    /// [`CreationError`] when a histogram cannot be made.
    pub fn of(samples: &[Sample]) -> Result<Self, CreationError> {
        let mut status_counts = BTreeMap::new();
        let mut transport_errors = BTreeMap::new();
        for sample in samples {
            *match sample.outcome {
                Outcome::Answered(status) | Outcome::Expected(status) => {
                    status_counts.entry(status.as_u16()).or_insert(0)
                }
                Outcome::Broken(error) => transport_errors.entry(error).or_insert(0),
            } += 1;
        }
        Ok(Self {
            served: Group::of(samples, Class::Served)?,
            refused: Group::of(samples, Class::Refused)?,
            failed: Group::of(samples, Class::Failed)?,
            status_counts,
            transport_errors,
        })
    }

    /// How many requests there were.
    #[must_use]
    pub fn requests(&self) -> u32 {
        [&self.served, &self.refused, &self.failed]
            .iter()
            .fold(0, |sum: u32, group| sum.saturating_add(group.count))
    }

    /// How many of them had no complete answer.
    #[must_use]
    pub fn unanswered(&self) -> u32 {
        self.transport_errors.values().sum()
    }
}

// === impl Group ===

impl Group {
    fn of(samples: &[Sample], class: Class) -> Result<Self, CreationError> {
        let histogram = histogram(samples, class)?;
        let max_us = longest_us(samples, class);
        let count = u32::try_from(histogram.len()).unwrap_or(u32::MAX);
        Ok(Self {
            count,
            latency: (count > 0).then(|| Percentiles::of(&histogram, max_us)),
        })
    }
}

// === impl Percentiles ===

impl Percentiles {
    fn of(latencies_us: &Histogram<u32>, max_us: u32) -> Self {
        // Counted by their three leading digits, so the last of them may be more than the longest that was.
        let at_ms = |quantile| ms(latencies_us.value_at_quantile(quantile).min(max_us.into()));
        let (p50_ms, p99_ms) = (at_ms(0.5), at_ms(0.99));
        Self {
            p50_ms,
            p90_ms: at_ms(0.9),
            p95_ms: at_ms(0.95),
            p99_ms,
            p99_9_ms: at_ms(0.999),
            max_ms: ms(max_us.into()),
            tail_ratio: (p50_ms > 0.0).then(|| (p99_ms / p50_ms * 100.0).round() / 100.0),
        }
    }
}

/// The longest latency of one class, exactly, in microseconds.
fn longest_us(samples: &[Sample], class: Class) -> u32 {
    let of_class = samples
        .iter()
        .filter(|sample| sample.outcome.class() == class);
    of_class
        .map(|sample| sample.latency_us)
        .max()
        .unwrap_or_default()
}

/// The latencies of one class, in microseconds.
fn histogram(samples: &[Sample], class: Class) -> Result<Histogram<u32>, CreationError> {
    let mut histogram = Histogram::<u32>::new_with_max(u32::MAX.into(), SIGNIFICANT_DIGITS)?;
    for sample in samples {
        if sample.outcome.class() == class {
            histogram.saturating_record(sample.latency_us.into());
        }
    }
    Ok(histogram)
}

/// Reads status codes back from JSON, where a key is always text: serde knows that of itself, but not of a flattened part.
fn by_status<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u16, u32>, D::Error> {
    let status = |text: String| {
        let problem = || D::Error::custom(format!("'{text}' is not a status code"));
        text.parse().map_err(|_| problem())
    };
    BTreeMap::<String, u32>::deserialize(from)?
        .into_iter()
        .map(|(text, count)| Ok((status(text)?, count)))
        .collect()
}

/// Microseconds as milliseconds, with three decimals that are exact.
fn ms(latency_us: u64) -> f64 {
    f64::from(u32::try_from(latency_us).unwrap_or(u32::MAX)) / 1_000.0
}

#[cfg(test)]
mod tests;
