//! The page around everything: head, style, verdict, and how the load was made.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::html::verdict::Verdict;
use crate::scenario::report::ScenarioReport;

/// The whole page, as HTML. `of` says how the load was made.
pub(super) fn page(title: &str, verdict: &Verdict, body: &Markup, of: &ScenarioReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    p.title { (title) }
                    h1 { (verdict.sentence) }
                    div.tiles {
                        @for tile in &verdict.tiles {
                            div.tile {
                                p.heading { (tile.heading) }
                                p.number { (tile.number) }
                                p.note { (tile.note) }
                            }
                        }
                    }
                }
                main { (body) }
                footer { (load(of)) }
            }
        }
    };
    page.into_string()
}

/// A part of the page with a heading.
pub(super) fn section(heading: &str, content: &Markup) -> Markup {
    html! {
        section {
            h2 { (heading) }
            div.figures { (content) }
        }
    }
}

fn load(of: &ScenarioReport) -> Markup {
    html! {
        p {
            (of.users) " users arrived in " (of.ramp_s) " s, " (of.attackers) " attackers; load for " (of.duration_s)
            " s at " code { (of.url) } ", drawn from seed " (of.seed) "."
        }
        p {
            "Latency is counted from when a request was due to the last byte of its answer, so that a wait for a slow answer "
            "before it counts too. Percentiles are of the requests served. A refusal (429) is protection at work, and no "
            "failure; a failure is a 5xx, another 4xx, or no complete answer."
        }
    }
}
