//! What else can be asked of a ledger: peek, refund, reset, set, and the same thing twice.

use std::num::NonZeroU32;

use bouncer_durable::counter::Override;
use bouncer_durable::ledger::{Claim, Decision, Ledger, Outcome};
use bouncer_durable::message::{Operation, Request};
use bouncer_durable::{Algorithm, Limit};
use proptest::prelude::*;

use crate::model::Model;
use crate::traces::{arrivals, at_cost, claim, config, limit, limits, next_id, start_ms};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_refund_is_as_if_the_permits_had_never_been_taken(
        limit in limit(), start_ms in start_ms(), arrivals in arrivals(),
        refunds in prop::collection::vec(prop::option::weighted(0.3, any::<prop::sample::Index>()), 60),
    ) {
        let claims = [claim("c", &[limit])];
        let (mut ledger, mut model, mut now_ms) = (Ledger::default(), Model::new(limit), start_ms);
        let mut receipts: Vec<(u64, Decision, NonZeroU32)> = Vec::new();
        for ((step_ms, cost), refund) in arrivals.into_iter().zip(refunds) {
            now_ms += step_ms;
            if let Some(index) = refund
                && !receipts.is_empty()
            {
                let (id, receipt, cost) = receipts.swap_remove(index.index(receipts.len()));
                ledger.settle(id, receipt.now_ms, &given_back(&at_cost(&claims, cost)), now_ms);
                if receipt.refused().is_none() {
                    model.forget(receipt.now_ms, cost.get());
                }
            }
            let admits = model.admits(now_ms, cost.get());
            let id = next_id();
            let decision = ledger.take(id, &at_cost(&claims, cost), now_ms);
            if decision.refused().is_none() {
                prop_assert!(admits);
                model.admit(now_ms, cost.get());
            }
            // A bucket may give back less than was lost by now, and never more.
            let remaining = decision.claims[0][0].standing.remaining;
            if matches!(limit.algorithm(), Algorithm::TokenBucket { .. }) {
                prop_assert!(remaining <= model.remaining(now_ms));
            } else {
                prop_assert_eq!(decision.refused().is_none(), admits);
                prop_assert_eq!(remaining, model.remaining(now_ms));
            }
            receipts.push((id, decision, cost));
        }
    }

    #[test]
    fn a_refund_at_once_undoes_the_take_entirely(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(), cost in 1..5_u32,
    ) {
        let claims = [claim("c", &limits)];
        let cost = NonZeroU32::new(cost).unwrap();
        let (mut plain, mut refunded, mut now_ms) = (Ledger::default(), Ledger::default(), start_ms);
        for (step_ms, other_cost) in arrivals {
            now_ms += step_ms;
            let id = next_id();
            refunded.take(id, &at_cost(&claims, cost), now_ms);
            let after = refunded.settle(id, now_ms, &given_back(&at_cost(&claims, cost)), now_ms);
            let before = plain.peek(&at_cost(&claims, cost), now_ms);
            let standings = |decision: &Decision| decision.standings().map(|each| each.standing).collect::<Vec<_>>();
            prop_assert_eq!(standings(&after), standings(&before));
            prop_assert_eq!(
                refunded.take(next_id(), &at_cost(&claims, other_cost), now_ms),
                plain.take(next_id(), &at_cost(&claims, other_cost), now_ms)
            );
        }
    }

    #[test]
    fn a_message_that_arrives_twice_is_charged_once(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(), again_after in 0..5_usize,
    ) {
        let claims = vec![claim("c", &limits)];
        let (mut once, mut twice, mut now_ms) = (Ledger::default(), Ledger::default(), start_ms);
        let mut sent: Vec<(u64, Request)> = Vec::new();
        for (step_ms, cost) in arrivals {
            now_ms += step_ms.min(1_000);
            let take = Request { id: next_id(), operation: Operation::Take { claims: at_cost(&claims, cost), provisional_ms: 0, settled: Vec::new() } };
            let reply = take.clone().perform(&mut once, now_ms);
            prop_assert_eq!(take.clone().perform(&mut twice, now_ms), reply.clone());
            let was_admitted = matches!(&reply, bouncer_durable::message::Reply::Decision(d) if d.refused().is_none());
            if was_admitted {
                sent.push((now_ms, take));
            }
            // A repeat comes soon after or not at all.
            if let Some((at_ms, repeated)) = sent.iter().rev().nth(again_after)
                && now_ms - at_ms <= 10_000
            {
                repeated.clone().perform(&mut twice, now_ms);
            }
            prop_assert_eq!(&twice, &once);
        }
    }

    #[test]
    fn a_peek_tells_what_a_take_would_do_and_leaves_no_trace(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let claims = [claim("c", &limits)];
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let before = ledger.clone();
            let peeked = ledger.peek(&at_cost(&claims, cost), now_ms);
            prop_assert_eq!(&ledger, &before);
            let taken = ledger.take(next_id(), &at_cost(&claims, cost), now_ms);
            prop_assert_eq!(peeked.refused().map(|(by, why)| (by.limit, why)), taken.refused().map(|(by, why)| (by.limit, why)));
        }
    }

    #[test]
    fn an_override_holds_until_it_ends_and_what_was_used_stays_used(
        before in limits(), instead in limits(), start_ms in start_ms(), arrivals in arrivals(), lasts_ms in 1..20_000_u64,
    ) {
        let until_ms = start_ms + lasts_ms;
        let (mut overridden, mut asked, mut now_ms) = (Ledger::default(), Ledger::default(), start_ms);
        overridden.take(next_id(), &[claim("c", &before)], now_ms);
        asked.take(next_id(), &[claim("c", &before)], now_ms);
        let exception = Override { limits: instead.clone(), until_ms: Some(until_ms) };
        overridden.set("c", Some(exception), now_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            let holds = if now_ms < until_ms { &instead } else { &before };
            prop_assert_eq!(
                overridden.take(next_id(), &at_cost(&[claim("c", &before)], cost), now_ms),
                asked.take(next_id(), &at_cost(&[claim("c", holds)], cost), now_ms)
            );
        }
    }

    #[test]
    fn after_a_reset_a_counter_is_as_new_and_the_others_are_as_they_were(
        limits in limits(), start_ms in start_ms(), arrivals in arrivals(),
    ) {
        let (one, other) = ([claim("one", &limits)], [claim("other", &limits)]);
        let (mut ledger, mut now_ms) = (Ledger::default(), start_ms);
        for (step_ms, cost) in arrivals {
            now_ms += step_ms;
            ledger.take(next_id(), &at_cost(&one, cost), now_ms);
            ledger.take(next_id(), &at_cost(&other, cost), now_ms);
        }
        let before = ledger.peek(&other, now_ms);
        ledger.reset(Some("one"), now_ms);
        prop_assert_eq!(ledger.peek(&one, now_ms), Ledger::default().peek(&one, now_ms));
        prop_assert_eq!(ledger.peek(&other, now_ms), before);
        ledger.reset(None, now_ms);
        prop_assert_eq!(ledger.peek(&other, now_ms), Ledger::default().peek(&other, now_ms));
    }

    #[test]
    fn counters_do_not_see_each_other_however_their_requests_are_interleaved(
        one in limits(), other in limits(), start_ms in start_ms(), arrivals in arrivals(), turns: u64,
    ) {
        let (mut together, mut alone) = (Ledger::default(), [Ledger::default(), Ledger::default()]);
        let mut now_ms = start_ms;
        for (turn, (step_ms, cost)) in arrivals.into_iter().enumerate() {
            now_ms += step_ms;
            let which = usize::from(turns >> (turn % 64) & 1 == 1);
            let claims = if which == 0 { [claim("one", &one)] } else { [claim("other", &other)] };
            prop_assert_eq!(
                together.take(next_id(), &at_cost(&claims, cost), now_ms),
                alone[which].take(next_id(), &at_cost(&claims, cost), now_ms)
            );
        }
    }
}

/// The end of a take of which nothing is kept.
fn given_back(claims: &[Claim]) -> Vec<Outcome> {
    let claims = claims.iter().cloned();
    let given_back = claims.map(|claim| Outcome {
        claim,
        is_kept: false,
    });
    given_back.collect()
}

#[test]
fn an_override_without_end_is_kept_when_every_counter_has_expired() {
    let unlimited = Limit::parse_all("1000000/second").unwrap();
    let mut ledger = Ledger::default();
    ledger.set(
        "c",
        Some(Override {
            limits: unlimited,
            until_ms: None,
        }),
        0,
    );
    assert!(ledger.is_due(), "an override is saved at once");
    assert!(!ledger.expire(1_000_000_000));
    ledger.set("c", None, 1_000_000_000);
    assert!(ledger.expire(1_000_000_000));
}

#[test]
fn a_refund_gives_nothing_back_that_came_back_by_itself() {
    for (limit, algorithm) in crate::traces::ALGORITHMS.map(|algorithm| ("2/second", algorithm)) {
        let limit = Limit::parse_all(limit).unwrap()[0]
            .counted_by(algorithm)
            .unwrap();
        let claims = [claim("c", &[limit])];
        let mut ledger = Ledger::default();
        let id = next_id();
        let early = ledger.take(id, &at_cost(&claims, NonZeroU32::new(2).unwrap()), 10_000);
        assert_eq!(early.refused(), None);
        assert_eq!(
            ledger
                .take(
                    next_id(),
                    &at_cost(&claims, NonZeroU32::new(2).unwrap()),
                    20_000
                )
                .refused(),
            None
        );
        let given_back = given_back(&at_cost(&claims, NonZeroU32::new(2).unwrap()));
        ledger.settle(id, early.now_ms, &given_back, 20_000);
        assert!(
            ledger.take(next_id(), &claims, 20_000).refused().is_some(),
            "{algorithm:?}"
        );
    }
}
