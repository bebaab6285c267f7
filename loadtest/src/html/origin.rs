//! What the API behind had to do in each run, as bars.

use maud::{Markup, html};

use crate::figures;
use crate::html::run::Run;
use crate::scenario::report::OriginLoad;

/// Two figures: requests and time of a processor.
pub(super) fn figures(runs: &[Run<'_>]) -> Markup {
    if let [run] = runs {
        return html! { @if let Some(load) = run.report.origin { (alone(load)) } };
    }
    html! {
        (bars(runs, "Requests that it answered", |load| load.requests, figures::count))
        (bars(runs, "Processor time that it took", |load| load.cpu_ms, figures::cpu))
    }
}

/// One run has nothing to be compared with.
fn alone(load: OriginLoad) -> Markup {
    html! {
        p.wide {
            "It answered " (figures::count(load.requests)) " requests and took " (figures::cpu(load.cpu_ms))
            " of processor time."
        }
    }
}

fn bars(
    runs: &[Run<'_>],
    heading: &str,
    of: fn(OriginLoad) -> u64,
    words: fn(u64) -> String,
) -> Markup {
    let values = || {
        runs.iter()
            .filter_map(|run| Some((run, of(run.report.origin?))))
    };
    let most = values().map(|(_, value)| value).max().unwrap_or_default();
    html! {
        figure {
            figcaption { h3 { (heading) } }
            div.bars role="img" aria-label={
                (heading) ": "
                @for (run, value) in values() { (run.name) " " (words(value)) ". " }
            } {
                @for (run, value) in values() {
                    span.name { (run.name) }
                    span.track { span.bar.(run.tone.class()) style={ "width:" (share(value, most)) "%" } {} }
                    span.value { (words(value)) }
                }
            }
        }
    }
}

fn share(value: u64, most: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a tenth of a percent is all that is drawn"
    )]
    let share = value as f64 / most.max(1) as f64 * 100.0;
    format!("{share:.1}")
}
