//! The numbers behind the plots.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::compare::table::LINES;
use crate::figures;
use crate::html::run::Run;
use crate::statistics::{Percentiles, Statistics};

/// Latency of victims from the median to the slowest, a column for each run.
pub(super) fn percentiles(runs: &[Run<'_>]) -> Markup {
    let served = |run: &Run<'_>| run.report.victims.statistics.served.clone();
    html! {
        figure.wide {
            figcaption { h3 { "Percentiles of latency, requests served" } }
            div.scroll {
                table {
                    thead { tr { th {} @for run in runs { th scope="col" { (run.name) } } } }
                    tbody {
                        @for (name, of, _) in LINES {
                            tr {
                                th scope="row" { (name) }
                                @for run in runs { td { (cell(served(run).latency.as_ref(), of)) } }
                            }
                        }
                        tr {
                            th scope="row" { "p99 / p50" }
                            @for run in runs {
                                td {
                                    @match served(run).latency.and_then(|p| p.tail_ratio) {
                                        Some(ratio) => { (figures::times(ratio)) "×" }
                                        None => { "–" }
                                    }
                                }
                            }
                        }
                        tr {
                            th scope="row" { "requests served" }
                            @for run in runs { td { (figures::count(served(run).count.into())) } }
                        }
                    }
                }
            }
        }
    }
}

/// What victims met, route by route: a line for each run.
pub(super) fn routes(runs: &[Run<'_>]) -> Markup {
    let routes: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.report.victims.routes.keys())
        .collect();
    html! {
        figure.wide {
            figcaption { h3 { "Victims, by what they asked" } }
            div.scroll {
                table {
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
                }
            }
        }
    }
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

fn cell(latency: Option<&Percentiles>, of: fn(&Percentiles) -> f64) -> String {
    latency.map_or_else(|| "–".to_owned(), |p| figures::latency(of(p)))
}
