//! What it comes down to: one sentence and the numbers behind it.

use maud::{Markup, html};

use crate::compare::report::{Comparison, Ratios};
use crate::figures;
use crate::scenario::report::ScenarioReport;
use crate::statistics::{Percentiles, Statistics};

/// The top of a page.
pub(super) struct Verdict {
    pub(super) sentence: String,
    pub(super) tiles: Vec<Tile>,
}

/// A number that stands out.
pub(super) struct Tile {
    pub(super) heading: String,
    pub(super) number: Markup,
    pub(super) note: String,
}

/// A tile: its heading, where the percentile is, and where its ratios are.
type Shown = (&'static str, fn(&Percentiles) -> f64, fn(&Ratios) -> f64);

const SHOWN: [Shown; 2] = [
    ("Victims' p95", |p| p.p95_ms, |r| r.p95),
    ("Victims' p99", |p| p.p99_ms, |r| r.p99),
];

/// Of one run.
pub(super) fn of_scenario(report: &ScenarioReport) -> Verdict {
    let statistics = &report.victims.statistics;
    let sentence = match &statistics.served.latency {
        Some(p) => format!(
            "95\u{a0}% of the victims' requests took no more than {}, 99\u{a0}% no more than {}; {} failed.",
            figures::latency(p.p95_ms),
            figures::latency(p.p99_ms),
            figures::percent(statistics.failed.count, statistics.requests()),
        ),
        None => "No victim was served.".to_owned(),
    };
    let latency = statistics.served.latency.as_ref();
    let mut tiles: Vec<Tile> = SHOWN
        .into_iter()
        .map(|(heading, of, _)| Tile {
            heading: heading.to_owned(),
            number: html! { (known(latency, of)) },
            note: "of the requests served".to_owned(),
        })
        .collect();
    tiles.push(Tile {
        heading: "Victims served".to_owned(),
        number: html! { (figures::percent(statistics.served.count, statistics.requests())) },
        note: format!(
            "{} refused, {} failed",
            figures::count(statistics.refused.count.into()),
            figures::count(statistics.failed.count.into())
        ),
    });
    tiles.extend(attackers(report));
    Verdict { sentence, tiles }
}

/// Of two runs and a third.
pub(super) fn of_comparison(comparison: &Comparison) -> Verdict {
    let [before, after, calm] = [
        &comparison.unprotected,
        &comparison.protected,
        &comparison.calm,
    ]
    .map(|run| run.victims.statistics.served.latency.as_ref());
    let mut tiles: Vec<Tile> = SHOWN
        .into_iter()
        .map(|(heading, of, ratio)| Tile {
            heading: heading.to_owned(),
            number: from_to(&known(before, of), &known(after, of)),
            note: comparison.better.map_or_else(
                || "nothing to compare".to_owned(),
                |better| changed(ratio(&better)),
            ),
        })
        .collect();
    tiles.push(Tile {
        heading: "Against the calm".to_owned(),
        number: html! {
            @if let Some(of_calm) = comparison.of_calm { (figures::times(of_calm.p95)) "×" } @else { "–" }
        },
        note: format!(
            "p95 {}, in the calm {}",
            known(after, |p| p.p95_ms),
            known(calm, |p| p.p95_ms)
        ),
    });
    tiles.push(victims(comparison));
    tiles.extend(attackers(&comparison.protected));
    tiles.extend(origin(comparison));
    Verdict {
        sentence: sentence(comparison, before, after),
        tiles,
    }
}

fn sentence(
    comparison: &Comparison,
    before: Option<&Percentiles>,
    after: Option<&Percentiles>,
) -> String {
    let Some(after) = after else {
        return "No victim was served, even with Bouncer.".to_owned();
    };
    let after = figures::latency(after.p95_ms);
    let calm = comparison.of_calm.map_or_else(String::new, |of_calm| {
        format!(
            ", and {} times what they take when nobody attacks",
            figures::times(of_calm.p95)
        )
    });
    match (before, comparison.better) {
        (Some(before), Some(better)) => format!(
            "Under attack, 95\u{a0}% of the victims' requests took up to {} without Bouncer and up to {after} with it: {}{calm}.",
            figures::latency(before.p95_ms),
            changed(better.p95),
        ),
        _ => format!(
            "Under attack no victim was served without Bouncer; with it, 95\u{a0}% of the requests took up to {after}{calm}."
        ),
    }
}

/// `284 times shorter`, and honest where it is longer.
fn changed(ratio: f64) -> String {
    if ratio >= 1.0 {
        format!("{} times shorter", figures::times(ratio))
    } else {
        format!("{} times longer", figures::times(1.0 / ratio.max(1e-6)))
    }
}

/// How many victims were served, in both runs; what is refused or fails is no latency at all.
fn victims(comparison: &Comparison) -> Tile {
    let [before, after] = [&comparison.unprotected, &comparison.protected].map(|run| {
        let statistics = &run.victims.statistics;
        figures::percent(statistics.served.count, statistics.requests())
    });
    let Statistics {
        refused, failed, ..
    } = &comparison.protected.victims.statistics;
    Tile {
        heading: "Victims served".to_owned(),
        number: from_to(&before, &after),
        note: format!(
            "with Bouncer {} refused, {} failed",
            figures::count(refused.count.into()),
            figures::count(failed.count.into())
        ),
    }
}

/// What reached the API behind, where it tells.
fn origin(comparison: &Comparison) -> Option<Tile> {
    let (before, after) = (comparison.unprotected.origin?, comparison.protected.origin?);
    Some(Tile {
        heading: "Requests to the origin".to_owned(),
        number: from_to(
            &figures::count(before.requests),
            &figures::count(after.requests),
        ),
        note: format!(
            "processor time {} → {}",
            figures::cpu(before.cpu_ms),
            figures::cpu(after.cpu_ms)
        ),
    })
}

/// Both runs in one tile.
fn from_to(before: &str, after: &str) -> Markup {
    html! { span.unprotected { (before) } span.arrow { " → " } span.protected { (after) } }
}

/// What became of the attack, where there was one.
fn attackers(report: &ScenarioReport) -> Option<Tile> {
    let statistics = &report.attack.statistics;
    let all = statistics.requests();
    (all > 0).then(|| Tile {
        heading: "Attackers refused".to_owned(),
        number: html! { (figures::percent(statistics.refused.count, all)) },
        note: format!("of {} requests", figures::count(all.into())),
    })
}

fn known(latency: Option<&Percentiles>, of: fn(&Percentiles) -> f64) -> String {
    latency.map_or_else(|| "–".to_owned(), |p| figures::latency(of(p)))
}
