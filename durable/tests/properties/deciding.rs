//! Several limits at once, refusals, and limits that change.

use std::num::NonZeroU32;

use bouncer_durable::ledger::Ledger;
use bouncer_durable::{Algorithm, Limit};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{arrivals, claim, config, limit, limits, next_id, start_ms};

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
    fn what_was_used_outlives_a_change_of_the_limit_unless_the_window_is_shorter(
        before in limit(), after in limit(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let (before, after) =
            if before.window_ms() <= after.window_ms() { (before, after) } else { (after, before) };
        let (mut ledger, mut now_ms, mut remaining) = (Ledger::default(), start_ms, before.quota());
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let decision = ledger.take(next_id(), &[claim("c", &[before])], now_ms, cost);
            remaining = decision.claims[0][0].standing.remaining;
        }
        let used = before.quota() - remaining;
        let standing = ledger.peek(&[claim("c", &[after])], now_ms, NonZeroU32::MIN).claims[0][0].standing;
        prop_assert!(standing.remaining <= after.quota().saturating_sub(used));
    }

    #[test]
    fn two_versions_of_a_policy_in_turns_hand_out_no_more_than_either(
        before in limit(), after in limit(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        // A bucket whose N changes is refilled at the rate that was asked for last, so of two buckets of one window no more
        // than the faster's can be said: here only their bursts differ.
        let is_bucket = |limit: Limit| matches!(limit.algorithm(), Algorithm::TokenBucket { .. });
        let after = if is_bucket(before) && is_bucket(after) && before.window_ms() == after.window_ms() {
            before.counted_by(after.algorithm()).unwrap()
        } else {
            after
        };
        let versions = [[claim("c", &[before])], [claim("c", &[after])]];
        let (mut ledger, mut now_ms, mut model) = (Ledger::default(), start_ms, Model::new(before));
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            let admitted = ledger.take(next_id(), &versions[turn % 2], now_ms, cost).refused().is_none();
            if admitted && turn % 2 == 0 {
                prop_assert!(model.admits(now_ms, cost.get()));
                model.admit(now_ms, cost.get());
            }
        }
    }
}
