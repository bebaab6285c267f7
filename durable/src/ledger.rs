//! The ledger: all counters of one key, decided over together.
//!
//! Every operation takes the time, checks everything, then changes everything or nothing. It is atomic where its owner
//! is: a Durable Object runs one event at a time, and nothing here awaits, so no other request comes between the check
//! and the charge.
//!
//! A ledger's time never runs backwards. It remembers the latest moment it has seen. While the clock shows an earlier one,
//! by a minute at most, time stands still: decisions are those of the latest moment, and a wait is longer by the
//! difference. So a clock that goes back and forth over the end of a window ends it once. If the clock is behind by more,
//! it was set back, and every state moves back with it, as if no time had passed.
//!
//! A message may arrive twice, since the runtime may retry a call whose answer was lost. The ledger remembers the
//! identifiers of what it has lately charged, and answers the second time without charging again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::Refused;
use crate::counter::{Counter, Override, Pending, Recent};
use crate::limit::Limit;

mod decision;
mod saving;
mod settling;

pub use decision::{Claim, Decision, LimitStanding, Outcome};
pub use saving::Saving;

/// The most by which the clock may be behind the latest moment seen without having been set back, in milliseconds.
const STANDSTILL_MS: u64 = 60_000;

/// The most charges of one key that are pending at a time. The oldest that is provisional makes room, and stands; a
/// reservation does not, so beyond that many nothing more is taken until one is settled.
const MOST_PENDING: usize = 1_024;

/// How long who finds no room waits, in milliseconds.
const NO_ROOM_MS: u64 = 1_000;

/// A counter that was never charged.
static NEW: Counter = Counter::new();

/// All counters of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    counters: BTreeMap<String, Counter>,
    /// The latest moment seen.
    seen_ms: u64,
    /// Takes that take nothing when they come: they were cancelled before.
    cancelled: Recent,
    /// What was changed and no crash may undo.
    #[serde(skip)]
    must_save: saving::MustSave,
}

/// A limit that holds for a claim, and where it is counted.
struct Held<'a> {
    counter: &'a Counter,
    limit: &'a Limit,
    cost: NonZeroU32,
}

/// How many of the claims would be pending.
fn pending_of(claims: &[Claim], provisional_ms: u32) -> usize {
    let is_pending = |claim: &&Claim| provisional_ms > 0 || claim.reserved_ms > 0;
    claims.iter().filter(is_pending).count()
}

// === impl Ledger ===

impl Ledger {
    /// A ledger as it was saved.
    pub(crate) fn restored(
        counters: BTreeMap<String, Counter>,
        seen_ms: u64,
        cancelled: Recent,
    ) -> Self {
        Self {
            counters,
            seen_ms,
            cancelled,
            ..Self::default()
        }
    }

    /// Takes what is claimed under every limit of every claim, or nothing at all. A second call with an `id` that was
    /// admitted takes nothing more and is admitted too. A refused one changes nothing.
    pub fn take(&mut self, id: u64, claims: &[Claim], now_ms: u64) -> Decision {
        self.take_provisionally(id, claims, 0, now_ms)
    }

    /// The same as [`take`](Self::take), but all of it may be given back for `provisional_ms` from now; after that it
    /// stands.
    pub fn take_provisionally(
        &mut self,
        id: u64,
        claims: &[Claim],
        provisional_ms: u32,
        now_ms: u64,
    ) -> Decision {
        self.observe(now_ms);
        if self.knows(id, claims) {
            return self.decision(claims, now_ms, |_| None);
        }
        let pending = pending_of(claims, provisional_ms);
        let is_admitted = match claims {
            [claim] if pending == 0 => self.take_one(id, claim),
            _ if !self.fits(claims) => false,
            _ if self.make_room(pending) => {
                self.take_all(id, claims, provisional_ms);
                true
            }
            _ => {
                let mut decision = self.decision(claims, now_ms, |_| None);
                decision.refuse_for_now(NO_ROOM_MS);
                return decision;
            }
        };
        if is_admitted {
            self.decision(claims, now_ms, |_| None)
        } else {
            let seen_ms = self.seen_ms;
            self.decision(claims, now_ms, |held| held.check(seen_ms).err())
        }
    }

    fn fits(&self, claims: &[Claim]) -> bool {
        claims.iter().all(|claim| {
            let counter = self.counters.get(&claim.counter).unwrap_or(&NEW);
            let checked = counter.check_all(&claim.limits, self.seen_ms, claim.cost);
            checked.is_ok()
        })
    }

    fn knows(&self, id: u64, claims: &[Claim]) -> bool {
        let is_known = |claim: &Claim| {
            let counter = self.counters.get(&claim.counter);
            counter.is_some_and(|counter| counter.knows(id))
        };
        self.cancelled.contains(id) || claims.iter().any(is_known)
    }

    fn take_one(&mut self, id: u64, claim: &Claim) -> bool {
        let (now_ms, cost) = (self.seen_ms, claim.cost);
        let take = |counter: &mut Counter| {
            let taken = counter.take(&claim.limits, now_ms, cost).is_ok();
            if taken {
                counter.remember(id, now_ms, cost.get());
            }
            taken
        };
        if let Some(counter) = self.counters.get_mut(&claim.counter) {
            return take(counter);
        }
        let mut counter = Counter::new();
        let taken = take(&mut counter);
        if taken {
            self.counters.insert(claim.counter.clone(), counter);
        }
        taken
    }

    /// Takes what [fits](Self::fits).
    fn take_all(&mut self, id: u64, claims: &[Claim], provisional_ms: u32) {
        let now_ms = self.seen_ms;
        let until_ms = |duration_ms: u32| match duration_ms {
            0 => 0,
            duration_ms => now_ms.saturating_add(duration_ms.into()),
        };
        for claim in claims {
            let pending = Pending {
                id,
                taken_ms: now_ms,
                cost: claim.cost,
                provisional_until_ms: until_ms(provisional_ms),
                reserved_until_ms: until_ms(claim.reserved_ms),
                is_saved: false,
                is_on_disk: false,
            };
            if pending.provisional_until_ms == 0 && !pending.is_reserved() {
                self.on(&claim.counter, |counter| {
                    counter.charge(&claim.limits, now_ms, claim.cost);
                    counter.remember(id, now_ms, claim.cost.get());
                });
            } else {
                self.on(&claim.counter, |counter| {
                    counter.hold(&claim.limits, now_ms, pending);
                });
            }
        }
    }

    /// What [`take`](Self::take) would answer. Charges nothing and changes nothing; the standings are those before.
    #[must_use]
    pub fn peek(&self, claims: &[Claim], now_ms: u64) -> Decision {
        let mut copy = self.clone();
        copy.observe(now_ms);
        copy.decision(claims, now_ms, |held| held.check(copy.seen_ms).err())
    }

    /// Forgets what was used under one counter, or under all. Overrides stay.
    pub fn reset(&mut self, counter: Option<&str>, now_ms: u64) {
        self.observe(now_ms);
        for (name, state) in &mut self.counters {
            if counter.is_none_or(|counter| counter == name) {
                state.reset();
            }
        }
        self.must_save.note();
    }

    /// Gives the key limits of its own under a counter, or ends that. What was used stays used.
    pub fn set(&mut self, counter: &str, exception: Option<Override>, now_ms: u64) {
        self.observe(now_ms);
        self.on(counter, |counter| counter.set(exception));
        self.must_save.note();
    }

    /// Does something with the counter of this name, or with a new one. It is there already except for a key's first
    /// request, so the name is rarely copied.
    fn on<T>(&mut self, name: &str, act: impl FnOnce(&mut Counter) -> T) -> T {
        match self.counters.get_mut(name) {
            Some(counter) => act(counter),
            None => act(self.counters.entry(name.to_owned()).or_default()),
        }
    }

    /// Every limit that holds for a claim.
    fn held<'a>(&'a self, claim: &'a Claim) -> impl Iterator<Item = Held<'a>> {
        let counter = self.counters.get(&claim.counter).unwrap_or(&NEW);
        let limits = counter.effective(&claim.limits, self.seen_ms).iter();
        limits.map(|limit| Held {
            counter,
            limit,
            cost: claim.cost,
        })
    }

    /// Where the key stands under every limit of the claims, by a clock that shows `now_ms`.
    fn decision(
        &self,
        claims: &[Claim],
        now_ms: u64,
        refused: impl Fn(&Held<'_>) -> Option<Refused>,
    ) -> Decision {
        let seen_ms = self.seen_ms;
        let behind_ms = seen_ms.saturating_sub(now_ms);
        let stands = |held: Held<'_>| {
            let refused = refused(&held);
            let stands = LimitStanding {
                limit: *held.limit,
                standing: held.counter.standing(held.limit, seen_ms),
                refused,
                is_unsettled: refused.is_some() && held.fits_without_pending(seen_ms),
            };
            if behind_ms == 0 {
                stands
            } else {
                stands.later_by(behind_ms)
            }
        };
        Decision {
            now_ms,
            claims: claims
                .iter()
                .map(|claim| self.held(claim).map(&stands).collect())
                .collect(),
        }
    }

    /// Lets the time be `now_ms`, or what it was if the clock is a little behind, and ends what has been pending for its
    /// time.
    fn observe(&mut self, now_ms: u64) {
        let behind_ms = self.seen_ms.saturating_sub(now_ms);
        if behind_ms > STANDSTILL_MS {
            for counter in self.counters.values_mut() {
                counter.rewind(now_ms, behind_ms);
            }
            self.cancelled.rewind(behind_ms);
            self.seen_ms = now_ms;
        }
        self.seen_ms = self.seen_ms.max(now_ms);
        for counter in self.counters.values_mut() {
            counter.lapse(self.seen_ms);
        }
    }

    /// Forgets what has expired. True if nothing is left to remember.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        self.observe(now_ms);
        let seen_ms = self.seen_ms;
        self.counters.retain(|_, counter| !counter.is_over(seen_ms));
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
}

// === impl Held ===

impl Held<'_> {
    fn check(&self, now_ms: u64) -> Result<(), Refused> {
        self.counter.check(self.limit, now_ms, self.cost)
    }

    fn fits_without_pending(&self, now_ms: u64) -> bool {
        self.counter
            .fits_without_pending(self.limit, now_ms, self.cost)
    }
}
