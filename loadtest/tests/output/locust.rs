//! The CSV that tools for Locust read.

use loadtest::check::evidence::Evidence;
use loadtest::locust::write;
use loadtest::scenario::report::{Party, ScenarioReport};
use proptest::prelude::*;

use crate::checking::scratch;
use crate::synthetic::{self, Mood};

const COLUMNS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
    Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%";

fn csv_of(report: &ScenarioReport) -> String {
    let mut written = Vec::new();
    write::write(report, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn the_columns_are_those_of_locust_and_the_last_line_is_aggregated() {
    let report = synthetic::report(synthetic::PROTECTED);
    let csv = csv_of(&report);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], COLUMNS);
    assert_eq!(lines.len(), 1 + report.victims.routes.len() + 1);
    assert!(lines[1].starts_with("GET,/api/v1/tasks,"), "{}", lines[1]);
    let requests: u32 = report
        .victims
        .seconds
        .iter()
        .map(|s| s.served.count + s.refused + s.failed)
        .sum();
    assert!(
        lines[6].starts_with(&format!(",Aggregated,{requests},0,")),
        "{}",
        lines[6]
    );
    assert!(!csv.contains("N/A"), "{csv}");
}

#[test]
fn percentiles_never_fall_from_column_to_column() {
    let csv = csv_of(&synthetic::report(synthetic::UNPROTECTED));
    for line in csv.lines().skip(1) {
        let cells: Vec<f64> = line
            .split(',')
            .skip(2)
            .map(|cell| cell.parse().unwrap())
            .collect();
        let [minimum, average, maximum] = [cells[4], cells[3], cells[5]];
        assert!(minimum <= average && average <= maximum, "{line}");
        assert!(
            minimum <= cells[9] && cells[9..].is_sorted() && cells[19] >= maximum,
            "{line}"
        );
    }
}

#[test]
fn where_nothing_was_served_percentiles_are_not_available_as_locust_puts_it() {
    let mood = Mood {
        refused: 1_000,
        duration_s: 1,
        ..synthetic::PROTECTED
    };
    let csv = csv_of(&synthetic::report(mood));
    assert!(csv.ends_with(",Aggregated,40,0,0.0,0.0,0.0,0.0,0.0,40.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A\n"), "{csv}");
}

#[test]
fn a_report_read_back_from_its_json_says_the_same_and_writes_the_same_csv() {
    let report = synthetic::report(synthetic::UNPROTECTED);
    let read: ScenarioReport =
        serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    for (read, written) in [
        (&read.victims, &report.victims),
        (&read.attack, &report.attack),
    ] {
        assert!(read.statistics == written.statistics && read.routes == written.routes);
        assert!(read.seconds == written.seconds && read.finer == written.finer);
    }
    assert_eq!(csv_of(&read), csv_of(&report));
}

#[test]
fn a_report_of_before_the_finer_statistics_still_writes_what_it_knows() {
    let mut report = synthetic::report(synthetic::PROTECTED);
    report.victims = Party {
        finer: std::collections::BTreeMap::new(),
        ..report.victims
    };
    let csv = csv_of(&report);
    assert!(csv.lines().last().unwrap().contains(",N/A,"), "{csv}");
}

proptest! {
    // Each case makes two runs of histograms.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn our_csv_says_to_check_what_our_json_says(
        median_ms in 0.01..5_000.0_f64, spread in 0.0..2.0_f64,
        refused in prop_oneof![Just(0), 0..500_u32, Just(1_000)], failed in prop_oneof![Just(0), 0..500_u32],
    ) {
        let report = synthetic::report(Mood {
            median_ms, spread, refused, failed, duration_s: 2, attack_per_s: 3, ..synthetic::PROTECTED
        });
        let json = scratch("property.json", &serde_json::to_string(&report).unwrap());
        let csv = scratch("property_stats.csv", &csv_of(&report));
        let [json, csv] = [json, csv].map(|path| Evidence::read(&path).unwrap());
        prop_assert_eq!(
            (json.requests, json.failed, json.latency),
            (csv.requests, csv.failed, csv.latency)
        );
    }
}
