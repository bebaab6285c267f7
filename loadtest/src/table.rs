//! The results as a person reads them: what was asked, what came of it, and one row of percentiles for each class.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::report::Report;
use crate::statistics::{Group, Percentiles, Statistics};

/// Draws a [`Report`]. The only colour marks failures; whoever prints it strips that where it does not belong.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a Report);

/// The percentiles that every table shows, in this order.
pub(crate) const HEADINGS: [&str; 7] = ["p50", "p90", "p95", "p99", "p99.9", "max", "p99/p50"];

/// Marks what failed, if anything did.
pub(crate) fn alarm(statistics: &Statistics) -> Style {
    if statistics.failed.count > 0 {
        AnsiColor::Red.on_default()
    } else {
        Style::new()
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        if let Some(label) = &report.label {
            writeln!(f, "{label}")?;
        }
        writeln!(f, "{} {}", report.method, report.url)?;
        writeln!(
            f,
            "{} requests, {} at once, in {}: {:.1} requests/s, {:.1} served/s, {} connections",
            report.requests,
            report.concurrency,
            duration(report.wall_ms),
            report.requests_per_s,
            report.served_per_s,
            report.connections,
        )?;
        writeln!(f, "{}\n", endings(&report.statistics))?;

        write!(f, "{:<11}{:>8}", "latency, ms", "count")?;
        for heading in HEADINGS {
            write!(f, "{heading:>11}")?;
        }
        writeln!(f)?;
        let statistics = &report.statistics;
        row(f, Style::new(), "served", &statistics.served)?;
        row(f, Style::new(), "refused", &statistics.refused)?;
        row(f, alarm(statistics), "failed", &statistics.failed)
    }
}

fn duration(wall_ms: f64) -> String {
    if wall_ms < 1_000.0 {
        format!("{wall_ms:.1} ms")
    } else {
        format!("{:.2} s", wall_ms / 1_000.0)
    }
}

/// How the requests ended: `answers: 200 x 10, 429 x 187, timeout x 3`.
pub(crate) fn endings(statistics: &Statistics) -> String {
    let answers = statistics
        .status_counts
        .iter()
        .map(|(status, count)| format!("{status} x {count}"));
    let errors = statistics
        .transport_errors
        .iter()
        .map(|(error, count)| format!("{error} x {count}"));
    format!(
        "answers: {}",
        answers.chain(errors).collect::<Vec<_>>().join(", ")
    )
}

fn row(f: &mut fmt::Formatter<'_>, style: Style, name: &str, group: &Group) -> fmt::Result {
    write!(f, "{style}{name:<11}{:>8}", group.count)?;
    for cell in cells(group.latency.as_ref(), |ms| format!("{ms:.3}")) {
        write!(f, "{cell:>11}")?;
    }
    writeln!(f, "{style:#}")
}

/// A cell for each of [`HEADINGS`], in the form that `ms` gives a latency; dashes where there is none.
pub(crate) fn cells(
    latency: Option<&Percentiles>,
    ms: impl Fn(f64) -> String,
) -> [String; HEADINGS.len()] {
    let Some(p) = latency else {
        return std::array::from_fn(|_| "-".to_owned());
    };
    let tail = p
        .tail_ratio
        .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    [
        ms(p.p50_ms),
        ms(p.p90_ms),
        ms(p.p95_ms),
        ms(p.p99_ms),
        ms(p.p99_9_ms),
        ms(p.max_ms),
        tail,
    ]
}
