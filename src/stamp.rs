//! The stamp: the headers that tell every client where it stands.
//!
//! `X-RateLimit-*` as widely used, and `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10,
//! whose values are Lists of Strings with parameters (RFC 9651). `X-RateLimit-*` speaks of the one limit that binds: the
//! one that refused, else the one with the smallest share left. The policy may leave out either family.

use std::fmt::{self, Write as _};

use bouncer_durable::Limit;
use bouncer_durable::ledger::{Decision, LimitStanding};

use crate::head::Head;
use crate::names::{
    MORE_IN, POLICY, QUOTA, REMAINING, STANDING, TRIOS, WINDOW, X_LIMIT, X_REMAINING, X_RESET,
};

mod list;
mod settled;
mod trio;

pub use settled::settled;

/// The families of headers that a stamp is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Families {
    /// `X-RateLimit-*`.
    pub x_ratelimit: bool,
    /// `RateLimit` and `RateLimit-Policy`.
    pub draft: bool,
}

// === impl Families ===

impl Families {
    /// The names of the headers.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match (self.x_ratelimit, self.draft) {
            (true, true) => &[X_LIMIT, X_REMAINING, X_RESET, STANDING, POLICY],
            (true, false) => &[X_LIMIT, X_REMAINING, X_RESET],
            (false, true) => &[STANDING, POLICY],
            (false, false) => &[],
        }
    }
}

/// The headers of an origin that are settled with a stamp of these families.
#[must_use]
pub fn contested(families: Families) -> Vec<&'static str> {
    let mut names = families.names().to_vec();
    for (index, trio) in TRIOS.iter().enumerate() {
        if trio::is_settled(index, families) {
            names.extend(trio.iter().filter(|name| !families.names().contains(name)));
        }
    }
    names
}

/// Both, as every client understands one of them.
impl Default for Families {
    fn default() -> Self {
        Self {
            x_ratelimit: true,
            draft: true,
        }
    }
}

/// The stamp of a decision; nothing where the decision is about no limit. `rules` are the names of the rules that were
/// asked for, in that order.
#[must_use]
pub fn stamp(rules: &[&str], decision: &Decision, families: Families) -> Head {
    let mut head = Head::default();
    if families.x_ratelimit {
        set_x_ratelimit(&mut head, decision);
    }
    if families.draft {
        set_draft(&mut head, rules, decision);
    }
    head
}

/// The names of the limits that refused, as the stamp has them.
#[must_use]
pub fn violated(rules: &[&str], decision: &Decision) -> Vec<String> {
    let mut names = Vec::new();
    for (rule, each) in named(rules, decision) {
        if each.refused.is_some() {
            names.push(limit_name(rule, &each.limit));
        }
    }
    names
}

fn set_x_ratelimit(head: &mut Head, decision: &Decision) {
    let Some(LimitStanding {
        limit, standing, ..
    }) = binding(decision)
    else {
        return;
    };
    let reset_s = seconds(decision.now_ms.saturating_add(standing.full_ms));
    head.set(X_LIMIT, limit.quota());
    head.set(X_REMAINING, standing.remaining);
    head.set(X_RESET, reset_s);
}

fn set_draft(head: &mut Head, rules: &[&str], decision: &Decision) {
    let (mut policies, mut standings) = (List::default(), List::default());
    for (
        rule,
        LimitStanding {
            limit, standing, ..
        },
    ) in named(rules, decision)
    {
        let name = limit_name(rule, limit);
        let (quota, window_s) = (limit.quota(), seconds(limit.quota_window_ms()));
        policies.push(format_args!(
            "\"{name}\";{QUOTA}={quota};{WINDOW}={window_s}"
        ));
        let (left, more_s) = (standing.remaining, seconds(standing.more_ms));
        standings.push(format_args!(
            "\"{name}\";{REMAINING}={left};{MORE_IN}={more_s}"
        ));
    }
    // A header without a value says nothing.
    if !policies.0.is_empty() {
        head.set(POLICY, policies.0);
        head.set(STANDING, standings.0);
    }
}

/// Items on one line.
#[derive(Default)]
struct List(String);

// === impl List ===

impl List {
    fn push(&mut self, item: fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(item);
    }
}

/// Every standing with the name of its rule.
fn named<'a>(
    rules: &'a [&str],
    decision: &'a Decision,
) -> impl Iterator<Item = (&'a str, &'a LimitStanding)> {
    let claims = rules.iter().zip(&decision.claims);
    claims.flat_map(|(rule, limits)| limits.iter().map(|each| (*rule, each)))
}

/// Unique and the same in every response.
fn limit_name(rule: &str, limit: &Limit) -> String {
    format!("{rule}-{}", limit.window_name())
}

/// The limit that binds.
fn binding(decision: &Decision) -> Option<&LimitStanding> {
    if let Some((by, _)) = decision.refused() {
        return Some(by);
    }
    // a/b < c/d as a×d < c×b: exact, and a quota of 0 needs no special case.
    let share = |of: &LimitStanding, by: &LimitStanding| {
        u64::from(of.standing.remaining) * u64::from(by.limit.quota())
    };
    decision.standings().reduce(|least, next| {
        if share(next, least) < share(least, next) {
            next
        } else {
            least
        }
    })
}

fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000)
}

#[cfg(test)]
mod tests;
