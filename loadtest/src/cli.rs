//! The command line. What clap cannot parse never reaches the rest; its messages say what to change, and exit with 2.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use hyper::Method;

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
    Scenario(ScenarioArgs),
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Compare(CompareArgs),
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

/// People use the Task Manager, and some clients as they should not.
///
/// Users log in once and then, with half a second to two between clicks, list tasks (5 of 9), look at one (2), make one (1)
/// and search (1). Attackers guess passwords, scrape the search, or export in a loop, in turns. Who does what when is drawn
/// from the seed beforehand and waits for no answer; a latency is counted from when a request was due. A 429 is never a
/// failure. Each client has an address of its own, sent as `CF-Connecting-IP`, which is believed only where Cloudflare is
/// not in front.
///
/// The accounts are demo1, demo2, ... as `origin-api seed --users N` makes them: one for each user, and one for each
/// attacker.
///
/// Exit code: 0 when the run took place, whatever it found; 1 when it could not; 2 when an argument is wrong.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// The server, for example `http://127.0.0.1:8787`
    pub url: Target,

    /// The API behind it, to be asked what it had to do (`origin-api serve --debug-routes`)
    #[arg(long, value_name = "URL")]
    pub origin: Option<Target>,

    /// How many attackers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub attackers: u32,

    /// A name for this run
    #[arg(long, value_name = "TEXT", default_value = "scenario")]
    pub label: String,

    /// How much load
    #[command(flatten)]
    pub load: LoadArgs,

    /// Where the results go
    #[command(flatten)]
    pub outputs: OutputArgs,
}

/// The same load with an attack in it, straight at the API and through Bouncer, and through Bouncer without the attack.
///
/// All three have the same seed and so the same arrivals; see `loadtest scenario --help` for what they are. Shows the
/// percentiles of the users who behave side by side, with their ratios, what the attackers were answered, and what the
/// API itself had to do.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The API itself, for example `http://127.0.0.1:8000`
    #[arg(long, value_name = "URL")]
    pub origin: Target,

    /// Bouncer in front of it, for example `http://127.0.0.1:8787`
    #[arg(long, value_name = "URL")]
    pub through: Target,

    /// How many attackers
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub attackers: u32,

    /// How much load
    #[command(flatten)]
    pub load: LoadArgs,

    /// Where the results go
    #[command(flatten)]
    pub outputs: OutputArgs,
}

/// How much load.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// How many users
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=10_000))]
    pub users: u32,

    /// In how many seconds the users arrive
    #[arg(long, value_name = "S", default_value_t = 5)]
    pub ramp_s: u32,

    /// How long the load lasts, in seconds
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = value_parser!(u32).range(1..=86_400))]
    pub duration_s: u32,

    /// What everything is drawn from: the same seed is the same load
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How many of a hundred users go on asking when they are told to wait
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(..=100))]
    pub impatient_percent: u32,

    /// How many requests a second each attacker sends
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=10_000))]
    pub attack_per_s: u32,

    /// How long a request may take, from when it was due, before it counts as failed
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=3_600_000))]
    pub timeout_ms: u32,

    /// The password of every account
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "correct horse battery staple"
    )]
    pub password: String,
}

/// Where results go, besides the table on stdout.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Also write the results as JSON to this file; `-` prints JSON, and nothing else, on stdout
    #[arg(long, value_name = "FILE")]
    pub json: Option<JsonOutput>,

    /// Also write `PREFIX_stats.csv`, in the form that Locust writes
    #[arg(long, value_name = "PREFIX")]
    pub csv: Option<PathBuf>,

    /// Also write a page for a browser to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

// === impl LoadArgs ===

impl LoadArgs {
    /// How long a request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
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
        let cli = Cli::parse_from(["loadtest", "hammer", "http://localhost/"]);
        let Command::Hammer(args) = cli.command else {
            panic!("another command");
        };
        assert_eq!(
            (args.requests, args.concurrency, args.timeout_ms),
            (200, 200, 30_000)
        );
        assert_eq!(args.method, Method::GET);
    }
}
