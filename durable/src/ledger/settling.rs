//! What becomes of takes: they are settled, stand, or are cancelled.
//!
//! Each of these may arrive twice, late, or before the take itself, and then changes nothing that it should not. Strict
//! where something is unknown: a take that was forgotten in a crash was forgotten with its charge, and giving that back
//! would hand out a permit of somebody else's.

use super::{Claim, Decision, Ledger, MOST_PENDING, Outcome};
use crate::counter::{Counter, Settled};
use crate::limit::Limit;

/// The most takes that one message says to stand. Those beyond stand by themselves once their time is over.
const MOST_STANDING: usize = 256;

// === impl Ledger ===

impl Ledger {
    /// Settles the take of this `id`, decided at `taken_ms`: gives back the claims that are not kept, makes the kept ones
    /// charges, and says where the key stands then, claim by claim. A second settlement changes nothing. Of a take that
    /// this ledger does not know nothing is given back, and a reservation that is kept is charged if it still counts.
    pub fn settle(
        &mut self,
        id: u64,
        taken_ms: u64,
        outcomes: &[Outcome],
        now_ms: u64,
    ) -> Decision {
        self.observe(now_ms);
        let seen_ms = self.seen_ms;
        for Outcome { claim, is_kept } in outcomes {
            let counter = self.counters.get_mut(&claim.counter);
            let settled = counter.map_or(Settled::Unknown, |counter| {
                counter.settle(id, *is_kept, seen_ms)
            });
            match settled {
                Settled::OnDisk => self.must_save.note(),
                Settled::Unknown if *is_kept => self.charge_forgotten(id, taken_ms, claim),
                Settled::Known | Settled::Unknown => {}
            }
        }
        let claims: Vec<Claim> = outcomes.iter().map(|each| each.claim.clone()).collect();
        self.decision(&claims, now_ms, |_| None)
    }

    /// Charges a reservation that is kept and was forgotten. Once its time is over it may have become a charge before, or it
    /// counts no longer.
    fn charge_forgotten(&mut self, id: u64, taken_ms: u64, claim: &Claim) {
        let now_ms = self.seen_ms;
        let counts_for_ms = claim.limits.iter().map(Limit::counts_for_ms).max();
        let lasts_ms = u64::from(claim.reserved_ms).min(counts_for_ms.unwrap_or_default());
        let is_over = taken_ms.saturating_add(lasts_ms) < now_ms;
        if claim.reserved_ms > 0 && !is_over && !self.cancelled.contains(id) {
            let times_ms = (now_ms, taken_ms.min(now_ms));
            self.on(&claim.counter, |counter| {
                counter.charge_late(&claim.limits, times_ms, claim.cost);
                counter.remember(id, now_ms, 0);
            });
        }
    }

    /// Notes that these takes stand: they are no longer provisional. Reservations in them stay reservations.
    pub fn stand(&mut self, takes: &[u64], now_ms: u64) {
        self.observe(now_ms);
        for id in takes.iter().take(MOST_STANDING) {
            self.stand_one(*id);
        }
    }

    fn stand_one(&mut self, id: u64) {
        for counter in self.counters.values_mut() {
            counter.stand(id, self.seen_ms);
        }
    }

    /// Takes back whatever the take of this `id` took, since its answer did not arrive. A take that comes after its
    /// cancellation takes nothing.
    pub fn cancel(&mut self, id: u64, now_ms: u64) {
        self.observe(now_ms);
        let mut is_known = false;
        for counter in self.counters.values_mut() {
            let settled = counter.settle(id, false, self.seen_ms);
            is_known |= settled != Settled::Unknown;
            if settled == Settled::OnDisk {
                self.must_save.note();
            }
        }
        if !is_known {
            self.cancelled.remember(id, self.seen_ms, 0);
        }
    }

    /// Makes room for so many more that are pending: the oldest takes that are only provisional stand. False if there is none,
    /// since what is reserved is not known to count.
    pub(super) fn make_room(&mut self, more: usize) -> bool {
        let pending = |ledger: &Self| {
            ledger
                .counters
                .values()
                .map(Counter::pending)
                .sum::<usize>()
        };
        while pending(self).saturating_add(more) > MOST_PENDING {
            let counters = self.counters.values();
            let Some((_, id)) = counters.filter_map(Counter::oldest_provisional).min() else {
                return false;
            };
            self.stand_one(id);
        }
        true
    }
}
