//! The frame of a plot: a box, lines across it, what is written beside them. What is inside comes from elsewhere.

use maud::{Markup, html};

use crate::html::axis::Axis;

/// A frame to draw in.
pub(super) struct Plot<'a> {
    /// What a screen reader says of it.
    pub(super) label: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// What the axes show, with the unit.
    pub(super) x_title: &'a str,
    pub(super) y_title: &'a str,
    /// How a value is written beside an axis.
    pub(super) x_label: fn(f64) -> String,
    pub(super) y_label: fn(f64) -> String,
}

/// The size of every plot, in its own units; a page scales it.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;

/// Where the inside is, from left to right.
pub(super) const ACROSS: [f64; 2] = [64.0, WIDTH - 14.0];

/// And from the bottom up.
pub(super) const UPWARDS: [f64; 2] = [HEIGHT - 52.0, 34.0];

// === impl Plot ===

impl Plot<'_> {
    /// The plot with these marks in it.
    pub(super) fn around(&self, marks: &Markup) -> Markup {
        let [left, right] = self.x.span_px();
        let [bottom, top] = self.y.span_px();
        html! {
            svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(self.label) {
                @for tick in self.y.ticks() {
                    @let y = px(self.y.at(tick.value));
                    line.grid.minor[!tick.labelled] x1=(px(left)) x2=(px(right)) y1=(y) y2=(y) {}
                    @if tick.labelled {
                        text.tick x=(px(left - 8.0)) y=(y) text-anchor="end" dominant-baseline="middle" {
                            ((self.y_label)(tick.value))
                        }
                    }
                }
                @for tick in self.x.ticks() {
                    @let x = px(self.x.at(tick.value));
                    line.grid.minor[!tick.labelled] x1=(x) x2=(x) y1=(px(bottom)) y2=(px(top)) {}
                    @if tick.labelled {
                        text.tick x=(x) y=(px(bottom + 18.0)) text-anchor="middle" { ((self.x_label)(tick.value)) }
                    }
                }
                (marks)
                line.base x1=(px(left)) x2=(px(right)) y1=(px(bottom)) y2=(px(bottom)) {}
                text.axis x="2" y="16" { (self.y_title) }
                text.axis x=(px(right)) y=(px(HEIGHT - 8.0)) text-anchor="end" { (self.x_title) }
            }
        }
    }
}

/// A figure: its heading, what explains it, the plot.
pub(super) fn figure(heading: &str, legend: &Markup, plot: &Markup) -> Markup {
    html! {
        figure {
            figcaption { h3 { (heading) } (legend) }
            (plot)
        }
    }
}

/// A line through places in a plot, as the attribute `d` of a path wants it.
#[derive(Debug, Default)]
pub(super) struct Path(String);

// === impl Path ===

impl Path {
    /// Goes there without drawing.
    pub(super) fn start(&mut self, x: f64, y: f64) {
        self.go('M', x, y);
    }

    /// Draws a line there; goes there if it is the first place.
    pub(super) fn to(&mut self, x: f64, y: f64) {
        self.go(if self.0.is_empty() { 'M' } else { 'L' }, x, y);
    }

    fn go(&mut self, how: char, x: f64, y: f64) {
        self.0
            .extend([how.to_string(), px(x), ",".to_owned(), px(y)]);
    }

    /// The attribute.
    pub(super) fn d(&self) -> &str {
        &self.0
    }
}

/// A place, to a tenth of a unit: finer is not seen and makes the file longer.
pub(super) fn px(at: f64) -> String {
    format!("{at:.1}")
}

/// A latency beside an axis: `10 ms`, `1 s`.
pub(super) fn latency_label(ms: f64) -> String {
    match ms {
        _ if ms >= 1_000.0 => format!("{} s", short(ms / 1_000.0)),
        _ if ms >= 1.0 => format!("{} ms", short(ms)),
        _ => format!("{} µs", short(ms * 1_000.0)),
    }
}

/// A number without the decimals that it does not need.
pub(super) fn short(value: f64) -> String {
    format!("{}", (value * 1_000.0).round() / 1_000.0)
}
