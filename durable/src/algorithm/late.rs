//! What is learnt after the fact: a charge that was made earlier, is given back, may be given back, or is to be counted in
//! another window.
//!
//! Most algorithms know in which window a charge counts, and forget it exactly. A token bucket has one number for all of
//! them; what it may have to forget is in its [`Holds`].

use std::num::NonZeroU32;

use super::token_bucket::Holds;
use super::{Algorithm, State, fixed_window};
use crate::Limit;

/// A take, so that it can be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The identifier of the take.
    pub(crate) id: u64,
    /// When it was.
    pub(crate) at_ms: u64,
    /// What it took.
    pub(crate) cost: NonZeroU32,
}

// === impl State ===

impl State {
    /// Takes `cost` permits as if at `taken_ms`, which lies in the past, and unless they would have come back by
    /// themselves.
    pub(crate) fn charge_late(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        (now_ms, taken_ms): (u64, u64),
        cost: NonZeroU32,
    ) {
        match self {
            Self::FixedWindow(window) => {
                *window = window.charged_late(limit, now_ms, taken_ms, cost);
            }
            Self::SlidingLog(log) => log.charge_late(limit, now_ms, taken_ms, cost),
            Self::SlidingWindow(window) => {
                *window = window.charged_late(limit, now_ms, taken_ms, cost);
            }
            Self::TokenBucket(bucket) => {
                bucket.charge_beside(holds, limit, (now_ms, taken_ms), cost);
            }
        }
    }

    /// Gives back `cost` permits that were taken at `taken_ms`, unless they have come back by themselves.
    pub(crate) fn refund(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        (now_ms, taken_ms): (u64, u64),
        cost: NonZeroU32,
    ) {
        match self {
            Self::FixedWindow(window) => *window = window.refunded(limit, now_ms, taken_ms, cost),
            Self::SlidingLog(log) => log.refund(taken_ms, cost),
            Self::SlidingWindow(window) => *window = window.refunded(limit, now_ms, taken_ms, cost),
            Self::TokenBucket(bucket) => {
                bucket.refund_beside(holds, limit, (now_ms, taken_ms), cost);
            }
        }
    }

    /// Takes what can be given back as if it had never been taken.
    pub(crate) fn hold(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        now_ms: u64,
        taken: Taken,
    ) {
        match self {
            Self::TokenBucket(bucket) => bucket.hold(holds, limit, now_ms, taken),
            // The others forget any charge exactly.
            _ => self.charge_late(holds, limit, (now_ms, taken.at_ms), taken.cost),
        }
    }

    /// Ends a hold: it becomes a charge, or was never taken.
    pub(crate) fn end_hold(
        &mut self,
        holds: &mut Option<Box<Holds>>,
        limit: &Limit,
        now_ms: u64,
        taken: Taken,
        is_kept: bool,
    ) {
        match self {
            Self::TokenBucket(bucket) => bucket.end_hold(holds, taken.id, is_kept),
            _ if is_kept => {}
            _ => self.refund(holds, limit, (now_ms, taken.at_ms), taken.cost),
        }
    }

    /// The state as if these had never been taken, of which a bucket `holds` each. In one pass, since it may be a thousand.
    pub(crate) fn without(
        &self,
        holds: Option<&Holds>,
        limit: &Limit,
        now_ms: u64,
        mut left_out: Vec<Taken>,
    ) -> Self {
        match self {
            Self::FixedWindow(window) => {
                let refunded = |window: fixed_window::FixedWindow, taken: Taken| {
                    window.refunded(limit, now_ms, taken.at_ms, taken.cost)
                };
                Self::FixedWindow(left_out.into_iter().fold(*window, refunded))
            }
            Self::SlidingWindow(window) => {
                let refunded = |window: super::sliding_window::SlidingWindow, taken: Taken| {
                    window.refunded(limit, now_ms, taken.at_ms, taken.cost)
                };
                Self::SlidingWindow(left_out.into_iter().fold(*window, refunded))
            }
            Self::SlidingLog(log) => {
                left_out.sort_unstable_by_key(|taken| taken.at_ms);
                Self::SlidingLog(log.without(&left_out))
            }
            Self::TokenBucket(bucket) => {
                left_out.sort_unstable_by_key(|taken| taken.id);
                Self::TokenBucket(holds.map_or(*bucket, |holds| holds.without(&left_out)))
            }
        }
    }

    /// The state under `to`, whose window is shorter than that of `from`, as far as it is certain: a permit whose moment is
    /// not known may have been taken before the shorter window began.
    pub(crate) fn narrowed(&self, from: &Limit, to: &Limit, now_ms: u64) -> Self {
        let mut narrow = Self::fresh(to.algorithm());
        let mut took = |taken_ms, used| {
            let Some(used) = NonZeroU32::new(used) else {
                return;
            };
            match &mut narrow {
                // What was more than it holds was never in it, so it fills again from then on.
                Self::TokenBucket(bucket) => *bucket = bucket.charged(to, taken_ms, used),
                narrow => narrow.charge_late(&mut None, to, (now_ms, taken_ms), used),
            }
        };
        match self {
            Self::SlidingLog(_) if to.algorithm() == Algorithm::SlidingLog => return self.clone(),
            Self::SlidingLog(log) => log.moments_ms().for_each(|taken_ms| took(taken_ms, 1)),
            Self::FixedWindow(window) => {
                let (start_ms, used) = window.latest();
                took(start_ms, used);
            }
            Self::SlidingWindow(window) => {
                let (start_ms, used) = window.latest();
                took(start_ms, used);
            }
            Self::TokenBucket(bucket) => {
                let start_ms = fixed_window::start_ms(to, now_ms);
                took(start_ms, bucket.certain_since(from, now_ms, start_ms));
            }
        }
        narrow
    }
}
