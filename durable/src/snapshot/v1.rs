//! The first version: nothing is pending, and the messages of the last seconds are known by their identifiers alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::algorithm::State;
use crate::counter::{self, Override, Recent};
use crate::ledger;
use crate::limit::Limit;

pub(super) const VERSION: u8 = 1;

#[derive(Deserialize)]
pub(super) struct Ledger {
    counters: BTreeMap<String, Counter>,
    seen_ms: u64,
    /// Identifiers, and when they came.
    charged: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Counter {
    slots: Vec<Slot>,
    exception: Option<Override>,
}

#[derive(Deserialize)]
struct Slot {
    limit: Limit,
    state: State,
    asked_ms: u64,
}

impl From<Ledger> for ledger::Ledger {
    fn from(old: Ledger) -> Self {
        let counters = old.counters.into_iter().map(|(name, counter)| {
            let slots = counter.slots.into_iter();
            let slots = slots.map(|slot| (slot.limit, slot.state, slot.asked_ms));
            let counter = counter::Counter::restored(slots, counter.exception);
            (name, counter)
        });
        let mut known = Recent::default();
        for (id, at_ms) in old.charged {
            known.remember(id, at_ms, 0);
        }
        Self::restored(counters.collect(), old.seen_ms, known)
    }
}
