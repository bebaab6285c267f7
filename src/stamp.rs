//! The stamp: the headers that tell every client where it stands.
//!
//! `X-RateLimit-*` as widely used, and `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10,
//! whose values are Lists of Strings with parameters (RFC 9651). `X-RateLimit-*` speaks of the one limit that binds: the
//! one that refused, else the one with the smallest share left.

use bouncer_durable::ledger::{Decision, LimitStanding};

use crate::head::Head;
use crate::policy::NamedLimit;

/// The stamp of a decision.
#[must_use]
pub fn stamp(limits: &[NamedLimit], decision: &Decision) -> Head {
    let stands = || limits.iter().zip(&decision.standings);
    let mut head = Head::default();
    if let Some((NamedLimit { limit, .. }, LimitStanding { standing, .. })) =
        binding(limits, decision)
    {
        let reset_s = seconds(decision.now_ms.saturating_add(standing.full_ms));
        head.set("X-RateLimit-Limit", limit.quota());
        head.set("X-RateLimit-Remaining", standing.remaining);
        head.set("X-RateLimit-Reset", reset_s);
    }
    let policies = stands().map(|(NamedLimit { name, limit }, _)| {
        format!(
            "\"{name}\";q={};w={}",
            limit.quota(),
            seconds(limit.quota_window_ms())
        )
    });
    let standings = stands().map(
        |(NamedLimit { name, .. }, LimitStanding { standing, .. })| {
            format!(
                "\"{name}\";r={};t={}",
                standing.remaining,
                seconds(standing.more_ms)
            )
        },
    );
    head.set("RateLimit-Policy", policies.collect::<Vec<_>>().join(","));
    head.set("RateLimit", standings.collect::<Vec<_>>().join(","));
    head
}

/// The limit that binds.
fn binding<'a>(
    limits: &'a [NamedLimit],
    decision: &'a Decision,
) -> Option<(&'a NamedLimit, &'a LimitStanding)> {
    let mut stands = limits.iter().zip(&decision.standings);
    match decision.refused() {
        Some((index, _)) => stands.nth(index),
        // a/b < c/d as a×d < c×b: exact, and a quota of 0 needs no special case.
        None => stands.reduce(|least, next| {
            let share = |of: (&NamedLimit, &LimitStanding), by: &NamedLimit| {
                u64::from(of.1.standing.remaining) * u64::from(by.limit.quota())
            };
            if share(next, least.0) < share(least, next.0) {
                next
            } else {
                least
            }
        }),
    }
}

fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000)
}

#[cfg(test)]
mod tests;
