//! How far a load is, on the terminal: a bar of its time, and what came of the requests so far.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::sample::Class;
use crate::scenario::report::Side;

/// Counts what has ended. The bar is drawn on stderr, and only on a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    victims: Counts,
    attackers: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    served: AtomicU32,
    refused: AtomicU32,
    failed: AtomicU32,
}

/// What the bar looks like; `{msg}` are the counts.
const TEMPLATE: &str = "{prefix:>12} {bar:40} {pos:>3}/{len} s  {msg}";

// === impl Progress ===

impl Progress {
    /// Of a load of this name, which lasts so long.
    #[must_use]
    pub fn new(label: &str, duration: Duration) -> Self {
        let bar = ProgressBar::new(duration.as_secs()).with_prefix(label.to_owned());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self {
            bar,
            victims: Counts::default(),
            attackers: Counts::default(),
        }
    }

    /// A request has ended.
    pub fn ended(&self, side: Side, class: Class) {
        let counts = match side {
            Side::Victim => &self.victims,
            Side::Attacker => &self.attackers,
        };
        let count = match class {
            Class::Served => &counts.served,
            Class::Refused => &counts.refused,
            Class::Failed => &counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// So much time has passed.
    pub fn at(&self, passed: Duration) {
        self.bar.set_position(passed.as_secs());
        let words = |counts: &Counts| {
            let count = |of: &AtomicU32| of.load(Ordering::Relaxed);
            let (served, refused, failed) = (
                count(&counts.served),
                count(&counts.refused),
                count(&counts.failed),
            );
            format!("{served} served, {refused} refused, {failed} failed")
        };
        self.bar.set_message(format!(
            "users: {}; attack: {}",
            words(&self.victims),
            words(&self.attackers)
        ));
    }

    /// The load is over.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
