//! The stamp: the headers that tell every client where it stands.
//!
//! `X-RateLimit-*` as widely used, and `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10,
//! whose values are Lists of Strings with parameters (RFC 9651). `X-RateLimit-*` speaks of the one limit that binds: the
//! one that refused, else the one with the smallest share left. The policy may leave out either family.

use bouncer_durable::Limit;
use bouncer_durable::ledger::{Decision, LimitStanding};

use crate::head::Head;
use crate::names::{
    MORE_IN, POLICY, QUOTA, REMAINING, STANDING, WINDOW, X_LIMIT, X_REMAINING, X_RESET,
};

mod list;
mod settled;

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
    pub fn names<'a>(self) -> impl Iterator<Item = &'a str> {
        let x_ratelimit = [X_LIMIT, X_REMAINING, X_RESET].into_iter();
        let draft = [STANDING, POLICY].into_iter();
        x_ratelimit
            .filter(move |_| self.x_ratelimit)
            .chain(draft.filter(move |_| self.draft))
    }
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
    let refused = named(rules, decision).filter(|(_, each)| each.refused.is_some());
    refused
        .map(|(rule, each)| limit_name(rule, &each.limit))
        .collect()
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
    let list = |parameters: fn(&LimitStanding) -> String| {
        let items = named(rules, decision).map(|(rule, each)| {
            format!("\"{}\"{}", limit_name(rule, &each.limit), parameters(each))
        });
        items.collect::<Vec<_>>().join(",")
    };
    let policies = list(|LimitStanding { limit, .. }| {
        let window_s = seconds(limit.quota_window_ms());
        format!(";{QUOTA}={};{WINDOW}={window_s}", limit.quota())
    });
    // A header without a value says nothing.
    if policies.is_empty() {
        return;
    }
    head.set(POLICY, policies);
    let standings = list(|LimitStanding { standing, .. }| {
        let more_s = seconds(standing.more_ms);
        format!(";{REMAINING}={};{MORE_IN}={more_s}", standing.remaining)
    });
    head.set(STANDING, standings);
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
