//! The numbers behind the plots.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::compare::report::Ratios;
use crate::compare::table::LINES;
use crate::figures;
use crate::html::run::Run;
use crate::statistics::{Group, Percentiles, Statistics};
use crate::transport::TransportError;

/// What two runs are to each other, under its heading.
pub(super) type Column = (&'static str, Option<Ratios>);

const PERCENTILES: &str = "Percentiles of latency, requests served";

/// A table as a figure of its own.
fn figure(heading: &str, rows: &Markup) -> Markup {
    html! {
        figure.wide {
            figcaption { h3 { (heading) } }
            (scrollable(heading, rows))
        }
    }
}

/// A table that may be wider than the page.
fn scrollable(label: &str, rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) { table { (rows) } }
    }
}

/// Latency of victims from the median to the slowest, a column for each run and for each ratio of two.
pub(super) fn percentiles(runs: &[Run<'_>], ratios: &[Column]) -> Markup {
    if let [run] = runs {
        return alone(&run.report.victims.statistics.served);
    }
    let served = |run: &Run<'_>| run.report.victims.statistics.served.clone();
    let rows = html! {
        thead {
            tr {
                th {}
                @for run in runs { th scope="col" { (run.name) } }
                @for (heading, _) in ratios { th scope="col" { (heading) } }
            }
        }
        tbody {
            @for (name, of, ratio) in LINES {
                tr {
                    th scope="row" { (name) }
                    @for run in runs { td { (cell(served(run).latency.as_ref(), of)) } }
                    @for (_, ratios) in ratios { td.ratio { (times(ratios.as_ref().map(ratio))) } }
                }
            }
            tr {
                th scope="row" { "p99 / p50" }
                @for run in runs { td { (times(served(run).latency.and_then(|p| p.tail_ratio))) } }
                @for _ in ratios { td {} }
            }
            tr {
                th scope="row" { "served" }
                @for run in runs { td { (figures::count(served(run).count.into())) } }
                @for _ in ratios { td {} }
            }
        }
    };
    figure(PERCENTILES, &rows)
}

/// The same of one run, which needs only a line.
fn alone(served: &Group) -> Markup {
    let latency = served.latency.as_ref();
    let rows = html! {
        thead {
            tr {
                th scope="col" { "served" }
                @for (name, _, _) in LINES { th scope="col" { (name) } }
                th scope="col" { "p99 / p50" }
            }
        }
        tbody {
            tr {
                th scope="row" { (figures::count(served.count.into())) }
                @for (_, of, _) in LINES { td { (cell(latency, of)) } }
                td { (times(latency.and_then(|p| p.tail_ratio))) }
            }
        }
    };
    figure(PERCENTILES, &rows)
}

/// How many requests had each status, and how many ended without one: a column for each run.
pub(super) fn endings(runs: &[(&str, &Statistics)]) -> Markup {
    let all = || runs.iter().map(|(_, statistics)| statistics);
    let statuses: BTreeSet<u16> = all()
        .flat_map(|all| all.status_counts.keys().copied())
        .collect();
    let errors: BTreeSet<TransportError> = all()
        .flat_map(|all| all.transport_errors.keys().copied())
        .collect();
    let number = |count: Option<&u32>| figures::count(count.copied().unwrap_or_default().into());
    let rows = html! {
        thead { tr { th scope="col" { "answer" } @for (name, _) in runs { th scope="col" { (name) } } } }
        tbody {
            @for status in statuses {
                tr {
                    th scope="row" { (status) }
                    @for (_, all) in runs { td { (number(all.status_counts.get(&status))) } }
                }
            }
            @for error in errors {
                tr {
                    th scope="row" { (error) }
                    @for (_, all) in runs { td { (number(all.transport_errors.get(&error))) } }
                }
            }
        }
    };
    scrollable("Answers", &rows)
}

/// What victims met, route by route: a line for each run.
pub(super) fn routes(runs: &[Run<'_>]) -> Markup {
    let routes: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.report.victims.routes.keys())
        .collect();
    let rows = html! {
        thead {
            tr {
                th scope="col" { "route" }
                @if runs.len() > 1 { th.run scope="col" { "run" } }
                @for heading in ["served", "refused", "failed", "p50", "p95", "p99", "max"] {
                    th scope="col" { (heading) }
                }
            }
        }
        @for route in routes {
            tbody {
                @for (row, run) in runs.iter().enumerate() {
                    tr {
                        @if row == 0 { th scope="rowgroup" rowspan=(runs.len()) { (route) } }
                        @if runs.len() > 1 { td.run { span.key.(run.tone.class()) {} (run.name) } }
                        (cells(run.report.victims.routes.get(route)))
                    }
                }
            }
        }
    };
    figure("Victims, by what they asked", &rows)
}

fn cells(statistics: Option<&Statistics>) -> Markup {
    let Some(Statistics {
        served,
        refused,
        failed,
        ..
    }) = statistics
    else {
        return html! { @for _ in 0..7 { td { "–" } } };
    };
    let latency = served.latency.as_ref();
    let shown: [fn(&Percentiles) -> f64; 4] =
        [|p| p.p50_ms, |p| p.p95_ms, |p| p.p99_ms, |p| p.max_ms];
    html! {
        @for group in [served, refused] { td { (figures::count(group.count.into())) } }
        td.alarm[failed.count > 0] { (figures::count(failed.count.into())) }
        @for of in shown { td { (cell(latency, of)) } }
    }
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(
        || "–".to_owned(),
        |ratio| format!("{}×", figures::times(ratio)),
    )
}

fn cell(latency: Option<&Percentiles>, of: fn(&Percentiles) -> f64) -> String {
    latency.map_or_else(|| "–".to_owned(), |p| figures::latency(of(p)))
}
