//! An origin that limits too: what it says and what we say, settled so that no client is told more than it has.
//!
//! `X-RateLimit-*` speaks of one limit, so the stricter of the two sets stays, as a set. `RateLimit` and
//! `RateLimit-Policy` are lists, so every limit stays, and of two with the same name the stricter one.

use std::cmp::Reverse;

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
        let both = |their, is_stricter| list::settled(our, their, is_stricter);
        match (name, value(theirs, name)) {
            (POLICY, Some(their)) => match both(their, is_stricter_policy) {
                Some(list) => head.set(name, list),
                None => head.set(name, our),
            },
            (STANDING, Some(their)) => match both(their, is_stricter_standing) {
                Some(list) => head.set(name, list),
                None => head.set(name, our),
            },
            (_, Some(_)) if keeps_trio => {}
            _ => head.set(name, our),
        }
    }
    head
}

/// Whether less is left under their limit, or as much until later.
fn is_stricter_trio(theirs: &str, ours: &str, now_s: u64) -> bool {
    let standing = |lines| {
        let remaining = value(lines, X_REMAINING).and_then(least)?;
        let reset_s = value(lines, X_RESET).and_then(|text| latest_s(text, now_s));
        Some((remaining, Reverse(reset_s)))
    };
    match (standing(theirs), standing(ours)) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _ => false,
    }
}

/// The smallest of the integers; there are several where a header was set several times.
fn least(text: &str) -> Option<i64> {
    let each = text.split(',').map(|each| each.trim().parse().ok());
    each.collect::<Option<Vec<i64>>>()?.into_iter().min()
}

/// The latest of the times, in seconds since the Unix epoch. Some write them with a fraction.
fn latest_s(text: &str, now_s: u64) -> Option<u64> {
    let each = text.split(',').map(|each| {
        let (whole, fraction) = each.trim().split_once('.').unwrap_or((each.trim(), "0"));
        let is_fraction =
            !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let begun = u64::from(fraction.bytes().any(|byte| byte != b'0'));
        let reset_s = whole.parse::<u64>().ok().filter(|_| is_fraction)?;
        let reset_s = reset_s.saturating_add(begun);
        Some(if reset_s < FIRST_EPOCH_S {
            now_s.saturating_add(reset_s)
        } else {
            reset_s
        })
    });
    each.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Less is left, or as much and more of it comes later.
fn is_stricter_standing(one: &Item<'_>, other: &Item<'_>) -> bool {
    let standing =
        |item: &Item<'_>| Some((item.integer(REMAINING)?, Reverse(item.integer(MORE_IN))));
    is_less(standing(one), standing(other))
}

/// A lower rate, or the same with a smaller quota. Where one of them does not say its window, the quota alone.
fn is_stricter_policy(one: &Item<'_>, other: &Item<'_>) -> bool {
    let quotas = (one.integer(QUOTA), other.integer(QUOTA));
    let window = |item: &Item<'_>| item.integer(WINDOW).filter(|window_s| *window_s > 0);
    let (Some(window_s), Some(other_s)) = (window(one), window(other)) else {
        return is_less(quotas.0, quotas.1);
    };
    // a/b < c/d as a×d < c×b; 15 digits each fit.
    let rate = |quota: i64, by_s: i64| (i128::from(quota) * i128::from(by_s), quota);
    is_less(
        quotas.0.map(|quota| rate(quota, other_s)),
        quotas.1.map(|quota| rate(quota, window_s)),
    )
}

/// What says nothing is never the stricter.
fn is_less<T: Ord>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (one, None) => one.is_some(),
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests;
