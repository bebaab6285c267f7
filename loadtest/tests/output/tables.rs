//! What a terminal shows of a scenario and of a comparison.

use anstream::adapter::strip_str;
use loadtest::compare::report::Comparison;
use loadtest::compare::table::Table as ComparisonTable;
use loadtest::scenario::table::Table as ScenarioTable;

use crate::synthetic::{self, Mood};

fn plain(of: &impl ToString) -> String {
    strip_str(&of.to_string()).to_string()
}

/// The words of the first line that begins so.
fn words<'a>(text: &'a str, beginning: &str) -> Vec<&'a str> {
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with(beginning));
    line.unwrap_or_else(|| panic!("{beginning}: {text}"))
        .split_whitespace()
        .collect()
}

#[test]
fn a_scenario_shows_each_side_by_class_and_by_route() {
    let report = synthetic::report(synthetic::PROTECTED);
    let page = plain(&ScenarioTable(&report));
    let (victims, attackers) = page.split_once("\nattackers: ").unwrap();

    let statistics = &report.victims.statistics;
    assert_eq!(
        words(victims, "served")[1],
        statistics.served.count.to_string()
    );
    assert_eq!(
        words(victims, "refused")[1],
        statistics.refused.count.to_string()
    );
    assert_eq!(
        words(victims, "failed"),
        ["failed", "0", "-", "-", "-", "-", "-", "-", "-"]
    );
    let search = words(attackers, "GET /api/v1/tasks/search");
    let of_search = &report.attack.routes["GET /api/v1/tasks/search"];
    assert_eq!(search[2], of_search.served.count.to_string());
    assert_eq!(search[10], of_search.refused.count.to_string());
    assert_eq!(search.len(), 12);
}

#[test]
fn a_side_that_asked_nothing_says_so() {
    let page = plain(&ScenarioTable(&synthetic::report(synthetic::CALM)));
    assert!(page.ends_with("\nattackers: no requests\n"), "{page}");
}

#[test]
fn every_line_of_a_table_is_as_wide_as_its_heading() {
    let page = plain(&ScenarioTable(&synthetic::report(synthetic::UNPROTECTED)));
    for table in page.split("\n\n").filter(|part| part.contains("p99/p50")) {
        let widths: Vec<_> = table
            .lines()
            .skip_while(|l| !l.contains("p99/p50"))
            .map(str::len)
            .collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
        assert!(widths[0] <= 120, "{table}");
    }
}

#[test]
fn a_comparison_puts_the_runs_side_by_side_with_their_ratios() {
    let comparison = synthetic::comparison();
    let page = plain(&ComparisonTable(&comparison));
    let p95 = words(&page, "p95");
    assert_eq!(p95.len(), 8, "{page}");
    let shorter: f64 = p95[3].parse().unwrap();
    assert!(
        (shorter / comparison.better.unwrap().p95 - 1.0).abs() < 0.01,
        "{page}"
    );
    let (_, attackers) = page.split_once("attackers were").unwrap();
    let refused = comparison
        .protected
        .attack
        .statistics
        .refused
        .count
        .to_string();
    assert_eq!(words(attackers, "refused (429)")[2..], ["0", &refused, "0"]);
    let cpu = comparison.unprotected.origin.unwrap().cpu_ms.to_string();
    assert_eq!(words(&page, "CPU, ms")[2], cpu);
}

#[test]
fn what_is_not_known_is_a_dash() {
    let none_served = synthetic::report(Mood {
        refused: 1_000,
        duration_s: 2,
        ..synthetic::PROTECTED
    });
    let mut comparison = Comparison::new(none_served.clone(), none_served.clone(), none_served);
    comparison.calm.origin = None;
    let page = plain(&ComparisonTable(&comparison));
    assert_eq!(words(&page, "p95"), ["p95", "-", "-", "-", "-", "-"]);
    assert_eq!(words(&page, "requests")[3], "-");
}
