//! Several limits at once, refusals, and limits that change.

use std::num::NonZeroU32;

use bouncer_durable::ledger::{Claim, Ledger};
use bouncer_durable::{Algorithm, Limit};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{arrivals, at_cost, claim, config, limit, limits, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_refusal_changes_nothing_at_all(limits in limits(), start_ms in start_ms(), arrivals in arrivals()) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let before = ledger.clone();
            if ledger.take(next_id(), &at_cost(&claims, cost), now_ms).refused().is_some() {
                // A request that would be admitted anyway sees the same before and after.
                for later_ms in [0, 1, 999, 1_000, 5_000] {
                    let at_ms = now_ms + later_ms;
                    prop_assert_eq!(
                        ledger.clone().take(next_id(), &claims, at_ms),
                        before.clone().take(next_id(), &claims, at_ms)
                    );
                }
                prop_assert_eq!(ledger.has_unsaved(), before.has_unsaved());
            }
        }
    }

    #[test]
    fn several_limits_of_several_rules_are_charged_all_or_none_each_rule_at_its_cost(
        one in limits(), other in limits(), other_cost in 1..4_u32, start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let other_cost = NonZeroU32::new(other_cost).unwrap();
        let model = |limit: &Limit| Model::new(*limit);
        let mut models: Vec<(Model, Option<NonZeroU32>)> = one.iter().map(|limit| (model(limit), None)).collect();
        models.extend(other.iter().map(|limit| (model(limit), Some(other_cost))));
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let fits = |(model, own): &(Model, Option<NonZeroU32>)| model.admits(now_ms, own.unwrap_or(cost).get());
            let all_admit = models.iter().all(fits);
            let claims = [
                Claim { cost, ..claim("one", &one) },
                Claim { cost: other_cost, ..claim("other", &other) },
            ];
            let decision = ledger.take(next_id(), &claims, now_ms);
            prop_assert_eq!(decision.refused().is_none(), all_admit);
            for ((model, own), limit) in models.iter_mut().zip(decision.standings()) {
                if all_admit {
                    model.admit(now_ms, own.unwrap_or(cost).get());
                }
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
            let decision = ledger.take(next_id(), &at_cost(&[claim("c", &[before])], cost), now_ms);
            remaining = decision.claims[0][0].standing.remaining;
        }
        let used = before.quota() - remaining;
        let standing = ledger.peek(&[claim("c", &[after])], now_ms).claims[0][0].standing;
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
            let admitted = ledger.take(next_id(), &at_cost(&versions[turn % 2], cost), now_ms).refused().is_none();
            if admitted && turn % 2 == 0 {
                prop_assert!(model.admits(now_ms, cost.get()));
                model.admit(now_ms, cost.get());
            }
        }
    }
}
