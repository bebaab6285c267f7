//! The ledger: all counters of one key, decided over together.
//!
//! Every operation takes the time, checks everything, then changes everything or nothing. It is atomic where its owner
//! is: a Durable Object runs one event at a time, and nothing here awaits, so no other request comes between the check
//! and the charge.
//!
//! A ledger's time never runs backwards. It remembers the latest moment it has seen; when the clock shows an earlier
//! one, every state is moved back with it, as if no time had passed. That is the one place where this is dealt with.
//!
//! A message may arrive twice, since the runtime may retry a call whose answer was lost. The ledger remembers the
//! identifiers of what it has lately charged, and answers the second time without charging again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::Refused;
use crate::counter::{Counter, Override};
use crate::limit::Limit;

mod decision;
mod repeats;

pub use decision::{Claim, Decision, LimitStanding, Outcome};

use repeats::Repeats;

/// All counters of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    counters: BTreeMap<String, Counter>,
    seen_ms: u64,
    charged: Repeats,
    /// Whether something was changed that no crash may undo.
    #[serde(skip)]
    must_save: bool,
}

/// A limit that holds for a claim, and where it is counted.
struct Held<'a> {
    counter: &'a Counter,
    limit: &'a Limit,
    cost: NonZeroU32,
}

// === impl Ledger ===

impl Ledger {
    /// Takes what is claimed under every limit of every claim, or nothing at all. A second call with an `id` that was
    /// admitted takes nothing more and is admitted too.
    pub fn take(&mut self, id: u64, claims: &[Claim], now_ms: u64) -> Decision {
        self.take_provisionally(id, claims, 0, now_ms)
    }

    /// The same as [`take`](Self::take), of which all may be given back for `provisional_ms` from now; after that it
    /// stands.
    pub fn take_provisionally(
        &mut self,
        id: u64,
        claims: &[Claim],
        _provisional_ms: u32,
        now_ms: u64,
    ) -> Decision {
        self.observe(now_ms);
        if self.charged.contains(id) {
            self.follow(claims, now_ms);
            return self.decision(claims, now_ms, |_| None);
        }
        let is_admitted = match claims {
            [claim] => self
                .on(&claim.counter, |counter| {
                    counter.take(&claim.limits, now_ms, claim.cost)
                })
                .is_ok(),
            _ => self.take_from_all(claims, now_ms),
        };
        if !is_admitted {
            return self.decision(claims, now_ms, |held| held.check(now_ms).err());
        }
        self.charged.remember(id, now_ms);
        self.decision(claims, now_ms, |_| None)
    }

    fn take_from_all(&mut self, claims: &[Claim], now_ms: u64) -> bool {
        self.follow(claims, now_ms);
        let fits = |claim| self.held(claim).all(|held| held.check(now_ms).is_ok());
        let is_admitted = claims.iter().all(fits);
        if is_admitted {
            for claim in claims {
                self.on(&claim.counter, |counter| {
                    counter.charge(now_ms, claim.cost);
                });
            }
        }
        is_admitted
    }

    /// What [`take`](Self::take) would answer. Charges nothing and changes nothing; the standings are those before.
    #[must_use]
    pub fn peek(&self, claims: &[Claim], now_ms: u64) -> Decision {
        let mut copy = self.clone();
        copy.observe(now_ms);
        copy.follow(claims, now_ms);
        copy.decision(claims, now_ms, |held| held.check(now_ms).err())
    }

    /// Settles the take of this `id`, decided at `taken_ms`: gives back the claims that are not kept, makes the kept ones
    /// charges, and says where the key stands then, claim by claim. A second settlement changes nothing. Of a take that
    /// this ledger does not know nothing is given back: it was forgotten, and so was its charge.
    pub fn settle(
        &mut self,
        id: u64,
        taken_ms: u64,
        outcomes: &[Outcome],
        now_ms: u64,
    ) -> Decision {
        self.observe(now_ms);
        if self.charged.contains(id) && !self.charged.contains(!id) {
            for Outcome { claim, is_kept } in outcomes {
                if let Some(counter) = self.counters.get_mut(&claim.counter)
                    && !is_kept
                {
                    counter.refund(now_ms, taken_ms, claim.cost);
                }
            }
            self.charged.remember(!id, now_ms);
        }
        let claims: Vec<Claim> = outcomes.iter().map(|each| each.claim.clone()).collect();
        self.follow(&claims, now_ms);
        self.decision(&claims, now_ms, |_| None)
    }

    /// Notes that these takes stand: they are no longer provisional. Reservations in them stay reservations.
    pub fn stand(&mut self, _takes: &[u64], now_ms: u64) {
        self.observe(now_ms);
    }

    /// Takes back whatever the take of this `id` took, since its answer did not arrive. A take that comes after its
    /// cancellation takes nothing.
    pub fn cancel(&mut self, _id: u64, now_ms: u64) {
        self.observe(now_ms);
    }

    /// Forgets what was used under one counter, or under all. Overrides stay.
    pub fn reset(&mut self, counter: Option<&str>, now_ms: u64) {
        self.observe(now_ms);
        for (name, state) in &mut self.counters {
            if counter.is_none_or(|counter| counter == name) {
                state.reset();
            }
        }
        self.must_save = true;
    }

    /// Gives the key limits of its own under a counter, or ends that. What was used stays used.
    pub fn set(&mut self, counter: &str, exception: Option<Override>, now_ms: u64) {
        self.observe(now_ms);
        self.on(counter, |counter| counter.set(exception));
        self.must_save = true;
    }

    /// Makes sure that there is a counter for each claim, and in it a slot for each limit.
    fn follow(&mut self, claims: &[Claim], now_ms: u64) {
        for claim in claims {
            self.on(&claim.counter, |counter| {
                counter.follow(&claim.limits, now_ms);
            });
        }
    }

    /// Does something with the counter of this name, or with a new one. It is there already but for a key's first request,
    /// so the name is rarely copied.
    fn on<T>(&mut self, name: &str, act: impl FnOnce(&mut Counter) -> T) -> T {
        match self.counters.get_mut(name) {
            Some(counter) => act(counter),
            None => act(self.counters.entry(name.to_owned()).or_default()),
        }
    }

    /// Every limit that holds for a claim.
    fn held<'a>(&'a self, claim: &'a Claim) -> impl Iterator<Item = Held<'a>> {
        let counter = self.counters.get(&claim.counter);
        counter.into_iter().flat_map(|counter| {
            let limits = counter.effective(&claim.limits).iter();
            limits.map(|limit| Held {
                counter,
                limit,
                cost: claim.cost,
            })
        })
    }

    fn decision(
        &self,
        claims: &[Claim],
        now_ms: u64,
        refused: impl Fn(&Held<'_>) -> Option<Refused>,
    ) -> Decision {
        let stands = |held: Held<'_>| LimitStanding {
            limit: *held.limit,
            standing: held.counter.standing(held.limit, now_ms),
            refused: refused(&held),
            is_unsettled: false,
        };
        Decision {
            now_ms,
            claims: claims
                .iter()
                .map(|claim| self.held(claim).map(&stands).collect())
                .collect(),
        }
    }

    fn observe(&mut self, now_ms: u64) {
        if let Some(by_ms) = self.seen_ms.checked_sub(now_ms).filter(|by_ms| *by_ms > 0) {
            for counter in self.counters.values_mut() {
                counter.rewind(now_ms, by_ms);
            }
            self.charged.rewind(by_ms);
        }
        self.seen_ms = now_ms;
    }

    /// Forgets what has expired. True if nothing is left to remember.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        self.observe(now_ms);
        self.counters.retain(|_, counter| !counter.is_over(now_ms));
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
        self.must_save
            || self
                .counters
                .values()
                .any(|counter| counter.is_due(self.seen_ms))
    }

    /// Whether anything would be lost if memory were.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.must_save || self.counters.values().any(Counter::has_unsaved)
    }

    /// Notes that what it holds now has been handed to the storage.
    pub fn saved(&mut self) {
        self.must_save = false;
        self.counters.values_mut().for_each(Counter::saved);
    }
}

// === impl Held ===

impl Held<'_> {
    fn check(&self, now_ms: u64) -> Result<(), Refused> {
        self.counter.check(self.limit, now_ms, self.cost)
    }
}
