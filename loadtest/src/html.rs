//! Results as one page: a verdict, plots, tables. It is a single file with nothing outside it, so it can be kept, sent
//! and printed; it follows the reader's light or dark setting and fits a phone.
//!
//! Colour never stands alone: every mark has a title that says what it is, every plot a label and a legend. A refusal is
//! drawn calm and a failure loud, as the one is protection at work and the other is not.

use maud::{Markup, html};

use crate::compare::report::Comparison;
use crate::html::answers::Side;
use crate::html::run::{Run, Tone};
use crate::html::tables::Column;
use crate::scenario::report::ScenarioReport;

mod answers;
mod axis;
mod distribution;
mod origin;
mod page;
mod plot;
mod run;
mod tables;
mod timeline;
mod verdict;

/// The page of a scenario.
#[must_use]
pub fn scenario(report: &ScenarioReport) -> String {
    let runs = [Run {
        name: "this run",
        tone: Tone::Protected,
        report,
    }];
    let verdict = verdict::of_scenario(report);
    page::page(&report.label, &verdict, &body(&runs, &[]), report)
}

/// The page of a comparison.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    let runs = [
        Run {
            name: "unprotected",
            tone: Tone::Unprotected,
            report: &comparison.unprotected,
        },
        Run {
            name: "protected",
            tone: Tone::Protected,
            report: &comparison.protected,
        },
        Run {
            name: "calm",
            tone: Tone::Calm,
            report: &comparison.calm,
        },
    ];
    let verdict = verdict::of_comparison(comparison);
    let title = "Under attack, without Bouncer and with it";
    let ratios = [
        ("unprotected / protected", comparison.better),
        ("protected / calm", comparison.of_calm),
    ];
    page::page(
        title,
        &verdict,
        &body(&runs, &ratios),
        &comparison.protected,
    )
}

/// What both pages show, of one run or of three.
fn body(runs: &[Run<'_>], ratios: &[Column]) -> Markup {
    html! {
        (page::section("What the victims waited", &html! {
            (distribution::figure(runs))
            (timeline::figure(runs))
            (tables::percentiles(runs, ratios))
        }))
        (page::section("What the victims were answered", &answers::figures(runs, Side::Victims)))
        (page::section("What the attackers were answered", &answers::figures(runs, Side::Attackers)))
        @if runs.iter().any(|run| run.report.origin.is_some()) {
            (page::section("What the origin had to do", &origin::figures(runs)))
        }
        (page::section("By route", &tables::routes(runs)))
    }
}
