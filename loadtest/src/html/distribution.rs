//! How latency is distributed: which share of the requests took how long, all runs in one plot.

use maud::{Markup, html};

use crate::figures;
use crate::html::axis::Axis;
use crate::html::plot::{ACROSS, Path, Plot, UPWARDS, figure as framed, latency_label, px, short};
use crate::html::run::{Run, legend};
use crate::scenario::report::Bar;

/// The figure; a sentence where no run served anything.
pub(super) fn figure(runs: &[Run<'_>]) -> Markup {
    let bars = || runs.iter().flat_map(|run| &run.report.victims.distribution);
    let lowest = bars().map(|bar| bar.up_to_ms / growth()).reduce(f64::min);
    let highest = bars().map(|bar| bar.up_to_ms).reduce(f64::max);
    let (Some(lowest), Some(highest)) = (lowest, highest) else {
        return html! { p.empty { "No victim was served, so there is no latency to show." } };
    };
    let most = runs
        .iter()
        .flat_map(|run| shares(run))
        .fold(0.0, |most, (_, share)| share.max(most));
    let plot = Plot {
        label: "Distribution of the latency of victims: share of the requests served, by latency on a logarithmic scale",
        x: Axis::log(lowest, highest, ACROSS),
        y: Axis::upwards(most, UPWARDS),
        x_title: "latency, logarithmic",
        y_title: "share of the requests served, %",
        x_label: latency_label,
        y_label: short,
    };
    // What is drawn last lies on top.
    let marks = html! {
        @for run in runs.iter().rev() { (shape(&plot, run)) }
        @for (row, run) in (0_u32..).zip(runs) { (p95(&plot, run, row)) }
    };
    framed(
        "Distribution of latency",
        &legend(runs),
        &plot.around(&marks),
    )
}

/// A run's outline, and over each bar a title.
fn shape(plot: &Plot<'_>, run: &Run<'_>) -> Markup {
    let [bottom, _] = plot.y.span_px();
    let sides = |bar: &Bar| [bar.up_to_ms / growth(), bar.up_to_ms].map(|ms| plot.x.at(ms));
    let mut outline = Path::default();
    let mut end = None;
    for (bar, share) in shares(run) {
        let [left, right] = sides(bar);
        if end.is_none() {
            outline.start(left, bottom);
        }
        outline.to(left, plot.y.at(share));
        outline.to(right, plot.y.at(share));
        end = Some(right);
    }
    if let Some(end) = end {
        outline.to(end, bottom);
    }
    html! {
        g.(run.tone.class()) {
            path.area d=(outline.d()) {}
            path.line d=(outline.d()) {}
            @for (bar, share) in shares(run).filter(|(bar, _)| bar.count > 0) {
                @let [left, right] = sides(bar);
                @let y = plot.y.at(share);
                rect.hover x=(px(left)) width=(px(right - left)) y=(px(y)) height=(px(bottom - y)) {
                    title {
                        (run.name) ": " (figures::count(bar.count.into())) " requests (" (short(share)) " %) took "
                        (figures::latency(bar.up_to_ms / growth())) " to " (figures::latency(bar.up_to_ms))
                    }
                }
            }
        }
    }
}

/// A line at the 95th percentile. Their names stand one below the other, as they may lie close together.
fn p95(plot: &Plot<'_>, run: &Run<'_>, row: u32) -> Markup {
    let latency = run.report.victims.statistics.served.latency.as_ref();
    let [bottom, top] = plot.y.span_px();
    html! {
        @if let Some(p95_ms) = latency.map(|p| p.p95_ms) {
            @let x = plot.x.at(p95_ms);
            @let on_the_left = x > f64::midpoint(ACROSS[0], ACROSS[1]);
            @let beside = if on_the_left { x - 5.0 } else { x + 5.0 };
            g.(run.tone.class()) {
                line.mark x1=(px(x)) x2=(px(x)) y1=(px(bottom)) y2=(px(top)) {}
                text.mark-name x=(px(beside)) y=(px(top + 12.0 + f64::from(row) * 18.0))
                    text-anchor=(if on_the_left { "end" } else { "start" }) {
                    "p95 " (figures::latency(p95_ms))
                }
            }
        }
    }
}

/// Each bar with its share of the requests served, in percent.
fn shares<'a>(run: &Run<'a>) -> impl Iterator<Item = (&'a Bar, f64)> {
    let bars = &run.report.victims.distribution;
    let all: u32 = bars.iter().map(|bar| bar.count).sum();
    bars.iter()
        .map(move |bar| (bar, f64::from(bar.count) / f64::from(all.max(1)) * 100.0))
}

/// How much wider each bar is than the one before.
fn growth() -> f64 {
    10_f64.powf(1.0 / crate::scenario::report::BOUNDS_PER_DECADE)
}
