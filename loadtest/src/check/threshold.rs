//! What is good enough: limits on one run, and on how much worse than another it may be.
//!
//! A verdict is monotone: a run that is no worse in any number passes wherever a worse one did. What cannot be known is
//! never good enough, so a run that served nothing passes no threshold on latency.

use std::fmt;
use std::str::FromStr;

use anstyle::AnsiColor;

use crate::check::evidence::Evidence;

/// The most that is accepted, or `none` where anything is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit(pub Option<f64>);

/// All that a run is held to.
#[derive(Debug, Clone, Copy, PartialEq, clap::Args)]
pub struct Thresholds {
    /// The most that 95 % of the requests may take, in milliseconds, or `none`
    #[arg(long, value_name = "MS", default_value = "200")]
    pub p95_ms: Limit,

    /// The most that 99 % of the requests may take, in milliseconds, or `none`
    #[arg(long, value_name = "MS", default_value = "500")]
    pub p99_ms: Limit,

    /// How many of all requests may fail, in percent, or `none`; a refusal (429) is no failure
    #[arg(long, value_name = "PERCENT", default_value = "1")]
    pub failures_percent: Limit,

    /// How many times the median p99 may be, or `none`. If not given, more than 10 is worth a look and no failure; less than 5 is
    /// healthy
    #[arg(long, value_name = "TIMES")]
    pub tail_ratio: Option<Limit>,

    /// How many of the users' requests may be refused (429), in percent, or `none`
    #[arg(long, value_name = "PERCENT", default_value = "none")]
    pub refused_users_percent: Limit,

    /// How many of the users' requests must be served at least, in percent, or `none`
    #[arg(long, value_name = "PERCENT", default_value = "none")]
    pub served_percent: Limit,

    /// How many percent of the users' requests more than in the baseline may be refused, or `none`
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "1",
        requires = "baseline"
    )]
    pub refused_users_more: Limit,

    /// How many times the p95 of the baseline p95 may be, or `none`
    #[arg(long, value_name = "TIMES", default_value = "2", requires = "baseline")]
    pub p95_times: Limit,

    /// How many times the p99 of the baseline p99 may be, or `none`
    #[arg(long, value_name = "TIMES", default_value = "3", requires = "baseline")]
    pub p99_times: Limit,
}

/// Why a threshold cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a threshold is a number of at least 0, or `none` to switch it off")]
pub struct NotALimit;

/// Whether a run is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is not.
    Fail,
    /// It is, and somebody should look at it.
    Warn,
    /// It is.
    Pass,
}

/// More than this many times the median is worth a look.
const WORTH_A_LOOK: f64 = 10.0;

/// One threshold, applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the run is good enough.
    pub grade: Grade,
    /// What was found and what is accepted.
    pub reason: String,
}

/// Holds a run to every threshold that is not switched off, and to the baseline if there is one.
///
/// That something was served at all is a threshold that cannot be switched off; it is told only where it is missed.
#[must_use]
pub fn verdicts(
    evidence: &Evidence,
    thresholds: &Thresholds,
    baseline: Option<&Evidence>,
) -> Vec<Verdict> {
    let latency = evidence.latency;
    let times = |of: f64, to: f64| of / to.max(evidence.resolution_ms);
    let p95 = latency.map(|l| l.p95_ms);
    let p99 = latency.map(|l| l.p99_ms);
    let tail = latency.map(|l| times(l.p99_ms, l.p50_ms));
    let failures = Some(evidence.failures_percent());
    let (refused, served) = (evidence.refused_percent(), evidence.served_percent());

    let mut verdicts: Vec<Verdict> = [
        judge("p95", p95, " ms", "", thresholds.p95_ms),
        judge("p99", p99, " ms", "", thresholds.p99_ms),
        judge("failures", failures, " %", "", thresholds.failures_percent),
        match thresholds.tail_ratio {
            Some(limit) => judge("tail (p99/p50)", tail, "", "", limit),
            None => tail.map(look_at_tail),
        },
        judge(
            "refused users",
            Some(refused),
            " %",
            "",
            thresholds.refused_users_percent,
        ),
        thresholds.served_percent.0.map(|least| Verdict {
            grade: graded(served >= least),
            reason: format!("served {} %, at least {} %", Number(served), Number(least)),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(baseline) = baseline {
        let more = refused - baseline.refused_percent();
        let of = format!(
            " more than the baseline's {} %",
            Number(baseline.refused_percent())
        );
        let most = thresholds.refused_users_more;
        verdicts.extend(judge("refused users", Some(more.max(0.0)), " %", &of, most));
    }
    if let Some(base) = baseline.and_then(|baseline| baseline.latency) {
        let p95 = p95.map(|ms| times(ms, base.p95_ms));
        let p99 = p99.map(|ms| times(ms, base.p99_ms));
        let of = |ms: f64| format!(" the baseline's {} ms", Number(ms));
        let (of_p95, of_p99) = (of(base.p95_ms), of(base.p99_ms));
        verdicts.extend(judge("p95", p95, " times", &of_p95, thresholds.p95_times));
        verdicts.extend(judge("p99", p99, " times", &of_p99, thresholds.p99_times));
    }
    if latency.is_none() {
        verdicts.push(Verdict {
            grade: Grade::Fail,
            reason: format!("served 0 of {} requests, at least 1", evidence.requests),
        });
    }
    verdicts
}

/// A verdict, unless the threshold is switched off. What is found is `of` something, or stands for itself.
fn judge(name: &str, found: Option<f64>, unit: &str, of: &str, limit: Limit) -> Option<Verdict> {
    let most = limit.0?;
    let (passed, found) = match found {
        Some(value) => (value <= most, format!("{}{unit}{of}", Number(value))),
        None => (false, "unknown, as nothing was served".to_owned()),
    };
    Some(Verdict {
        grade: graded(passed),
        reason: format!("{name} {found}, at most {}{unit}", Number(most)),
    })
}

/// What is said of a tail where nobody has said how long it may be.
fn look_at_tail(ratio: f64) -> Verdict {
    let (grade, what) = if ratio > WORTH_A_LOOK {
        (Grade::Warn, "above 10 is worth a look")
    } else {
        (Grade::Pass, "below 5 is healthy, above 10 worth a look")
    };
    Verdict {
        grade,
        reason: format!("tail (p99/p50) {}; {what}", Number(ratio)),
    }
}

const fn graded(passed: bool) -> Grade {
    if passed { Grade::Pass } else { Grade::Fail }
}

/// A number with as many decimals as it needs, three at most.
struct Number(f64);

// === impl Number ===

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 1_000.0).round() / 1_000.0)
    }
}

// === impl Limit ===

impl FromStr for Limit {
    type Err = NotALimit;

    fn from_str(argument: &str) -> Result<Self, NotALimit> {
        if argument.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        match argument.parse::<f64>() {
            Ok(most) if most.is_finite() && most >= 0.0 => Ok(Self(Some(most))),
            _ => Err(NotALimit),
        }
    }
}

// === impl Verdict ===

/// `PASS p95 45.2 ms, at most 200 ms`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (color, word) = match self.grade {
            Grade::Pass => (AnsiColor::Green, "PASS"),
            Grade::Warn => (AnsiColor::Yellow, "WARN"),
            Grade::Fail => (AnsiColor::Red, "FAIL"),
        };
        let style = color.on_default();
        write!(f, "{style}{word}{style:#} {}", self.reason)
    }
}

#[cfg(test)]
mod tests;
