//! One run, ready to be shown: the stable JSON form, and what [`crate::table`] draws.
//!
//! A field is never renamed and never changes its unit; new ones may be added.

use serde::Serialize;

use crate::refusal::Refusal;
use crate::statistics::Statistics;

/// The results of one run. Serialised, it is the document that `--json` writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The name given to this run.
    pub label: Option<String>,
    /// The method of every request.
    pub method: String,
    /// The URL of every request, as written.
    pub url: String,
    /// How many requests were sent.
    pub requests: u32,
    /// How many were under way at once.
    pub concurrency: u32,
    /// How long one was allowed to take, in milliseconds.
    pub timeout_ms: u32,
    /// How many connections were opened; more than `concurrency` when the server closed some.
    pub connections: u32,
    /// From the first request sent to the last one ended, in milliseconds.
    pub wall_ms: f64,
    /// Requests ended, in whatever way, per second.
    pub requests_per_s: f64,
    /// Requests served per second.
    pub served_per_s: f64,
    /// `served`, `refused`, `failed`, `status_counts` and `transport_errors`.
    #[serde(flatten)]
    pub statistics: Statistics,
    /// The first refusal, when it was asked for and there was one.
    pub refusal: Option<Refusal>,
}
