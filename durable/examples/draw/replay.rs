//! The arrivals of the pictures, and what a counter decides about each.

use std::num::NonZeroU32;

use bouncer_durable::counter::Counter;
use bouncer_durable::{Algorithm, Limit};

/// A moment at which a minute begins, in milliseconds since the Unix epoch.
const START_MS: u64 = 1_700_000_040_000;
const LIMIT: &str = "10/minute";
const WINDOW_MS: u32 = 60_000;

/// So many arrivals from one moment on, evenly spaced, in milliseconds after the start.
type Arrivals = (u32, u32, u32);

/// Ten at the end of the first minute, ten in the second, then one every ten seconds.
const TWO_BURSTS: &[Arrivals] = &[(54_300, 600, 10), (60_600, 1_200, 10), (82_000, 10_000, 7)];

/// Ten at the end of the first minute, then one each time that the estimate has made room for it.
const WORST: &[Arrivals] = &[(55_200, 500, 10), (66_000, 6_000, 9)];

/// What one picture shows: arrivals, and how they are counted.
pub(crate) struct Stage {
    /// The name of the picture's file.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) algorithm: Algorithm,
    arrivals: &'static [Arrivals],
}

/// What was decided about each arrival.
pub(crate) struct Replay {
    pub(crate) stage: &'static Stage,
    pub(crate) limit: Limit,
    pub(crate) arrivals: Vec<Arrival>,
}

/// One request, in milliseconds after the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at_ms: u32,
    pub(crate) is_admitted: bool,
}

// === impl Stage ===

impl Stage {
    pub(crate) const ALL: &'static [Self] = &[
        Self {
            name: "fixed-window",
            title: "Fixed window, 10/minute",
            algorithm: Algorithm::FixedWindow,
            arrivals: TWO_BURSTS,
        },
        Self {
            name: "sliding-log",
            title: "Sliding log, 10/minute",
            algorithm: Algorithm::SlidingLog,
            arrivals: TWO_BURSTS,
        },
        Self {
            name: "sliding-window",
            title: "Sliding window, 10/minute",
            algorithm: Algorithm::SlidingWindow,
            arrivals: TWO_BURSTS,
        },
        Self {
            name: "token-bucket",
            title: "Token bucket, 10/minute with a burst of 5",
            algorithm: Algorithm::TokenBucket { burst: Some(5) },
            arrivals: TWO_BURSTS,
        },
        Self {
            name: "sliding-window-worst",
            title: "Sliding window, 10/minute, at its worst",
            algorithm: Algorithm::SlidingWindow,
            arrivals: WORST,
        },
    ];
}

// === impl Replay ===

impl Replay {
    /// Sends the arrivals to a counter.
    pub(crate) fn of(stage: &'static Stage) -> Result<Self, String> {
        let moments_ms = stage
            .arrivals
            .iter()
            .flat_map(|&(from_ms, step_ms, count)| (0..count).map(move |n| from_ms + n * step_ms));
        Self::at(stage, moments_ms)
    }

    /// Sends one request at each of these moments to a counter.
    pub(crate) fn at(
        stage: &'static Stage,
        moments_ms: impl Iterator<Item = u32>,
    ) -> Result<Self, String> {
        let limits = Limit::parse_all(LIMIT).map_err(|error| error.to_string())?;
        let limit = limits.first().ok_or("no limit")?;
        let limit = limit
            .counted_by(stage.algorithm)
            .map_err(|error| error.to_string())?;
        let mut counter = Counter::default();
        let arrivals = moments_ms.map(|at_ms| Arrival {
            at_ms,
            is_admitted: counter
                .take(&[limit], START_MS + u64::from(at_ms), NonZeroU32::MIN)
                .is_ok(),
        });
        Ok(Self {
            stage,
            limit,
            arrivals: arrivals.collect(),
        })
    }

    pub(crate) fn admitted_ms(&self) -> impl Iterator<Item = u32> + Clone {
        let admitted = self.arrivals.iter().filter(|arrival| arrival.is_admitted);
        admitted.map(|arrival| arrival.at_ms)
    }

    /// How many were admitted in the last window up to each moment at which that changes, oldest first.
    pub(crate) fn trailing(&self) -> Vec<(u32, usize)> {
        let mut moments_ms: Vec<u32> = self
            .admitted_ms()
            .flat_map(|at_ms| [at_ms, at_ms + WINDOW_MS])
            .collect();
        moments_ms.sort_unstable();
        moments_ms.dedup();
        let count = |now_ms: u32| {
            let counts = |at_ms: &u32| *at_ms <= now_ms && now_ms < at_ms + WINDOW_MS;
            self.admitted_ms().filter(counts).count()
        };
        moments_ms
            .into_iter()
            .map(|now_ms| (now_ms, count(now_ms)))
            .collect()
    }

    /// The most that were admitted in any 60 seconds.
    pub(crate) fn most(&self) -> usize {
        self.trailing()
            .into_iter()
            .map(|(_, count)| count)
            .max()
            .unwrap_or(0)
    }

    /// One line on what the picture shows.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{:<21} {} of {} admitted, at most {} in any 60 s",
            self.stage.name,
            self.admitted_ms().count(),
            self.arrivals.len(),
            self.most(),
        )
    }
}
