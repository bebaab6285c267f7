//! The ledger: all counters of one key, decided over together.
//!
//! Every operation takes the time, checks everything, then changes everything or nothing. It is atomic where its owner
//! is: a Durable Object runs one event at a time, and nothing here awaits, so no other request comes between the check
//! and the charge.
//!
//! A ledger's time never runs backwards. It remembers the latest moment it has seen; when the clock shows an earlier
//! one, every state is moved back with it, as if no time had passed. That is the one place where this is dealt with.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Refused, Standing};
use crate::counter::Counter;
use crate::limit::Limit;

/// All counters of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    counters: BTreeMap<String, Counter>,
    seen_ms: u64,
}

/// One rule's claim on a ledger: a counter, and the limits it is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The counter's name: the rule's, or that of the bucket it shares.
    pub counter: String,
    /// The limits, each with a window of its own length.
    pub limits: Vec<Limit>,
}

/// The answer to a request for permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was made, by the clock of the object, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// One for each limit of each claim, in the order in which they were asked for.
    pub standings: Vec<LimitStanding>,
}

/// Where the key stands under one limit after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStanding {
    /// Remaining permits and when more come back.
    pub standing: Standing,
    /// Why this limit refused, if it did.
    pub refused: Option<Refused>,
}

// === impl Ledger ===

impl Ledger {
    /// Takes `cost` permits under every limit of every claim, or none at all.
    pub fn take(&mut self, claims: &[Claim], now_ms: u64, cost: NonZeroU32) -> Decision {
        self.observe(now_ms);
        for claim in claims {
            // A counter is there already but for a key's first request, so the name is rarely copied.
            if !self.counters.contains_key(&claim.counter) {
                self.counters
                    .insert(claim.counter.clone(), Counter::default());
            }
            if let Some(counter) = self.counters.get_mut(&claim.counter) {
                claim
                    .limits
                    .iter()
                    .for_each(|limit| counter.follow(limit, now_ms));
            }
        }
        let refusals = self.refusals(claims, now_ms, cost);
        if refusals.iter().all(Option::is_none) {
            for claim in claims {
                if let Some(counter) = self.counters.get_mut(&claim.counter) {
                    counter.charge(&claim.limits, now_ms, cost);
                }
            }
        }
        let standings = self.standings(claims, now_ms).zip(refusals);
        Decision {
            now_ms,
            standings: standings
                .map(|(standing, refused)| LimitStanding { standing, refused })
                .collect(),
        }
    }

    fn refusals(&self, claims: &[Claim], now_ms: u64, cost: NonZeroU32) -> Vec<Option<Refused>> {
        self.each(claims, |counter, limit| {
            counter.check(limit, now_ms, cost).err()
        })
        .collect()
    }

    fn standings<'a>(
        &'a self,
        claims: &'a [Claim],
        now_ms: u64,
    ) -> impl Iterator<Item = Standing> + 'a {
        self.each(claims, move |counter, limit| {
            counter.standing(limit, now_ms)
        })
    }

    fn each<'a, T>(
        &'a self,
        claims: &'a [Claim],
        ask: impl Fn(&Counter, &Limit) -> T + Copy + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        claims
            .iter()
            .filter_map(|claim| Some((self.counters.get(&claim.counter)?, &claim.limits)))
            .flat_map(move |(counter, limits)| limits.iter().map(move |limit| ask(counter, limit)))
    }

    fn observe(&mut self, now_ms: u64) {
        if let Some(by_ms) = self.seen_ms.checked_sub(now_ms).filter(|by_ms| *by_ms > 0) {
            self.counters
                .values_mut()
                .for_each(|counter| counter.rewind(now_ms, by_ms));
        }
        self.seen_ms = now_ms;
    }

    /// Forgets what has expired. True if nothing is left to remember.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        self.observe(now_ms);
        self.counters.retain(|_, counter| !counter.expire(now_ms));
        self.counters.is_empty()
    }

    /// When everything in it has expired, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn expires_at_ms(&self) -> u64 {
        let moments = self
            .counters
            .values()
            .map(|counter| counter.expires_at_ms(self.seen_ms));
        moments.max().unwrap_or(self.seen_ms)
    }

    /// Whether it must be saved now, so that a crash forgets at most 5 % of any limit and never a last permit.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.counters
            .values()
            .any(|counter| counter.is_due(self.seen_ms))
    }

    /// Whether anything would be lost if memory were.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.counters.values().any(Counter::has_unsaved)
    }

    /// Notes that what it holds now has been handed to the storage.
    pub fn saved(&mut self) {
        self.counters.values_mut().for_each(Counter::saved);
    }
}

// === impl Decision ===

impl Decision {
    /// The refusal with the longest wait, and the index of the limit that made it; `None` when the cost was taken.
    #[must_use]
    pub fn refused(&self) -> Option<(usize, Refused)> {
        let refusals = self
            .standings
            .iter()
            .enumerate()
            .filter_map(|(index, limit)| Some((index, limit.refused?)));
        refusals.max_by_key(|(index, refused)| (*refused, std::cmp::Reverse(*index)))
    }
}
