//! What Locust's CSV demands beyond our own percentiles: more of them, the quickest request, and the average.
//!
//! An average of latencies says little, because the tail hides in it. It is kept for [`crate::locust`] alone and is shown
//! nowhere else.

use hdrhistogram::CreationError;
use serde::{Deserialize, Serialize};

use super::{histogram, longest_us, ms};
use crate::sample::{Class, Sample};

/// Latency of the requests served, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Finer {
    /// The quickest request.
    pub min_ms: f64,
    /// The average.
    pub mean_ms: f64,
    /// 66 % took no longer.
    pub p66_ms: f64,
    /// 75 %.
    pub p75_ms: f64,
    /// 80 %.
    pub p80_ms: f64,
    /// 98 %.
    pub p98_ms: f64,
    /// 99.99 %.
    pub p99_99_ms: f64,
}

// === impl Finer ===

impl Finer {
    /// Sums up the samples that were served; none when none was.
    ///
    /// # Errors
    /// [`CreationError`] when a histogram cannot be made.
    pub fn of(samples: &[Sample]) -> Result<Option<Self>, CreationError> {
        let latencies_us = histogram(samples, Class::Served)?;
        let most_us = longest_us(samples, Class::Served);
        let at_ms = |quantile| ms(latencies_us.value_at_quantile(quantile).min(most_us.into()));
        Ok((!latencies_us.is_empty()).then(|| Self {
            min_ms: ms(latencies_us.min()),
            mean_ms: latencies_us.mean().round() / 1_000.0,
            p66_ms: at_ms(0.66),
            p75_ms: at_ms(0.75),
            p80_ms: at_ms(0.8),
            p98_ms: at_ms(0.98),
            p99_99_ms: at_ms(0.9999),
        }))
    }
}
