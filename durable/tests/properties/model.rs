//! The definition of each algorithm, written down as plainly as it can be: the whole history, searched anew for every
//! question.

use bouncer_durable::{Algorithm, Limit};

/// Everything that was ever admitted, as (moment, cost), oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    limit: Limit,
    pub(crate) admitted: Vec<(u64, u32)>,
}

impl Model {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            admitted: Vec::new(),
        }
    }

    /// Whether `cost` may be admitted at `now_ms`, by definition.
    pub(crate) fn admits(&self, now_ms: u64, cost: u32) -> bool {
        let window_ms = self.limit.window_ms();
        let permits = u64::from(self.limit.permits());
        let sum = |counts: &dyn Fn(u64) -> bool| -> u64 {
            self.admitted
                .iter()
                .filter(|(at_ms, _)| counts(*at_ms))
                .map(|(_, cost)| u64::from(*cost))
                .sum()
        };
        match self.limit.algorithm() {
            Algorithm::FixedWindow => {
                sum(&|at_ms| at_ms / window_ms == now_ms / window_ms) + u64::from(cost) <= permits
            }
            Algorithm::SlidingLog => {
                sum(&|at_ms| at_ms + window_ms > now_ms) + u64::from(cost) <= permits
            }
            Algorithm::SlidingWindow => {
                let window = now_ms / window_ms;
                let current = sum(&|at_ms| at_ms / window_ms == window);
                let previous = sum(&|at_ms| at_ms / window_ms + 1 == window);
                // previous × overlap / window + current + cost ≤ permits, without the division.
                let overlap_ms = window_ms - now_ms % window_ms;
                previous * overlap_ms + (current + u64::from(cost)) * window_ms
                    <= permits * window_ms
            }
            Algorithm::TokenBucket { .. } => {
                self.tokens(now_ms) >= u128::from(cost) * u128::from(window_ms)
            }
        }
    }

    /// The level of a bucket that starts full and is refilled evenly, in parts of which a token has `window_ms`.
    fn tokens(&self, now_ms: u64) -> u128 {
        let window_ms = u128::from(self.limit.window_ms());
        let full = u128::from(self.limit.quota()) * window_ms;
        let mut level = full;
        let mut last_ms = 0;
        for (at_ms, cost) in self.admitted.iter().copied().chain([(now_ms, 0)]) {
            level =
                full.min(level + u128::from(at_ms - last_ms) * u128::from(self.limit.permits()));
            level = level.saturating_sub(u128::from(cost) * window_ms);
            last_ms = at_ms;
        }
        level
    }

    /// The largest cost that may be admitted.
    pub(crate) fn remaining(&self, now_ms: u64) -> u32 {
        (1..=self.limit.quota())
            .rev()
            .find(|cost| self.admits(now_ms, *cost))
            .unwrap_or(0)
    }

    /// The first moment from `now_ms` on at which `cost` may be admitted, if nothing else happens.
    pub(crate) fn admits_from(&self, now_ms: u64, cost: u32) -> Option<u64> {
        let horizon_ms = 2 * self.limit.window_ms() * u64::from(self.limit.quota().max(1)) + 1;
        // Waiting never takes a permit away, so the moment can be found by halving.
        let (mut refused, mut admitted) = (now_ms, now_ms + horizon_ms);
        if self.admits(now_ms, cost) {
            return Some(now_ms);
        }
        if !self.admits(admitted, cost) {
            return None;
        }
        while admitted - refused > 1 {
            let middle = refused + (admitted - refused) / 2;
            if self.admits(middle, cost) {
                admitted = middle;
            } else {
                refused = middle;
            }
        }
        Some(admitted)
    }

    /// As if this had never been admitted.
    pub(crate) fn forget(&mut self, at_ms: u64, cost: u32) {
        if let Some(index) = self
            .admitted
            .iter()
            .position(|admission| *admission == (at_ms, cost))
        {
            self.admitted.remove(index);
        }
    }

    pub(crate) fn admit(&mut self, now_ms: u64, cost: u32) {
        self.admitted.push((now_ms, cost));
    }
}
