use proptest::prelude::*;

use super::*;

const PX: [f64; 2] = [50.0, 550.0];

fn any_axis() -> impl Strategy<Value = Axis> {
    let magnitude = || (-3.0..6.0_f64).prop_map(|exponent| 10_f64.powf(exponent));
    prop_oneof![
        magnitude().prop_map(|high| Axis::upwards(high, PX)),
        magnitude().prop_map(|high| Axis::up_to(high, PX)),
        (magnitude(), magnitude()).prop_map(|(low, high)| Axis::log(low, high, PX)),
    ]
}

proptest! {
    #[test]
    fn whatever_the_value_it_is_drawn_inside_the_plot(axis in any_axis(), value in -1e9..1e9_f64) {
        let at = axis.at(value);
        prop_assert!((PX[0]..=PX[1]).contains(&at), "{at}");
    }

    #[test]
    fn a_higher_value_is_never_drawn_lower(axis in any_axis(), value in 0.0..1e6_f64, more in 0.0..1e6_f64) {
        prop_assert!(axis.at(value) <= axis.at(value + more));
    }

    #[test]
    fn there_are_some_labels_and_not_too_many(axis in any_axis()) {
        let labelled = axis.ticks().iter().filter(|tick| tick.labelled).count();
        prop_assert!((2..=11).contains(&labelled), "{labelled}");
    }
}

#[test]
fn labels_are_round() {
    let labels = |axis: Axis| -> Vec<f64> {
        let ticks = axis.ticks();
        let labelled = ticks.iter().filter(|tick| tick.labelled);
        labelled
            .map(|tick| (tick.value * 1_000.0).round() / 1_000.0)
            .collect()
    };
    assert_eq!(
        labels(Axis::up_to(60.0, PX)),
        [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    );
    assert_eq!(
        labels(Axis::upwards(37.0, PX)),
        [0.0, 10.0, 20.0, 30.0, 40.0]
    );
    assert_eq!(
        labels(Axis::log(1.3, 28_000.0, PX)),
        [1.0, 10.0, 100.0, 1_000.0, 10_000.0]
    );
    assert_eq!(
        labels(Axis::log(2.4, 31.0, PX)),
        [2.0, 5.0, 10.0, 20.0, 50.0]
    );
}
