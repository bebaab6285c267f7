//! An origin that limits too: what it says and what we say, settled so that no client is told more than it has.
//!
//! `X-RateLimit-*` speaks of one limit, so the stricter of the two sets stays, as a set. `RateLimit` and
//! `RateLimit-Policy` are lists, so every limit stays, and of two with the same name the stricter one.

use super::list::{self, Item};
use crate::head::{Head, headers, value};
use crate::names::{MORE_IN, POLICY, QUOTA, REMAINING, STANDING, WINDOW, X_REMAINING, X_RESET};

/// Below this a reset is not a time but a number of seconds from now: as a time it would be in 2001.
const FIRST_EPOCH_S: u64 = 1_000_000_000;

/// What is to be set of our stamp on a response that has `theirs`, the lines of the origin's headers of the same names.
#[must_use]
pub fn settled(ours: &Head, theirs: &str, now_s: u64) -> Head {
    if theirs.is_empty() {
        return ours.clone();
    }
    let keeps_trio = is_stricter_trio(theirs, ours.as_str(), now_s);
    let mut head = Head::default();
    for (name, our) in headers(ours.as_str()) {
        let Some(their) = value(theirs, name) else {
            head.set(name, our);
            continue;
        };
        let list = match name {
            POLICY => list::settled(our, their, is_stricter_policy),
            STANDING => list::settled(our, their, is_stricter_standing),
            _ if keeps_trio => continue,
            _ => None,
        };
        match list {
            Some(list) => head.set(name, list),
            None => head.set(name, our),
        }
    }
    head
}

/// Whether less is left under their limit, or as much until later.
fn is_stricter_trio(theirs: &str, ours: &str, now_s: u64) -> bool {
    let remaining = |lines| least(value(lines, X_REMAINING)?);
    let (Some(their), Some(our)) = (remaining(theirs), remaining(ours)) else {
        return false;
    };
    let reset_s = |lines| latest_s(value(lines, X_RESET)?, now_s);
    their < our || their == our && reset_s(theirs) > reset_s(ours)
}

/// The smallest of the numbers; there are several where a header was set several times. What is overdrawn is used up.
fn least(text: &str) -> Option<u64> {
    let mut least = None;
    for each in text.split(',').map(str::trim) {
        let number = match each.strip_prefix('-') {
            Some(overdrawn) => overdrawn.parse::<u64>().ok().map(|_| 0)?,
            None => each.parse::<u64>().ok()?,
        };
        least = Some(number.min(least.unwrap_or(number)));
    }
    least
}

/// The latest of the times, in seconds since the Unix epoch. Some write them with a fraction.
fn latest_s(text: &str, now_s: u64) -> Option<u64> {
    let mut latest_s = None;
    for each in text.split(',').map(str::trim) {
        let (whole, fraction) = each.split_once('.').unwrap_or((each, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut reset_s = whole.parse::<u64>().ok()?;
        if reset_s < FIRST_EPOCH_S {
            reset_s = now_s.saturating_add(reset_s);
        }
        let is_begun = fraction.bytes().any(|byte| byte != b'0');
        latest_s = latest_s.max(Some(reset_s.saturating_add(u64::from(is_begun))));
    }
    latest_s
}

/// Less is left, or as much and more of it comes later. What does not say what is left is never the stricter.
fn is_stricter_standing(one: &Item<'_>, other: &Item<'_>) -> bool {
    let Some(left) = one.integer(REMAINING) else {
        return false;
    };
    other.integer(REMAINING).is_none_or(|others| {
        left < others || left == others && one.integer(MORE_IN) > other.integer(MORE_IN)
    })
}

/// A lower rate, or the same with a smaller quota. Where one of them does not say its window, the quota alone; and what does
/// not say its quota is never the stricter.
fn is_stricter_policy(one: &Item<'_>, other: &Item<'_>) -> bool {
    let Some(quota) = one.integer(QUOTA) else {
        return false;
    };
    let Some(others) = other.integer(QUOTA) else {
        return true;
    };
    let window = |item: &Item<'_>| item.integer(WINDOW).filter(|window_s| *window_s > 0);
    let (Some(window_s), Some(others_s)) = (window(one), window(other)) else {
        return quota < others;
    };
    // a/b < c/d as a×d < c×b; 15 digits each fit.
    let rate = i128::from(quota) * i128::from(others_s);
    let others_rate = i128::from(others) * i128::from(window_s);
    rate < others_rate || rate == others_rate && quota < others
}

#[cfg(test)]
mod tests;
