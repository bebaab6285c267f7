//! An origin that limits too: what it says and what we say, settled so that no client is told more than it has.
//!
//! `RateLimit` and `RateLimit-Policy` are lists, so every limit stays, and of two with the same name the stricter one.
//! `X-RateLimit-*` and its other spellings speak of one limit: see [`trio`](super::trio). A value of the origin's comes with
//! at most 2,048 bytes, so that comparing all items of two lists is bounded.

use super::list::{self, Item};
use super::trio;
use crate::head::{Head, headers, value};
use crate::names::{MORE_IN, POLICY, QUOTA, REMAINING, STANDING, WINDOW};

/// What is to be set of our stamp on a response that has `theirs`, the lines of the origin's headers that are contested.
#[must_use]
pub fn settled(ours: &Head, theirs: &str, now_s: u64) -> Head {
    if theirs.is_empty() {
        return ours.clone();
    }
    let mut head = trio::settled(ours.as_str(), theirs, now_s);
    for (name, our) in headers(ours.as_str()) {
        let their = value(theirs, name);
        let list = match name {
            POLICY => their.and_then(|their| list::settled(our, their, is_stricter_policy)),
            STANDING => their.and_then(|their| list::settled(our, their, is_stricter_standing)),
            _ => continue,
        };
        match list {
            Some(list) => head.set(name, list),
            None => head.set(name, our),
        }
    }
    head
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
