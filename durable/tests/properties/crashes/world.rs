//! A ledger and what it should be: two lists of charges, those that count and those that the disk knew of when it was last
//! written.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Ledger, Outcome, Saving};
use bouncer_durable::{Algorithm, Limit, snapshot};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::model::Model;
use crate::traces::{claim, next_id};

/// What may happen next; an index chooses one of the takes so far.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Take {
        cost: u32,
        provisional_ms: u32,
        reserved_ms: u32,
    },
    Settle(Index, bool),
    Stand(Index),
    Cancel(Index),
    /// What was handed to the storage is on disk.
    Confirm,
    Evict,
    Crash,
}

/// A take that was admitted and not given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Charge {
    take: Take,
    provisional_until_ms: u64,
    reserved_until_ms: u64,
}

/// A take that was admitted, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Take {
    id: u64,
    at_ms: u64,
    cost: u32,
    reserved_ms: u32,
}

/// What counted when it was saved, without what was left out.
#[derive(Debug, Clone)]
struct Saved {
    charges: Vec<Charge>,
    bytes: Vec<u8>,
    /// Nothing was left of the limit.
    is_used_up: bool,
}

pub(super) struct World {
    pub(super) limit: Limit,
    pub(super) ledger: Ledger,
    pub(super) now_ms: u64,
    /// What counts.
    pub(super) memory: Vec<Charge>,
    /// What is on disk, and what was handed over last if that is not.
    disk: Saved,
    handed_over: Option<Saved>,
    takes: Vec<Take>,
    /// When a take was first settled.
    settled_ms: BTreeMap<u64, u64>,
    /// A bucket is no longer as the model says once a charge was forgotten and made again: it is charged later than it was.
    pub(super) is_exact: bool,
}

// === impl Charge ===

impl Charge {
    fn is_reserved(&self) -> bool {
        self.reserved_until_ms > 0
    }

    fn is_pending(&self) -> bool {
        self.is_reserved() || self.provisional_until_ms > 0
    }
}

fn sum<'a>(charges: impl Iterator<Item = &'a Charge>) -> u64 {
    charges.map(|charge| u64::from(charge.take.cost)).sum()
}

// === impl World ===

impl World {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            ledger: Ledger::default(),
            now_ms: 1_700_000_000_000,
            memory: Vec::new(),
            disk: Saved {
                charges: Vec::new(),
                bytes: snapshot::encode(&Ledger::default()),
                is_used_up: false,
            },
            handed_over: None,
            takes: Vec::new(),
            settled_ms: BTreeMap::new(),
            is_exact: true,
        }
    }

    fn is_bucket(&self) -> bool {
        matches!(self.limit.algorithm(), Algorithm::TokenBucket { .. })
    }

    fn claim(&self, take: &Take) -> Claim {
        Claim {
            cost: NonZeroU32::new(take.cost).unwrap(),
            reserved_ms: take.reserved_ms,
            ..claim("c", &[self.limit])
        }
    }

    pub(super) fn model(&self, charges: &[Charge]) -> Model {
        let mut model = Model::new(self.limit);
        let mut admitted: Vec<(u64, u32)> = charges
            .iter()
            .map(|charge| (charge.take.at_ms, charge.take.cost))
            .collect();
        admitted.sort_by_key(|(at_ms, _)| *at_ms);
        model.admitted = admitted;
        model
    }

    /// For how long a charge can count.
    fn counts_for_ms(&self) -> u64 {
        2 * self.limit.window_ms().max(self.limit.quota_window_ms())
    }

    /// Charges whose time is over, or that count no longer, stand.
    pub(super) fn lapse(&mut self) {
        let counts_for_ms = self.counts_for_ms();
        let saved = self.handed_over.iter_mut().chain([&mut self.disk]);
        let saved = saved.flat_map(|saved| &mut saved.charges);
        for charge in self.memory.iter_mut().chain(saved) {
            for until_ms in [
                &mut charge.provisional_until_ms,
                &mut charge.reserved_until_ms,
            ] {
                if *until_ms < self.now_ms || charge.take.at_ms + counts_for_ms < self.now_ms {
                    *until_ms = 0;
                }
            }
        }
    }

    fn take(
        &mut self,
        cost: u32,
        provisional_ms: u32,
        reserved_ms: u32,
    ) -> Result<(), TestCaseError> {
        let take = Take {
            id: next_id(),
            at_ms: self.now_ms,
            cost,
            reserved_ms,
        };
        let admits = self.model(&self.memory).admits(self.now_ms, cost);
        let claims = [self.claim(&take)];
        let decision =
            self.ledger
                .take_provisionally(take.id, &claims, provisional_ms, self.now_ms);
        let is_admitted = decision.refused().is_none();
        if self.is_exact {
            prop_assert_eq!(is_admitted, admits);
        }
        prop_assert!(admits || !is_admitted);
        if let Some((by, _)) = decision.refused() {
            let mut certain = self.memory.clone();
            certain.retain(|charge| !charge.is_pending());
            let is_unsettled = self.model(&certain).admits(self.now_ms, cost);
            prop_assert!(!self.is_exact || by.is_unsettled == is_unsettled);
            return Ok(());
        }
        let until_ms = |duration_ms: u32| {
            if duration_ms == 0 {
                0
            } else {
                self.now_ms + u64::from(duration_ms)
            }
        };
        self.memory.push(Charge {
            take: take.clone(),
            provisional_until_ms: until_ms(provisional_ms),
            reserved_until_ms: until_ms(reserved_ms),
        });
        self.takes.push(take);
        Ok(())
    }

    /// What a settlement does to the list. True if it found the take.
    fn end(&mut self, take: &Take, is_kept: bool) -> bool {
        let Some(index) = self.memory.iter().position(|charge| charge.take == *take) else {
            return false;
        };
        if self.memory[index].is_pending() {
            if is_kept {
                let charge = &mut self.memory[index];
                (charge.provisional_until_ms, charge.reserved_until_ms) = (0, 0);
            } else {
                self.memory.remove(index);
            }
        }
        true
    }

    fn settle(&mut self, take: &Take, is_kept: bool) {
        let was_there = self.memory.iter().any(|charge| charge.take == *take);
        let was_given_back = self.takes.iter().all(|other| other != take);
        self.end(take, is_kept);
        let outcomes = [Outcome {
            claim: self.claim(take),
            is_kept,
        }];
        self.ledger
            .settle(take.id, take.at_ms, &outcomes, self.now_ms);
        let lasts_ms = u64::from(take.reserved_ms).min(self.counts_for_ms());
        let still_reserved = take.at_ms + lasts_ms >= self.now_ms;
        // Forgotten in a crash, and it does count.
        if is_kept && take.reserved_ms > 0 && !was_there && still_reserved && !was_given_back {
            let charge = Charge {
                take: take.clone(),
                provisional_until_ms: 0,
                reserved_until_ms: 0,
            };
            self.memory.push(charge);
            self.is_exact &= !self.is_bucket();
        }
    }

    pub(super) fn save(&mut self, why: Saving) {
        let bytes = self.ledger.save(why);
        let mut charges = self.memory.clone();
        let certain = charges.iter().filter(|charge| !charge.is_reserved());
        let certain: Vec<Charge> = certain.cloned().collect();
        let is_used_up = self.model(&certain).remaining(self.now_ms) == 0;
        if why == Saving::Due {
            charges = certain;
        }
        self.handed_over = Some(Saved {
            charges,
            bytes,
            is_used_up,
        });
        // Nobody hears of anything before.
        if self.ledger.waits_for_disk() {
            self.confirm();
        }
    }

    fn confirm(&mut self) {
        if let Some(saved) = self.handed_over.take() {
            self.disk = saved;
        }
        self.ledger.confirmed();
    }

    /// Comes back as it is on disk; a write on its way is lost.
    fn restore(&mut self) {
        self.handed_over = None;
        self.ledger = snapshot::decode(&self.disk.bytes).unwrap();
        self.memory = self.disk.charges.clone();
    }

    pub(super) fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        let chosen = |which: Index| (!self.takes.is_empty()).then(|| which.index(self.takes.len()));
        match event {
            Event::Take {
                cost,
                provisional_ms,
                reserved_ms,
            } => {
                self.take(cost, provisional_ms, reserved_ms)?;
            }
            Event::Settle(which, is_kept) => {
                let settled = &mut self.settled_ms;
                let mut is_late_repeat = |take: &Take| {
                    // A message is repeated soon after or not at all.
                    let first_ms = *settled.entry(take.id).or_insert(self.now_ms);
                    self.now_ms - first_ms > 10_000
                };
                let take = chosen(which).map(|index| self.takes[index].clone());
                if let Some(take) = take.filter(|take| !is_late_repeat(take)) {
                    // A plain charge goes back, too, but not for as long as is said exactly.
                    if take.reserved_ms > 0
                        || is_kept
                        || self
                            .memory
                            .iter()
                            .any(|charge| charge.take == take && charge.is_pending())
                    {
                        self.settle(&take, is_kept);
                        // Twice is as once.
                        let outcomes = [Outcome {
                            claim: self.claim(&take),
                            is_kept,
                        }];
                        self.ledger
                            .settle(take.id, take.at_ms, &outcomes, self.now_ms);
                    }
                    if !is_kept {
                        self.takes.retain(|other| *other != take);
                    }
                }
            }
            Event::Stand(which) => {
                if let Some(take) = chosen(which).map(|index| self.takes[index].clone()) {
                    self.ledger.stand(&[take.id], self.now_ms);
                    let mut charges = self.memory.iter_mut();
                    if let Some(charge) = charges.find(|charge| charge.take == take) {
                        charge.provisional_until_ms = 0;
                    }
                }
            }
            Event::Cancel(which) => {
                if let Some(take) = chosen(which).map(|index| self.takes[index].clone()) {
                    let mut charges = self.memory.iter();
                    if charges.any(|charge| charge.take == take && charge.is_pending()) {
                        self.end(&take, false);
                        self.ledger.cancel(take.id, self.now_ms);
                        self.takes.retain(|other| *other != take);
                    }
                }
            }
            Event::Evict => {
                if self.ledger.has_unsaved() {
                    self.save(Saving::Idle);
                }
                self.confirm();
                let takes = |charges: &[Charge]| -> Vec<Take> {
                    charges.iter().map(|charge| charge.take.clone()).collect()
                };
                let before = takes(&self.memory);
                self.restore();
                prop_assert_eq!(takes(&self.memory), before, "an eviction forgets nothing");
            }
            Event::Confirm => self.confirm(),
            Event::Crash => self.restore(),
        }
        Ok(())
    }

    /// What a crash at this moment would do, and one in which a write on its way is not lost.
    pub(super) fn assert_bounded(&self) -> Result<(), TestCaseError> {
        let quota = u64::from(self.limit.quota());
        if let Some(handed_over) = &self.handed_over {
            self.assert_bounded_by(handed_over, &|permits| permits * 20 < quota)?;
        }
        self.assert_bounded_by(&self.disk, &|permits| permits * 20 <= quota)
    }

    fn assert_bounded_by(
        &self,
        saved: &Saved,
        is_bounded: &dyn Fn(u64) -> bool,
    ) -> Result<(), TestCaseError> {
        let ids = |charges: &[Charge]| {
            charges
                .iter()
                .map(|charge| charge.take.id)
                .collect::<Vec<_>>()
        };
        let (in_memory, on_disk) = (ids(&self.memory), ids(&saved.charges));
        let certain = |charge: &&Charge| !charge.is_reserved();
        let forgotten = self
            .memory
            .iter()
            .filter(|charge| !on_disk.contains(&charge.take.id));
        let forgotten = sum(forgotten.filter(certain));
        prop_assert!(
            forgotten == 0 || is_bounded(forgotten),
            "{} of {} forgotten",
            forgotten,
            self.limit.quota()
        );
        let resurrected = || {
            saved
                .charges
                .iter()
                .filter(|charge| !in_memory.contains(&charge.take.id))
        };
        prop_assert_eq!(sum(resurrected().filter(|charge| charge.is_reserved())), 0);
        let provisional = sum(resurrected());
        prop_assert!(
            provisional == 0 || is_bounded(provisional),
            "{} of {} too much",
            provisional,
            self.limit.quota()
        );
        let kept: Vec<Charge> = self.memory.iter().filter(certain).cloned().collect();
        if forgotten > 0 && self.is_exact && !saved.is_used_up {
            prop_assert!(
                self.model(&kept).remaining(self.now_ms) > 0,
                "the last permit was forgotten"
            );
        }
        Ok(())
    }
}
