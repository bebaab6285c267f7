//! Two runs and a third side by side: the documented JSON.

use serde::{Deserialize, Serialize};

use crate::scenario::report::ScenarioReport;
use crate::statistics::{Percentiles, SHORTEST_MS};

/// The same load, straight at the API and through Bouncer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Under attack, straight at the API.
    pub unprotected: ScenarioReport,
    /// The same attack, through Bouncer.
    pub protected: ScenarioReport,
    /// Through Bouncer with no attack at all: as good as it can be on this machine.
    pub calm: ScenarioReport,
    /// How many times shorter the latency of victims is, protected against unprotected; none where one of them had nothing
    /// served.
    pub better: Option<Ratios>,
    /// How many times longer it is, protected under attack against the calm.
    pub of_calm: Option<Ratios>,
}

/// What a percentile of one run is of the same percentile of another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// Of the medians.
    pub p50: f64,
    /// Of the 90th percentiles.
    pub p90: f64,
    /// Of the 95th percentiles.
    pub p95: f64,
    /// Of the 99th percentiles.
    pub p99: f64,
    /// Of the 99.9th percentiles.
    pub p99_9: f64,
    /// Of the slowest requests.
    pub max: f64,
}

// === impl Comparison ===

impl Comparison {
    /// Puts three runs side by side.
    #[must_use]
    pub fn new(
        unprotected: ScenarioReport,
        protected: ScenarioReport,
        calm: ScenarioReport,
    ) -> Self {
        let served = |report: &ScenarioReport| report.victims.statistics.served.latency.clone();
        let ratios = |of: &ScenarioReport, to: &ScenarioReport| {
            Some(Ratios::new(&served(of)?, &served(to)?))
        };
        Self {
            better: ratios(&unprotected, &protected),
            of_calm: ratios(&protected, &calm),
            unprotected,
            protected,
            calm,
        }
    }
}

// === impl Ratios ===

impl Ratios {
    fn new(of: &Percentiles, to: &Percentiles) -> Self {
        let ratio = |of_ms: f64, to_ms: f64| of_ms / to_ms.max(SHORTEST_MS);
        Self {
            p50: ratio(of.p50_ms, to.p50_ms),
            p90: ratio(of.p90_ms, to.p90_ms),
            p95: ratio(of.p95_ms, to.p95_ms),
            p99: ratio(of.p99_ms, to.p99_ms),
            p99_9: ratio(of.p99_9_ms, to.p99_9_ms),
            max: ratio(of.max_ms, to.max_ms),
        }
    }
}
