//! Writes `PREFIX_stats.csv` in the columns and the order of Locust.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::scenario::report::{ALL, Party, ScenarioReport};
use crate::statistics::Statistics;
use crate::statistics::finer::Finer;

/// A line of the file. The field names are the columns.
#[derive(Debug, Serialize)]
struct Row<'a> {
    #[serde(rename = "Type")]
    method: &'a str,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "Request Count")]
    requests: u32,
    #[serde(rename = "Failure Count")]
    failures: u32,
    #[serde(rename = "Median Response Time")]
    median: f64,
    #[serde(rename = "Average Response Time")]
    average: f64,
    #[serde(rename = "Min Response Time")]
    min: f64,
    #[serde(rename = "Max Response Time")]
    max: f64,
    #[serde(rename = "Average Content Size")]
    content_size: f64,
    #[serde(rename = "Requests/s")]
    requests_per_s: f64,
    #[serde(rename = "Failures/s")]
    failures_per_s: f64,
    #[serde(rename = "50%")]
    p50: Cell,
    #[serde(rename = "66%")]
    p66: Cell,
    #[serde(rename = "75%")]
    p75: Cell,
    #[serde(rename = "80%")]
    p80: Cell,
    #[serde(rename = "90%")]
    p90: Cell,
    #[serde(rename = "95%")]
    p95: Cell,
    #[serde(rename = "98%")]
    p98: Cell,
    #[serde(rename = "99%")]
    p99: Cell,
    #[serde(rename = "99.9%")]
    p99_9: Cell,
    #[serde(rename = "99.99%")]
    p99_99: Cell,
    #[serde(rename = "100%")]
    p100: Cell,
}

/// A percentile in milliseconds, or what Locust writes where there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Cell {
    Ms(f64),
    None(&'static str),
}

/// What HTTP calls a method: a route whose name begins with one has it in the column `Type`.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Where [`write()`] should go: `PREFIX_stats.csv`, as Locust's own `--csv PREFIX` names it.
#[must_use]
pub fn path(prefix: &str) -> PathBuf {
    format!("{prefix}_stats.csv").into()
}

/// Writes what the victims of a run met: a line for each route, and `Aggregated` at the end. The attackers are left out,
/// for they are the load and not what is judged.
///
/// # Errors
/// When `to` cannot be written.
pub fn write(report: &ScenarioReport, to: impl Write) -> csv::Result<()> {
    party(&report.victims, report.duration_s, to)
}

/// Writes the requests of one side of a run that lasted `duration_s` seconds.
///
/// # Errors
/// When `to` cannot be written.
pub fn party(party: &Party, duration_s: u32, to: impl Write) -> csv::Result<()> {
    let mut to = csv::Writer::from_writer(to);
    for (route, statistics) in &party.routes {
        let (method, name) = split(route);
        to.serialize(Row::of(
            method,
            name,
            statistics,
            party.finer.get(route),
            duration_s,
        ))?;
    }
    let finer = party.finer.get(ALL);
    to.serialize(Row::of("", ALL, &party.statistics, finer, duration_s))?;
    Ok(to.flush()?)
}

/// `GET /tasks` is the method GET and the name /tasks; a name without a method stays whole.
fn split(route: &str) -> (&str, &str) {
    match route.split_once(' ') {
        Some((method, name)) if METHODS.contains(&method) => (method, name),
        _ => ("", route),
    }
}

// === impl Row ===

impl<'a> Row<'a> {
    fn of(
        method: &'a str,
        name: &'a str,
        statistics: &Statistics,
        finer: Option<&Finer>,
        duration_s: u32,
    ) -> Self {
        let Statistics { served, failed, .. } = statistics;
        let requests = statistics.requests();
        let per_s = |count: u32| f64::from(count) / f64::from(duration_s.max(1));
        let p = served.latency.as_ref();
        Self {
            method,
            name,
            requests,
            failures: failed.count,
            median: p.map_or(0.0, |p| p.p50_ms),
            average: finer.map_or(0.0, |f| f.mean_ms),
            min: finer.map_or(0.0, |f| f.min_ms),
            max: p.map_or(0.0, |p| p.max_ms),
            // Not measured. A tool that reads numbers here would stumble over an empty cell.
            content_size: 0.0,
            requests_per_s: per_s(requests),
            failures_per_s: per_s(failed.count),
            p50: Cell::of(p.map(|p| p.p50_ms)),
            p66: Cell::of(finer.map(|f| f.p66_ms)),
            p75: Cell::of(finer.map(|f| f.p75_ms)),
            p80: Cell::of(finer.map(|f| f.p80_ms)),
            p90: Cell::of(p.map(|p| p.p90_ms)),
            p95: Cell::of(p.map(|p| p.p95_ms)),
            p98: Cell::of(finer.map(|f| f.p98_ms)),
            p99: Cell::of(p.map(|p| p.p99_ms)),
            p99_9: Cell::of(p.map(|p| p.p99_9_ms)),
            p99_99: Cell::of(finer.map(|f| f.p99_99_ms)),
            p100: Cell::of(p.map(|p| p.max_ms)),
        }
    }
}

// === impl Cell ===

impl Cell {
    fn of(ms: Option<f64>) -> Self {
        ms.map_or(Self::None("N/A"), Self::Ms)
    }
}
