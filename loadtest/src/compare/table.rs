//! A comparison as a person reads it in a terminal: the three runs side by side.

use std::collections::BTreeSet;
use std::fmt;

use crate::compare::report::{Comparison, Ratios};
use crate::figures;
use crate::scenario::report::{OriginLoad, Party, ScenarioReport};
use crate::statistics::{Percentiles, Statistics};

/// Draws a [`Comparison`].
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a Comparison);

/// A latency percentile: its name, and where it is in a run and in a ratio of two.
pub(crate) type Line = (&'static str, fn(&Percentiles) -> f64, fn(&Ratios) -> f64);

/// From the median to the slowest.
pub(crate) const LINES: [Line; 6] = [
    ("p50", |p| p.p50_ms, |r| r.p50),
    ("p90", |p| p.p90_ms, |r| r.p90),
    ("p95", |p| p.p95_ms, |r| r.p95),
    ("p99", |p| p.p99_ms, |r| r.p99),
    ("p99.9", |p| p.p99_9_ms, |r| r.p99_9),
    ("max", |p| p.max_ms, |r| r.max),
];

const NAME: usize = 22;
const COLUMN: usize = 13;

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(comparison) = self;
        let Comparison {
            unprotected,
            protected,
            calm,
            better,
            of_calm,
        } = comparison;
        let runs = [unprotected, protected, calm];
        writeln!(
            f,
            "{} users, {} attackers, {} s, seed {}",
            protected.users, protected.attackers, protected.duration_s, protected.seed
        )?;

        let headings = ["unprotected", "protected", "ratio", "calm", "to calm"];
        line(f, "\nvictims, served, ms", headings.map(str::to_owned))?;
        let served = runs.map(|run| run.victims.statistics.served.latency.as_ref());
        for (name, of, ratio) in LINES {
            let [before, after, without] =
                served.map(|p| p.map_or_else(dash, |p| figures::ms(of(p))));
            let [ratio_before, ratio_calm] =
                [better, of_calm].map(|ratios| ratios.map_or_else(dash, |r| times(ratio(&r))));
            line(f, name, [before, after, ratio_before, without, ratio_calm])?;
        }

        let headings = ["unprotected", "protected", "calm"];
        for (name, side) in [
            (
                "\nvictims were",
                (|run| &run.victims) as fn(&ScenarioReport) -> &Party,
            ),
            ("\nattackers were", |run| &run.attack),
        ] {
            line(f, name, headings.map(str::to_owned))?;
            answers(f, runs.map(side))?;
        }

        line(f, "\nthe origin had", headings.map(str::to_owned))?;
        let load = |of: fn(OriginLoad) -> u64| {
            runs.map(|run| run.origin.map_or_else(dash, |load| of(load).to_string()))
        };
        line(f, "requests", load(|load| load.requests))?;
        line(f, "CPU, ms", load(|load| load.cpu_ms))
    }
}

/// How the requests of one side ended in each run, in sum and by status.
fn answers(f: &mut fmt::Formatter<'_>, runs: [&Party; 3]) -> fmt::Result {
    let all = runs.map(|party| &party.statistics);
    line(f, "served", all.map(|s| s.served.count.to_string()))?;
    line(f, "refused (429)", all.map(|s| s.refused.count.to_string()))?;
    line(f, "failed", all.map(|s| s.failed.count.to_string()))?;
    let answered: BTreeSet<u16> = all
        .iter()
        .flat_map(|s| s.status_counts.keys().copied())
        .collect();
    for status in answered {
        let counts = all.map(|s| s.status_counts.get(&status).copied().unwrap_or_default());
        line(
            f,
            &format!("  {status}"),
            counts.map(|count| count.to_string()),
        )?;
    }
    let broken = all.map(Statistics::unanswered);
    if broken != [0; 3] {
        line(f, "  no answer", broken.map(|count| count.to_string()))?;
    }
    Ok(())
}

fn line<const N: usize>(f: &mut fmt::Formatter<'_>, name: &str, cells: [String; N]) -> fmt::Result {
    let width = NAME + name.len() - name.trim_start_matches('\n').len();
    write!(f, "{name:<width$}")?;
    for cell in cells {
        write!(f, "{cell:>COLUMN$}")?;
    }
    writeln!(f)
}

fn times(ratio: f64) -> String {
    format!("{} x", figures::times(ratio))
}

fn dash() -> String {
    "-".to_owned()
}
