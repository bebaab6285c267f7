use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn shape(seed: u64) -> Shape {
    Shape {
        seed,
        users: 50,
        impatient_percent: 20,
        ramp_s: 10,
        duration_s: 600,
        attackers: 6,
        attack_per_s: 20,
    }
}

fn users(plan: &Plan) -> impl Iterator<Item = &Actor> {
    let actors = plan.actors.iter();
    actors.filter(|actor| actor.manner.side() == Side::Victim)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_same_seed_is_the_same_plan_and_another_is_another(seed: u64, other: u64) {
        prop_assume!(seed != other);
        prop_assert_eq!(Plan::new(shape(seed)), Plan::new(shape(seed)));
        prop_assert_ne!(Plan::new(shape(seed)), Plan::new(shape(other)));
    }

    #[test]
    fn an_attack_changes_nothing_for_the_users(seed: u64) {
        let calm = Shape { attackers: 0, ..shape(seed) };
        let attacked = Plan::new(shape(seed));
        let users: Vec<Actor> = users(&attacked).cloned().collect();
        prop_assert_eq!(users, Plan::new(calm).actors);
    }

    #[test]
    fn everything_is_due_in_order_after_its_client_has_come_and_before_the_end(seed: u64) {
        for actor in Plan::new(shape(seed)).actors {
            prop_assert!(actor.steps.is_sorted_by_key(|step| step.due_us));
            for step in &actor.steps {
                prop_assert!(step.due_us > actor.arrives_us && step.due_us < 600_000_000);
            }
        }
    }

    #[test]
    fn a_user_thinks_for_half_a_second_to_two(seed: u64) {
        for actor in users(&Plan::new(shape(seed))) {
            for pair in actor.steps.windows(2) {
                prop_assert!(THINKS_US.contains(&(pair[1].due_us - pair[0].due_us)));
            }
        }
    }
}

/// How many of a thousand.
fn shares<K: Ord>(of: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    let mut all = 0;
    for each in of {
        *counts.entry(each).or_insert(0) += 1;
        all += 1;
    }
    counts
        .into_iter()
        .map(|(each, count)| (each, count * 1_000 / all))
        .collect()
}

#[test]
fn of_nine_clicks_five_list_two_look_one_makes_and_one_searches() {
    let plan = Plan::new(shape(7));
    let steps = users(&plan).flat_map(|actor| &actor.steps);
    let shares = shares(steps.map(|step| step.action.route()));
    for (route, ninths) in [
        ("GET /api/v1/tasks", 5),
        ("GET /api/v1/tasks/{id}", 2),
        ("POST /api/v1/tasks", 1),
        ("GET /api/v1/tasks/search", 1),
    ] {
        let expected = ninths * 1_000 / 9;
        assert!(shares[route].abs_diff(expected) < 15, "{shares:?}");
    }
}

#[test]
fn one_user_in_five_is_impatient_and_attackers_take_turns() {
    let plan = Plan::new(shape(7));
    let impatient = users(&plan).filter(|user| user.manner == Manner::Impatient);
    assert_eq!(impatient.count(), 10);
    let attackers: Vec<Manner> = plan.actors[50..].iter().map(|each| each.manner).collect();
    assert_eq!(attackers, [ATTACKS, ATTACKS].concat());
}

#[test]
fn an_attacker_sends_as_many_a_second_as_he_is_told_to() {
    for attacker in &Plan::new(shape(7)).actors[50..] {
        // A Poisson process: 12,000 of them, give or take five times their square root.
        assert!(attacker.steps.len().abs_diff(12_000) < 550);
    }
}

#[test]
fn nobody_shares_an_address_or_an_account() {
    let plan = Plan::new(shape(7));
    let distinct = |of: fn(&Actor) -> &str| {
        let all: std::collections::BTreeSet<_> = plan.actors.iter().map(of).collect();
        all.len()
    };
    assert_eq!(distinct(|actor| &actor.address), 56);
    assert_eq!(distinct(|actor| &actor.username), 56);
}
