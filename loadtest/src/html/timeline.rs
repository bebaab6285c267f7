//! Latency second by second, all runs in one plot.

use maud::{Markup, html};

use crate::figures;
use crate::html::axis::Axis;
use crate::html::plot::{ACROSS, Path, Plot, UPWARDS, figure as framed, latency_label, px, short};
use crate::html::run::{Run, legend};

/// The figure; nothing where no run served anything.
pub(super) fn figure(runs: &[Run<'_>]) -> Markup {
    let all = || runs.iter().flat_map(points).map(|(_, p95_ms, _)| p95_ms);
    let (Some(lowest), Some(highest)) = (all().reduce(f64::min), all().reduce(f64::max)) else {
        return html! {};
    };
    let longest = runs.iter().map(|run| run.report.duration_s).max();
    let plot = Plot {
        label: "Latency of victims over time: the 95th percentile of each second, on a logarithmic scale",
        x: Axis::up_to(f64::from(longest.unwrap_or_default()), ACROSS),
        y: Axis::log(lowest, highest, UPWARDS),
        x_title: "time since the load began, s",
        y_title: "p95 of each second, logarithmic",
        x_label: short,
        y_label: latency_label,
    };
    let marks = html! {
        @for run in runs.iter().rev() {
            g.(run.tone.class()) {
                path.line d=(line(&plot, run).d()) {}
                @for (at_s, p95_ms, served) in points(run) {
                    circle.hover cx=(px(plot.x.at(at_s))) cy=(px(plot.y.at(p95_ms))) r="5" {
                        title {
                            (run.name) ", second " (short(at_s)) ": p95 " (figures::latency(p95_ms)) " of "
                            (served) " served"
                        }
                    }
                }
            }
        }
    };
    framed("Latency over time", &legend(runs), &plot.around(&marks))
}

/// When, p95 in milliseconds, and of how many requests; a second in which nothing was served has none.
fn points<'a>(run: &Run<'a>) -> impl Iterator<Item = (f64, f64, u32)> + use<'a> {
    run.report.victims.seconds.iter().filter_map(|second| {
        let latency = second.served.latency.as_ref()?;
        Some((f64::from(second.at_s), latency.p95_ms, second.served.count))
    })
}

/// The points, connected; a gap where a second has none.
fn line(plot: &Plot<'_>, run: &Run<'_>) -> Path {
    let mut line = Path::default();
    let mut last = None;
    for (at_s, p95_ms, _) in points(run) {
        let follows = last.is_some_and(|last: f64| at_s - last < 1.5);
        let (x, y) = (plot.x.at(at_s), plot.y.at(p95_ms));
        if follows {
            line.to(x, y);
        } else {
            line.start(x, y);
        }
        last = Some(at_s);
    }
    line
}
