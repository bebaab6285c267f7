//! What a ledger is asked, and what it answers.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::algorithm::{Refused, Standing};
use crate::limit::Limit;

/// One rule's claim on a ledger: a counter, and the limits it is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The counter's name: the rule's, or that of the bucket it shares.
    pub counter: String,
    /// The limits, each with a window of its own length.
    pub limits: Vec<Limit>,
    /// Permits under each of them.
    pub cost: NonZeroU32,
    /// Milliseconds that the charge is only reserved, since the rule counts some outcomes and the outcome is not known
    /// yet. A reservation is settled within that time, or stands as a charge after it. 0: a charge from the start.
    pub reserved_ms: u32,
}

/// The end of one claim of an admitted take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The claim, as it was taken.
    pub claim: Claim,
    /// `true` if it stays charged, `false` if it is given back.
    pub is_kept: bool,
}

/// The answer to a request for permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was made, by the clock of the object, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// For each claim, in the order in which they were asked, where the key stands under each limit that holds.
    pub claims: Vec<Vec<LimitStanding>>,
}

/// Where the key stands under one limit after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStanding {
    /// The limit: that of the claim, or of an override.
    pub limit: Limit,
    /// Remaining permits and when more come back.
    pub standing: Standing,
    /// Why this limit refused, if it did.
    pub refused: Option<Refused>,
    /// `true` if this limit refused and would have admitted the same cost without the reservations and provisional
    /// charges of others, which may be given back at any moment. Such a refusal is not to be remembered.
    pub is_unsettled: bool,
}

// === impl Decision ===

impl Decision {
    /// Every standing, claim by claim.
    pub fn standings(&self) -> impl Iterator<Item = &LimitStanding> {
        self.claims.iter().flatten()
    }

    /// The limit that refused, and why: the one with the longest wait, the first of those if several. `None` when the
    /// cost was taken.
    #[must_use]
    pub fn refused(&self) -> Option<(&LimitStanding, Refused)> {
        let refusals = self
            .standings()
            .filter_map(|each| Some((each, each.refused?)));
        refusals.reduce(|longest, next| if next.1 > longest.1 { next } else { longest })
    }

    /// Refuses what would be admitted, since there is no room to note it, until requests that are under way have ended.
    pub(super) fn refuse_for_now(&mut self, retry_ms: u64) {
        for each in self.claims.iter_mut().flatten() {
            each.refused = Some(Refused::Until { retry_ms });
            each.is_unsettled = true;
        }
    }

    /// Lets time pass, so that the standings can be shown beside one of this later moment. What may have come back
    /// meanwhile is not shown, and a refusal stays what it was.
    pub fn pass_to(&mut self, now_ms: u64) {
        let passed_ms = now_ms.saturating_sub(self.now_ms);
        self.now_ms = self.now_ms.max(now_ms);
        for LimitStanding { standing, .. } in self.claims.iter_mut().flatten() {
            standing.more_ms = standing.more_ms.saturating_sub(passed_ms);
            standing.full_ms = standing.full_ms.saturating_sub(passed_ms);
        }
    }
}

// === impl LimitStanding ===

impl LimitStanding {
    /// The same, by a clock that shows a moment earlier by `behind_ms`: every wait is so much longer.
    #[must_use]
    pub(super) fn later_by(mut self, behind_ms: u64) -> Self {
        for wait_ms in [&mut self.standing.more_ms, &mut self.standing.full_ms] {
            if *wait_ms > 0 {
                *wait_ms = wait_ms.saturating_add(behind_ms);
            }
        }
        if let Some(Refused::Until { retry_ms }) = &mut self.refused {
            *retry_ms = retry_ms.saturating_add(behind_ms);
        }
        self
    }
}
