//! The arguments of `loadtest check`.

use std::path::PathBuf;

use clap::Args;

use crate::check::threshold::Thresholds;

/// Judges a run by its file: PASS, WARN or FAIL for each threshold.
///
/// FILE is what `loadtest scenario`, `loadtest compare` or `loadtest hammer` wrote with `--json`, or what Locust wrote with
/// `--csv`, `PREFIX_stats.csv`. Of a scenario the users who behave are judged, not the attackers; of a comparison the
/// protected run; of Locust the line Aggregated.
///
/// A refusal (429) is no failure; how many of the users' requests may be refused is a threshold of its own. Locust counts one as a failure unless the locustfile says otherwise: where
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
