//! What one side was answered: in sum, and second by second.

use maud::{Markup, html};

use crate::figures;
use crate::html::answers::kind::{Kind, Tally};
use crate::html::axis::Axis;
use crate::html::plot::{ACROSS, Plot, UPWARDS, figure as framed, px, short};
use crate::html::run::{Run, Tone};
use crate::html::tables;
use crate::scenario::report::{Party, Second};
use crate::statistics::Statistics;

mod kind;

/// Whose requests.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Victims,
    Attackers,
}

/// A few seconds together, as many as make a bar that can be seen.
struct Span {
    from_s: u32,
    length_s: u32,
    tally: Tally,
}

/// How much higher a plot is than what is in it, at least.
const HEADROOM: f64 = 1.04;

/// How many bars a plot has at most.
const BARS: u32 = 90;

/// All figures of one side. A run in which that side asked nothing is left out.
pub(super) fn figures(runs: &[Run<'_>], side: Side) -> Markup {
    let asked: Vec<(&Run<'_>, Tally)> = runs
        .iter()
        .map(|run| (run, Tally::of(&side.of(run).statistics)))
        .filter(|(_, tally)| tally.sum() > 0)
        .collect();
    if asked.is_empty() {
        return html! { p.empty { "There were no " (side.name()) "." } };
    }
    let all: Vec<(&str, &Statistics)> = asked
        .iter()
        .map(|(run, _)| (run.name, &side.of(run).statistics))
        .collect();
    // In the calm there is nothing to see over time.
    let spans: Vec<(&Run<'_>, Vec<Span>)> = asked
        .iter()
        .filter(|(run, _)| !matches!(run.tone, Tone::Calm))
        .map(|(run, _)| (*run, spans(&side.of(run).seconds)))
        .collect();
    // One scale for all runs, or the eye compares what cannot be compared.
    let highest = spans.iter().flat_map(|(_, spans)| spans).map(Span::per_s);
    let highest = highest.fold(0.0, f64::max) * HEADROOM;
    let present: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| asked.iter().any(|(_, tally)| tally.get(*kind) > 0))
        .collect();
    html! {
        figure.wide[runs.len() > 1] {
            figcaption { h3 { "In sum" } (legend(&present)) }
            @for (run, tally) in &asked { (bar(run, *tally)) }
            (tables::endings(&all))
        }
        @for (run, spans) in &spans {
            (over_time(run, spans, side, highest))
        }
    }
}

fn legend(kinds: &[Kind]) -> Markup {
    html! {
        ul.legend { @for kind in kinds { li { span.key.(kind.class()) {} (kind.name()) } } }
    }
}

/// All requests of a run as one bar, split by answer.
fn bar(run: &Run<'_>, tally: Tally) -> Markup {
    let all = tally.sum();
    let parts = || Kind::ALL.into_iter().filter(|kind| tally.get(*kind) > 0);
    let told: Vec<String> = parts()
        .map(|kind| format!("{} {}", figures::percent(tally.get(kind), all), kind.name()))
        .collect();
    let label = format!("{}: {}", run.name, told.join(", "));
    html! {
        div.share {
            p { strong { (run.name) } " " (figures::count(all.into())) " requests: " (told.join(", ")) }
            div.stripe role="img" aria-label=(label) {
                @for kind in parts() {
                    span.(kind.class()) style={ "flex-grow:" (tally.get(kind)) }
                        title={ (kind.name()) ": " (tally.get(kind)) " of " (all) } {}
                }
            }
        }
    }
}

fn over_time(run: &Run<'_>, spans: &[Span], side: Side, highest: f64) -> Markup {
    let label = format!(
        "What {} were answered over time, {}: requests per second by answer",
        side.name(),
        run.name
    );
    let plot = Plot {
        label: &label,
        x: Axis::up_to(f64::from(run.report.duration_s), ACROSS),
        y: Axis::upwards(highest, UPWARDS),
        x_title: "time since the load began, s",
        y_title: "requests per second",
        x_label: short,
        y_label: short,
    };
    let marks = html! { @for span in spans { (stack(&plot, span)) } };
    let heading = format!("Over time, {}", run.name);
    framed(&heading, &html! {}, &plot.around(&marks))
}

/// One bar of the plot, with a title that tells all of it.
fn stack(plot: &Plot<'_>, span: &Span) -> Markup {
    let [left, right] = [span.from_s, span.from_s + span.length_s].map(|s| plot.x.at(f64::from(s)));
    let width = (right - left - 0.8).max(0.6);
    let mut below = 0;
    let mut parts = Vec::new();
    for kind in Kind::ALL {
        let count = span.tally.get(kind);
        let [from, to] = [below, below + count].map(|sum| plot.y.at(span.rate(sum)));
        if count > 0 {
            parts.push((kind, from, to));
        }
        below += count;
    }
    html! {
        g {
            title {
                "second " (span.from_s)
                @if span.length_s > 1 { " to " (span.from_s + span.length_s - 1) }
                @for kind in Kind::ALL.into_iter().filter(|kind| span.tally.get(*kind) > 0) {
                    ", " (kind.name()) ": " (span.tally.get(kind))
                }
            }
            @for (kind, from, to) in parts {
                rect.(kind.class()) x=(px(left)) width=(px(width)) y=(px(to)) height=(px(from - to)) {}
            }
        }
    }
}

fn spans(seconds: &[Second]) -> Vec<Span> {
    let count = u32::try_from(seconds.len()).unwrap_or(u32::MAX);
    let length_s = count.div_ceil(BARS).max(1);
    let mut spans: Vec<Span> = Vec::new();
    for second in seconds {
        let from_s = second.at_s / length_s * length_s;
        let tally = Tally::of_second(second);
        match spans.last_mut() {
            Some(last) if last.from_s == from_s => last.tally = last.tally.plus(tally),
            _ => spans.push(Span {
                from_s,
                length_s: length_s.min(count.saturating_sub(from_s)).max(1),
                tally,
            }),
        }
    }
    spans
}

// === impl Span ===

impl Span {
    fn rate(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.length_s)
    }

    fn per_s(&self) -> f64 {
        self.rate(self.tally.sum())
    }
}

// === impl Side ===

impl Side {
    fn of<'a>(self, run: &Run<'a>) -> &'a Party {
        match self {
            Self::Victims => &run.report.victims,
            Self::Attackers => &run.report.attack,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Victims => "victims",
            Self::Attackers => "attackers",
        }
    }
}
