//! Charges of a token bucket that may still be given back, so that giving one back leaves the bucket as if it had never
//! been taken.
//!
//! One number cannot forget a charge: it does not know which of the later charges would have found the bucket full. So for
//! as long as something is held, the bucket before the first hold is kept, and what was done to it since. A charge maps the
//! moment at which the bucket is full to another one, and any number of charges in a row are again one such map, so what
//! came between two holds takes three numbers, however much it was.

use serde::{Deserialize, Serialize};

use super::TokenBucket;
use crate::algorithm::Taken;

/// What charges do to the moment at which the bucket is full: it moves by `add`, to `least` at least and `most` at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shift {
    pub(super) add: i128,
    pub(super) least: u128,
    pub(super) most: u128,
}

/// The bucket before the oldest hold, and what was done to it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    base: TokenBucket,
    /// Oldest first.
    steps: Vec<Step>,
}

/// A hold, and what was charged between it and the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    id: u64,
    charge: Shift,
    then: Shift,
}

// === impl Shift ===

impl Shift {
    const NONE: Self = Self {
        add: 0,
        least: 0,
        most: u128::MAX,
    };

    pub(super) fn apply(self, bucket: TokenBucket) -> TokenBucket {
        TokenBucket {
            full_at: self.moment(bucket.full_at),
        }
    }

    fn moment(self, full_at: u128) -> u128 {
        let moved = full_at.saturating_add_signed(self.add);
        moved.max(self.least).min(self.most)
    }

    /// This one, and then the next, as one.
    fn then(self, next: Self) -> Self {
        Self {
            add: self.add.saturating_add(next.add),
            least: next.moment(self.least.min(self.most)),
            most: next.moment(self.most),
        }
    }
}

// === impl Holds ===

impl Holds {
    /// Nothing is held of this bucket yet.
    pub(super) const fn new(base: TokenBucket) -> Self {
        Self {
            base,
            steps: Vec::new(),
        }
    }

    /// `true` if nothing is held.
    pub(crate) const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn hold(&mut self, id: u64, charge: Shift) {
        self.steps.push(Step {
            id,
            charge,
            then: Shift::NONE,
        });
    }

    /// Notes a charge that is not held.
    pub(super) fn note(&mut self, charge: Shift) {
        match self.steps.last_mut() {
            Some(last) => last.then = last.then.then(charge),
            None => self.base = charge.apply(self.base),
        }
    }

    /// Ends a hold: it becomes a charge, or was never taken.
    pub(super) fn end(&mut self, id: u64, is_kept: bool) {
        let Some(index) = self.steps.iter().position(|step| step.id == id) else {
            return;
        };
        let Step { charge, then, .. } = self.steps.remove(index);
        let rest = if is_kept { charge.then(then) } else { then };
        let before = index.checked_sub(1);
        match before.and_then(|before| self.steps.get_mut(before)) {
            Some(step) => step.then = step.then.then(rest),
            None => self.base = rest.apply(self.base),
        }
    }

    /// The bucket as it is with everything that is held.
    pub(super) fn bucket(&self) -> TokenBucket {
        let each = |bucket, step: &Step| step.then.apply(step.charge.apply(bucket));
        self.steps.iter().fold(self.base, each)
    }

    /// The bucket as if these, which are sorted by their identifiers, had never been taken.
    pub(crate) fn without(&self, left_out: &[Taken]) -> TokenBucket {
        let each = |bucket, step: &Step| {
            let is_left_out = left_out
                .binary_search_by_key(&step.id, |taken| taken.id)
                .is_ok();
            let charged = if is_left_out {
                bucket
            } else {
                step.charge.apply(bucket)
            };
            step.then.apply(charged)
        };
        self.steps.iter().fold(self.base, each)
    }
}
