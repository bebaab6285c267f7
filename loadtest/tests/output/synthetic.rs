//! Runs that look like real ones, without a server: the same on every machine.

use std::time::Duration;

use hyper::StatusCode;
use loadtest::compare::report::Comparison;
use loadtest::sample::{Outcome, Sample};
use loadtest::scenario::report::{OriginLoad, Party, Record, ScenarioReport, Side};
use loadtest::transport::TransportError;

/// What a run is like.
#[derive(Clone, Copy)]
pub(crate) struct Mood {
    pub(crate) label: &'static str,
    pub(crate) duration_s: u32,
    /// Median latency of what is served, in milliseconds, and how widely it spreads (the deviation of its logarithm).
    pub(crate) median_ms: f64,
    pub(crate) spread: f64,
    /// Of a thousand requests of victims, how many are refused and how many fail.
    pub(crate) refused: u32,
    pub(crate) failed: u32,
    /// Requests per second of all attackers, and how many of a thousand are refused.
    pub(crate) attack_per_s: u32,
    pub(crate) attack_refused: u32,
}

pub(crate) const UNPROTECTED: Mood = Mood {
    label: "unprotected",
    duration_s: 60,
    median_ms: 800.0,
    spread: 0.95,
    refused: 0,
    failed: 35,
    attack_per_s: 150,
    attack_refused: 0,
};

pub(crate) const PROTECTED: Mood = Mood {
    label: "protected",
    median_ms: 6.0,
    spread: 0.5,
    refused: 4,
    failed: 0,
    attack_per_s: 600,
    attack_refused: 900,
    ..UNPROTECTED
};

pub(crate) const CALM: Mood = Mood {
    label: "calm",
    median_ms: 5.5,
    spread: 0.46,
    refused: 0,
    attack_per_s: 0,
    ..PROTECTED
};

const ROUTES: [&str; 5] = [
    "GET /api/v1/tasks",
    "GET /api/v1/tasks/{id}",
    "GET /api/v1/tasks/search",
    "POST /api/v1/tasks",
    "POST /api/v1/auth/login",
];
const VICTIMS_PER_S: u32 = 40;

/// The same load three times.
pub(crate) fn comparison() -> Comparison {
    Comparison::new(report(UNPROTECTED), report(PROTECTED), report(CALM))
}

/// A run.
pub(crate) fn report(mood: Mood) -> ScenarioReport {
    let mut records = Vec::new();
    let mut dice = Dice(7);
    for second in 0..mood.duration_s {
        // Under attack without protection it gets worse and worse at first, as queues fill.
        let ramp = (f64::from(second + 2) / 12.0).min(1.0);
        let swell = 1.0 + 0.35 * (f64::from(second) / 5.0).sin();
        let median_ms = if mood.median_ms > 100.0 {
            20.0 + (mood.median_ms * 1.1) * ramp * swell
        } else {
            mood.median_ms
        };
        for side in [Side::Victim, Side::Attacker] {
            let (count, refused, failed) = match side {
                Side::Victim => (VICTIMS_PER_S, mood.refused, mood.failed),
                Side::Attacker => (mood.attack_per_s, mood.attack_refused, mood.failed),
            };
            for _ in 0..count {
                let throw = dice.below(1_000);
                let (outcome, factor) = if throw < refused {
                    (answered(429), 0.2)
                } else if throw < refused + failed {
                    match dice.below(3) {
                        0 => (Outcome::Broken(TransportError::Timeout), 9.0),
                        1 => (answered(503), 2.0),
                        _ => (answered(500), 2.0),
                    }
                } else {
                    (answered(if dice.below(5) == 0 { 201 } else { 200 }), 1.0)
                };
                let latency_ms = median_ms * factor * (mood.spread * dice.normal()).exp();
                records.push(Record {
                    side,
                    route: ROUTES[dice.below(5) as usize],
                    due_us: u64::from(second) * 1_000_000 + u64::from(dice.below(1_000_000)),
                    sample: Sample {
                        outcome,
                        latency_us: us(latency_ms.min(30_000.0)),
                    },
                });
            }
        }
    }
    let party = |side| Party::of(&records, side, mood.duration_s).unwrap();
    let (victims, attack) = (party(Side::Victim), party(Side::Attacker));
    let reached = [&victims, &attack]
        .map(|party| party.statistics.served.count + party.statistics.failed.count);
    let requests = u64::from(reached.iter().sum::<u32>());
    ScenarioReport {
        label: mood.label.to_owned(),
        url: "http://127.0.0.1:8787".to_owned(),
        seed: 1,
        users: 40,
        attackers: mood.attack_per_s.min(12),
        ramp_s: 5,
        duration_s: mood.duration_s,
        victims,
        attack,
        origin: Some(OriginLoad {
            requests,
            cpu_ms: requests * 5 + 900,
        }),
    }
}

fn us(latency_ms: f64) -> u32 {
    let latency = Duration::from_secs_f64(latency_ms / 1_000.0);
    u32::try_from(latency.as_micros()).unwrap()
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered(StatusCode::from_u16(status).unwrap())
}

/// Small, and the same everywhere (Knuth's generator).
struct Dice(u64);

// === impl Dice ===

impl Dice {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(bound)) >> 32) as u32
    }

    /// From the normal distribution, by adding up twelve even ones.
    fn normal(&mut self) -> f64 {
        (0..12)
            .map(|_| f64::from(self.next()) / f64::from(u32::MAX))
            .sum::<f64>()
            - 6.0
    }
}
