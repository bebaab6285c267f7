//! The arguments of `loadtest scenario` and `loadtest compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::output::JsonOutput;
use crate::request::Target;

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
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u32).range(1..=10_000))]
    pub users: u32,

    /// In how many seconds the users arrive
    #[arg(long, value_name = "S", default_value_t = 5)]
    pub ramp_s: u32,

    /// How long the load lasts, in seconds; limits by the minute show what they do in whole minutes
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = value_parser!(u32).range(1..=86_400))]
    pub duration_s: u32,

    /// What everything is drawn from: the same seed is the same load
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How many of a hundred users go on asking when they are told to wait
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(..=100))]
    pub impatient_percent: u32,

    /// How many requests a second each attacker sends
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = value_parser!(u32).range(1..=10_000))]
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
    pub csv: Option<String>,

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
