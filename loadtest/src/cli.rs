//! The command line. What clap cannot parse never reaches the rest; its messages say what to change, and exit with 2.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use hyper::Method;

use crate::check::threshold::Thresholds;
use crate::output::JsonOutput;
use crate::request::{HeaderLine, Target};

/// Loads an HTTP API and shows what its clients felt: percentiles, with refusals (429) apart from failures.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    // What clap shows is the documentation of the arguments.
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Hammer(HammerArgs),
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Check(CheckArgs),
}

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

/// Judges a run by its file: PASS or FAIL for each threshold.
///
/// FILE is what `loadtest scenario`, `loadtest compare` or `loadtest hammer` wrote with `--json`, or what Locust wrote with
/// `--csv`, `PREFIX_stats.csv`. Of a scenario the users who behave are judged, not the attackers; of a comparison the
/// protected run; of Locust the line Aggregated.
///
/// A refusal (429) is no failure. Locust counts one as a failure unless the locustfile says otherwise: where
/// `PREFIX_failures.csv` lies beside `PREFIX_stats.csv`, the failures whose error mentions 429 are taken off, and a line says
/// how many. The latencies are those of the requests served; Locust's are those of all requests.
///
/// A run in which nothing was served fails, whatever the thresholds.
///
/// Exit code: 0 when every threshold is met; 1 when one is missed; 2 when an argument is wrong or a file cannot be read.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The run to judge: JSON of loadtest, or `PREFIX_stats.csv` of Locust
    pub file: PathBuf,

    /// An earlier run to compare with, in any of the same formats
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// What it is held to.
    #[command(flatten)]
    pub thresholds: Thresholds,
}

// === impl HammerArgs ===

impl HammerArgs {
    /// How long one request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_options_two_hundred_requests_are_sent_at_once() {
        let Command::Hammer(args) =
            Cli::parse_from(["loadtest", "hammer", "http://localhost/"]).command
        else {
            panic!("hammer is hammer");
        };
        assert_eq!(
            (args.requests, args.concurrency, args.timeout_ms),
            (200, 200, 30_000)
        );
        assert_eq!(args.method, Method::GET);
    }
}
