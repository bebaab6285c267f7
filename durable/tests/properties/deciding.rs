//! Several limits at once, refusals, and limits that change.

use std::num::NonZeroU32;

use bouncer_durable::Limit;
use bouncer_durable::ledger::Ledger;
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{algorithm, arrivals, claim, config, limit, limits, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_refusal_changes_nothing_at_all(limits in limits(), start_ms in start_ms(), arrivals in arrivals()) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let before = ledger.clone();
            if ledger.take(next_id(), &claims, now_ms, cost).refused().is_some() {
                // A request that would be admitted anyway sees the same before and after.
                for later_ms in [0, 1, 999, 1_000, 5_000] {
                    let at_ms = now_ms + later_ms;
                    prop_assert_eq!(
                        ledger.clone().take(next_id(), &claims, at_ms, NonZeroU32::MIN),
                        before.clone().take(next_id(), &claims, at_ms, NonZeroU32::MIN)
                    );
                }
                prop_assert_eq!(ledger.has_unsaved(), before.has_unsaved());
            }
        }
    }

    #[test]
    fn several_limits_of_several_rules_are_charged_all_or_none(
        one in limits(), other in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("one", &one), claim("other", &other)];
        let mut models: Vec<Model> = one.iter().chain(&other).copied().map(Model::new).collect();
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let all_admit = models.iter().all(|model| model.admits(now_ms, cost.get()));
            let decision = ledger.take(next_id(), &claims, now_ms, cost);
            prop_assert_eq!(decision.refused().is_none(), all_admit);
            if all_admit {
                for model in &mut models {
                    model.admit(now_ms, cost.get());
                }
            }
            for (model, limit) in models.iter().zip(decision.standings()) {
                prop_assert_eq!(limit.standing.remaining, model.remaining(now_ms));
            }
        }
    }

    #[test]
    fn what_was_used_outlives_a_change_of_the_limit(
        before in limit(), permits in 0..12_u32, to in algorithm(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let after = Limit::parse_all(&format!("{permits}/{} seconds", before.window_ms() / 1_000)).unwrap()[0];
        let after = after.counted_by(to).unwrap();
        let (mut ledger, mut now_ms, mut remaining) = (Ledger::default(), start_ms, before.quota());
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            remaining = ledger.take(next_id(), &[claim("c", &[before])], now_ms, cost).claims[0][0].standing.remaining;
        }
        let used = before.quota() - remaining;
        let decision = ledger.take(next_id(), &[claim("c", &[after])], now_ms, NonZeroU32::new(after.quota() + 1).unwrap());
        prop_assert!(decision.claims[0][0].standing.remaining <= after.quota().saturating_sub(used));
    }
}
