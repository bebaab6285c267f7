//! What a file says about a run, whichever tool wrote it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::locust::read::{self as locust, Malformed};
use crate::scenario::report::ScenarioReport;
use crate::statistics::{SHORTEST_MS, Statistics};

/// Locust writes whole milliseconds.
const LOCUST_MS: f64 = 1.0;

/// A run as the thresholds see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What was read, for people.
    pub source: String,
    /// Requests in all, refused ones included.
    pub requests: u64,
    /// Requests that failed; a refusal (429) is not one of them.
    pub failed: u64,
    /// Requests that were refused (429).
    pub refused: u64,
    /// The shortest time that the tool can tell, in milliseconds: what it calls 0 is at most this.
    pub resolution_ms: f64,
    /// Latency; none when nothing was served.
    pub latency: Option<Latency>,
    /// What a reader should know about how this was counted.
    pub notes: Vec<String>,
}

/// Latency of the requests served, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50_ms: f64,
    /// 95 %.
    pub p95_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
}

/// Why a file cannot be judged.
#[derive(Debug, thiserror::Error)]
#[error("cannot check {}: {problem}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be opened, or is not text.
    #[error("{0}; name a file that exists and that you may read")]
    Io(#[from] io::Error),
    /// It begins like neither JSON nor Locust's CSV.
    #[error(
        "expected the JSON of loadtest or the *_stats.csv of Locust, found a file that begins with '{begins}'"
    )]
    UnknownFormat {
        /// The beginning of its first line.
        begins: String,
    },
    /// It is not JSON all the way.
    #[error("expected JSON, as it begins with a brace: {0}; was it written to the end?")]
    Json(serde_json::Error),
    /// JSON of something else.
    #[error(
        "expected the results of loadtest: the field 'victims' (scenario), 'protected' (compare) or 'served' (hammer); \
         found {found}"
    )]
    UnknownDocument {
        /// The fields it has.
        found: String,
    },
    /// It has the fields of one of our documents, but not what they should hold.
    #[error("expected the results of `loadtest {command}`: {source}")]
    Document {
        /// The command that writes such a document.
        command: &'static str,
        /// What is missing or wrong.
        source: serde_json::Error,
    },
    /// Not what Locust writes.
    #[error("expected the *_stats.csv of Locust: {0}")]
    Locust(#[from] Malformed),
    /// Percentiles without requests, or requests without all of the percentiles.
    #[error(
        "it counts {served} requests served, and its percentiles of them are not all there or out of place; was it edited?"
    )]
    NoLatency {
        /// Requests served.
        served: u64,
    },
    /// More failures than requests.
    #[error("it counts {failed} failures among {requests} requests; was it edited?")]
    Impossible {
        /// Failures.
        failed: u64,
        /// Requests.
        requests: u64,
    },
    /// There is nothing to compare with.
    #[error("no request was served in it; a baseline must be a run that worked")]
    EmptyBaseline,
}

// === impl Evidence ===

impl Evidence {
    /// Reads any of the files that are understood.
    ///
    /// # Errors
    /// [`Unreadable`], with what was expected and what was found.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        Self::of_file(path).map_err(|problem| Unreadable {
            path: path.to_owned(),
            problem,
        })
    }

    /// Reads a run that others are compared with.
    ///
    /// # Errors
    /// [`Unreadable`] as above, and when nothing was served in it.
    pub fn read_baseline(path: &Path) -> Result<Self, Unreadable> {
        let evidence = Self::read(path)?;
        if evidence.latency.is_none() {
            return Err(Unreadable {
                path: path.to_owned(),
                problem: Problem::EmptyBaseline,
            });
        }
        Ok(evidence)
    }

    fn of_file(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path)?;
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let first_line = text.lines().next().unwrap_or_default();
        let evidence = if text.starts_with('{') {
            Self::of_json(text)?
        } else if first_line.contains(locust::TELLTALE) {
            Self::of_locust(text, path)?
        } else {
            return Err(Problem::UnknownFormat {
                begins: first_line.chars().take(60).collect(),
            });
        };
        if evidence.failed > evidence.requests {
            return Err(Problem::Impossible {
                failed: evidence.failed,
                requests: evidence.requests,
            });
        }
        Ok(evidence)
    }

    /// Which document it is shows in a field that only that one has.
    fn of_json(text: &str) -> Result<Self, Problem> {
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(Problem::Json)?;
        if let Some(protected) = fields.remove("protected") {
            return Self::of_scenario("compare", protected);
        }
        if fields.contains_key("victims") {
            return Self::of_scenario("scenario", Value::Object(fields));
        }
        if fields.contains_key("served") {
            let document = "hammer";
            let statistics: Statistics = parse(document, Value::Object(fields))?;
            return Self::of_statistics("a run of hammer", &statistics);
        }
        Err(Problem::UnknownDocument {
            found: match fields.keys().map(String::as_str).collect::<Vec<_>>() {
                names if names.is_empty() => "no field at all".to_owned(),
                names => names.join(", "),
            },
        })
    }

    fn of_scenario(command: &'static str, document: Value) -> Result<Self, Problem> {
        let report: ScenarioReport = parse(command, document)?;
        let source = match command {
            "compare" => "the victims of the protected run of a comparison",
            _ => "the victims of a scenario",
        };
        Self::of_statistics(source, &report.victims.statistics)
    }

    fn of_statistics(source: &str, statistics: &Statistics) -> Result<Self, Problem> {
        let [served, refused, failed] =
            [&statistics.served, &statistics.refused, &statistics.failed]
                .map(|group| u64::from(group.count));
        let latency = statistics.served.latency.as_ref();
        // Percentiles that are there in part are read as absent, and absent ones would mean that nothing was served.
        if latency.is_some() != (served > 0) {
            return Err(Problem::NoLatency { served });
        }
        Ok(Self {
            source: source.to_owned(),
            requests: served + refused + failed,
            failed,
            refused,
            resolution_ms: SHORTEST_MS,
            latency: latency.map(|p| Latency {
                p50_ms: p.p50_ms,
                p95_ms: p.p95_ms,
                p99_ms: p.p99_ms,
            }),
            notes: match refused {
                0 => Vec::new(),
                _ => vec![format!("{refused} were refused (429), which is no failure")],
            },
        })
    }

    fn of_locust(text: &str, path: &Path) -> Result<Self, Problem> {
        let all = locust::aggregated(text.as_bytes())?;
        let mut notes = Vec::new();
        let mut refused = 0;
        if let Some(beside) = locust::failures_beside(path).filter(|_| all.failures > 0) {
            let name = beside.file_name().unwrap_or_default().to_string_lossy();
            match std::fs::File::open(&beside) {
                Ok(file) => {
                    refused = locust::refusals(file)?.min(all.failures);
                    notes.push(format!(
                        "{refused} of {} failures were refusals (429) by {name}, and are not counted as failures",
                        all.failures
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => notes.push(format!(
                    "there is no {name} beside it, so refusals (429) among the failures could not be told apart"
                )),
                Err(error) => return Err(error.into()),
            }
        }
        let latency = all.percentiles()?.filter(|_| all.requests > all.failures);
        Ok(Self {
            source: "the line Aggregated of a Locust run".to_owned(),
            requests: all.requests,
            failed: all.failures - refused,
            refused,
            resolution_ms: LOCUST_MS,
            latency: latency.map(|[p50_ms, p95_ms, p99_ms]| Latency {
                p50_ms,
                p95_ms,
                p99_ms,
            }),
            notes,
        })
    }

    /// Requests that failed, in percent of all; 0 when there were none.
    #[must_use]
    pub fn failures_percent(&self) -> f64 {
        self.percent(self.failed)
    }

    /// Requests that were refused, in percent of all; 0 when there were none.
    #[must_use]
    pub fn refused_percent(&self) -> f64 {
        self.percent(self.refused)
    }

    /// Requests that were served, in percent of all; 0 when there were none.
    #[must_use]
    pub fn served_percent(&self) -> f64 {
        self.percent(
            self.requests
                .saturating_sub(self.failed)
                .saturating_sub(self.refused),
        )
    }

    fn percent(&self, part: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
        let [part, requests] = [part as f64, self.requests.max(1) as f64];
        part / requests * 100.0
    }
}

fn parse<T: serde::de::DeserializeOwned>(
    command: &'static str,
    document: Value,
) -> Result<T, Problem> {
    serde_json::from_value(document).map_err(|source| Problem::Document { command, source })
}

/// `the victims of a scenario: 1200 requests, 3 failed` and the notes.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            requests,
            failed,
            notes,
            ..
        } = self;
        write!(f, "NOTE {source}: {requests} requests, {failed} failed")?;
        for note in notes {
            write!(f, "\nNOTE {note}")?;
        }
        Ok(())
    }
}
