//! The stamp: the headers that tell every client where it stands.
//!
//! `X-RateLimit-*` as widely used, and `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10,
//! whose values are Lists of Strings with parameters (RFC 9651). `X-RateLimit-*` speaks of the one limit that binds: the
//! one that refused, else the one with the smallest share left.

use bouncer_durable::ledger::{Decision, LimitStanding};

use crate::head::Head;

/// The stamp of a decision. `rules` are the names of the rules that were asked for, in that order.
#[must_use]
pub fn stamp(rules: &[&str], decision: &Decision) -> Head {
    let mut head = Head::default();
    if let Some(LimitStanding {
        limit, standing, ..
    }) = binding(decision)
    {
        let reset_s = seconds(decision.now_ms.saturating_add(standing.full_ms));
        head.set("X-RateLimit-Limit", limit.quota());
        head.set("X-RateLimit-Remaining", standing.remaining);
        head.set("X-RateLimit-Reset", reset_s);
    }
    if decision.standings().next().is_none() {
        return head;
    }
    let list = |item: fn(&LimitStanding) -> String| {
        let named = rules
            .iter()
            .zip(&decision.claims)
            .flat_map(|(rule, limits)| {
                limits.iter().map(move |each| {
                    format!("\"{rule}-{}\"{}", each.limit.window_name(), item(each))
                })
            });
        named.collect::<Vec<_>>().join(",")
    };
    head.set(
        "RateLimit-Policy",
        list(|LimitStanding { limit, .. }| {
            format!(
                ";q={};w={}",
                limit.quota(),
                seconds(limit.quota_window_ms())
            )
        }),
    );
    head.set(
        "RateLimit",
        list(|LimitStanding { standing, .. }| {
            format!(";r={};t={}", standing.remaining, seconds(standing.more_ms))
        }),
    );
    head
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
