//! The arguments of `loadtest hammer`.

use std::time::Duration;

use clap::{Args, value_parser};
use hyper::Method;

use crate::output::JsonOutput;
use crate::request::{HeaderLine, Target};

/// One client sends requests as fast as they are answered, a fixed number of them at once.
///
/// Every connection is opened before the first request is sent, and reused. Latency runs from sending a request to the
/// last byte of its response; opening a connection is not part of it. Nothing is retried, redirects are not followed.
///
/// A request is refused when it is answered 429, failed when it is answered 5xx or any other 4xx or when the
/// transport broke, and served otherwise.
///
/// Exit code: 0 when the run took place, whatever it found; 1 when no request got an HTTP answer or the results could
/// not be written; 2 when an argument is
/// wrong or asks for more than this machine can carry.
#[derive(Debug, Args)]
pub struct HammerArgs {
    /// Where to send the requests, for example `http://127.0.0.1:8787/api/v1/tasks`
    pub url: Target,

    /// How many requests to send in all
    #[arg(short = 'n', long, default_value_t = 200, value_parser = value_parser!(u32).range(1..))]
    pub requests: u32,

    /// How many requests are under way at once, each on its own connection
    #[arg(short, long, default_value_t = 200, value_parser = value_parser!(u32).range(1..))]
    pub concurrency: u32,

    /// The request method
    #[arg(short = 'X', long, default_value = "GET")]
    pub method: Method,

    /// A request header; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<HeaderLine>,

    /// The request body, sent as it is
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub body: String,

    /// How long one request may take, connecting included, before it counts as failed
    // An hour at most, so that a latency always fits the 32 bits of a sample.
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = value_parser!(u32).range(1..=3_600_000))]
    pub timeout_ms: u32,

    /// Also write the results as JSON to this file; `-` prints JSON, and nothing else, on stdout
    #[arg(long, value_name = "FILE")]
    pub json: Option<JsonOutput>,

    /// A name for this run, printed above its results
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,

    /// Print the first 429 whole: status line, headers in the order received, body
    #[arg(long)]
    pub show_refusal: bool,
}

// === impl HammerArgs ===

impl HammerArgs {
    /// How long one request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}
