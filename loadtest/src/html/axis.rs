//! From values to places in a plot, and the round values to write beside them.

use crate::statistics::SHORTEST_MS;

/// One direction of a plot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    kind: Kind,
    from_px: f64,
    to_px: f64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Linear { step: f64 },
    Log,
}

/// A line across the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    /// Whether its value is written beside it.
    pub(super) labelled: bool,
}

/// How many steps a linear axis has at most.
const STEPS: f64 = 6.0;

// === impl Axis ===

impl Axis {
    /// From zero to the first round value that is at least `high`.
    pub(super) fn upwards(high: f64, [from_px, to_px]: [f64; 2]) -> Self {
        let step = step(high);
        Self {
            low: 0.0,
            high: ((high / step).ceil() * step).max(step),
            kind: Kind::Linear { step },
            from_px,
            to_px,
        }
    }

    /// From zero to exactly `high`.
    pub(super) fn up_to(high: f64, px: [f64; 2]) -> Self {
        Self {
            high: high.max(1.0),
            ..Self::upwards(high.max(1.0), px)
        }
    }

    /// Every factor of ten as long as the next, from a round value below `low` to one above `high`, at least a factor of
    /// ten apart.
    pub(super) fn log(low: f64, high: f64, [from_px, to_px]: [f64; 2]) -> Self {
        let low = round_below(low.max(SHORTEST_MS));
        let high = round_above(high.max(low * 10.0));
        Self {
            low,
            high,
            kind: Kind::Log,
            from_px,
            to_px,
        }
    }

    /// Where a value is. What lies outside is drawn at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = match self.kind {
            Kind::Linear { .. } => (value - self.low) / (self.high - self.low),
            Kind::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from_px + share * (self.to_px - self.from_px)
    }

    /// Lines at round values, in rising order.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        match self.kind {
            Kind::Linear { step } => {
                let values = (0_u32..).map(|n| f64::from(n) * step);
                values
                    .take_while(|value| *value <= self.high * (1.0 + EPSILON))
                    .map(|value| Tick {
                        value,
                        labelled: true,
                    })
                    .collect()
            }
            Kind::Log => self.log_ticks(),
        }
    }

    /// At one, two and five times each power of ten. Between few powers, all are labelled.
    fn log_ticks(&self) -> Vec<Tick> {
        let few = self.high / self.low < 150.0;
        let mut ticks = Vec::new();
        let mut power = power_below(self.low);
        while power <= self.high * (1.0 + EPSILON) {
            for factor in [1.0, 2.0, 5.0] {
                let value = power * factor;
                if value >= self.low * (1.0 - EPSILON) && value <= self.high * (1.0 + EPSILON) {
                    ticks.push(Tick {
                        value,
                        labelled: few || factor < 2.0,
                    });
                }
            }
            power *= 10.0;
        }
        ticks
    }

    /// Both ends, in pixels.
    pub(super) fn span_px(&self) -> [f64; 2] {
        [self.from_px, self.to_px]
    }
}

/// What is lost when powers of ten are multiplied up.
const EPSILON: f64 = 1e-9;

/// A round step, so that there are at most [`STEPS`] up to `high`.
fn step(high: f64) -> f64 {
    round_above((high / STEPS).max(SHORTEST_MS))
}

fn power_below(value: f64) -> f64 {
    10_f64.powf((value.log10() + EPSILON).floor())
}

/// One, two or five times a power of ten: the largest that is not above `value`.
fn round_below(value: f64) -> f64 {
    let power = power_below(value);
    let factors = [5.0, 2.0];
    let factor = factors
        .into_iter()
        .find(|factor| power * factor <= value * (1.0 + EPSILON));
    power * factor.unwrap_or(1.0)
}

/// The smallest that is not below `value`.
fn round_above(value: f64) -> f64 {
    let power = power_below(value);
    let factors = [1.0, 2.0, 5.0];
    let factor = factors
        .into_iter()
        .find(|factor| power * factor >= value * (1.0 - EPSILON));
    power * factor.unwrap_or(10.0)
}

#[cfg(test)]
mod tests;
