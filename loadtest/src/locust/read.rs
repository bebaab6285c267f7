//! Reads the `Aggregated` line of a `*_stats.csv`, and from the `*_failures.csv` beside it which failures were refusals.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The line for all requests, as far as it is of use here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Aggregated {
    #[serde(rename = "Name")]
    name: String,
    /// Requests in all.
    #[serde(rename = "Request Count")]
    pub requests: u64,
    /// Those that failed; a 429 is among them unless the locustfile says otherwise.
    #[serde(rename = "Failure Count")]
    pub failures: u64,
    #[serde(rename = "50%")]
    p50: String,
    #[serde(rename = "95%")]
    p95: String,
    #[serde(rename = "99%")]
    p99: String,
}

/// A line of `*_failures.csv`.
#[derive(Debug, Deserialize)]
struct Failure {
    #[serde(rename = "Error")]
    error: String,
    #[serde(rename = "Occurrences")]
    occurrences: u64,
}

/// What is wrong with a CSV file.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not the columns of Locust's statistics, or not CSV.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// The line that counts is missing.
    #[error("it has no line named Aggregated")]
    NoAggregate,
    /// A percentile is neither a number nor `N/A`.
    #[error(
        "the column {column} of the line Aggregated is '{found}', and neither milliseconds nor N/A"
    )]
    NotMs {
        /// The column.
        column: &'static str,
        /// What it holds.
        found: String,
    },
}

/// The column that tells `*_stats.csv` from the other files that Locust writes.
pub const TELLTALE: &str = "Request Count";

/// Finds the line `Aggregated`.
///
/// # Errors
/// [`Malformed`] when there is none, or what is read is not Locust's statistics.
pub fn aggregated(from: impl Read) -> Result<Aggregated, Malformed> {
    for row in csv::Reader::from_reader(from).deserialize() {
        let row: Aggregated = row?;
        if row.name == "Aggregated" {
            return Ok(row);
        }
    }
    Err(Malformed::NoAggregate)
}

/// How many failures were refusals: those whose error mentions the status 429.
///
/// # Errors
/// [`Malformed`] when what is read is not Locust's list of failures.
pub fn refusals(from: impl Read) -> Result<u64, Malformed> {
    let mut refusals: u64 = 0;
    for row in csv::Reader::from_reader(from).deserialize() {
        let Failure { error, occurrences } = row?;
        if mentions_429(&error) {
            refusals = refusals.saturating_add(occurrences);
        }
    }
    Ok(refusals)
}

/// `run_failures.csv` for `run_stats.csv`; none for a file of another name.
#[must_use]
pub fn failures_beside(stats: &Path) -> Option<PathBuf> {
    let name = stats.file_name()?.to_str()?;
    let prefix = name.strip_suffix("_stats.csv")?;
    Some(stats.with_file_name(format!("{prefix}_failures.csv")))
}

/// Whether 429 stands there as a number of its own. The URL at the end of such a message may hold any number.
fn mentions_429(error: &str) -> bool {
    let message = error.split(" for url").next().unwrap_or_default();
    message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word == "429")
}

// === impl Aggregated ===

impl Aggregated {
    /// Median, p95 and p99 in milliseconds; none when Locust had nothing to take them from.
    ///
    /// # Errors
    /// [`Malformed::NotMs`] when one of them is neither a number nor `N/A`.
    pub fn percentiles(&self) -> Result<Option<[f64; 3]>, Malformed> {
        let p50 = ms("50%", &self.p50)?;
        let p95 = ms("95%", &self.p95)?;
        let p99 = ms("99%", &self.p99)?;
        Ok((|| Some([p50?, p95?, p99?]))())
    }
}

fn ms(column: &'static str, text: &str) -> Result<Option<f64>, Malformed> {
    if matches!(text.trim(), "" | "N/A") {
        return Ok(None);
    }
    match text.trim().parse::<f64>() {
        Ok(ms) if ms.is_finite() && ms >= 0.0 => Ok(Some(ms)),
        _ => Err(Malformed::NotMs {
            column,
            found: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_429_is_found_in_what_locust_says_and_not_in_a_url_or_a_longer_number() {
        for (error, is_refusal) in [
            (
                "HTTPError('429 Client Error: Too Many Requests for url: /api/v1/tasks')",
                true,
            ),
            ("CatchResponseError('got 429')", true),
            (
                "HTTPError('500 Server Error: Oops for url: /api/v1/tasks/429')",
                false,
            ),
            ("CatchResponseError('took 14290 ms')", false),
            (
                "RemoteDisconnected('Remote end closed connection without response')",
                false,
            ),
        ] {
            assert_eq!(mentions_429(error), is_refusal, "{error}");
        }
    }

    #[test]
    fn failures_lie_beside_statistics_under_the_same_prefix() {
        assert_eq!(
            failures_beside(Path::new("out/run_stats.csv")),
            Some(PathBuf::from("out/run_failures.csv"))
        );
        assert_eq!(failures_beside(Path::new("out/run.csv")), None);
    }
}
