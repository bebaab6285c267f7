//! The page for the browser.

use loadtest::compare::report::Comparison;
use loadtest::html;

use crate::synthetic::{self, Mood};

fn occurrences(page: &str, of: &str) -> usize {
    page.matches(of).count()
}

#[test]
fn the_verdict_names_the_ratios_of_the_comparison() {
    let comparison = synthetic::comparison();
    let page = html::comparison(&comparison);
    let (_, h1) = page.split_once("<h1>").unwrap();
    let (h1, _) = h1.split_once("</h1>").unwrap();
    let ratio = comparison.better.unwrap().p95;
    assert!(
        h1.contains(&format!(": {ratio:.0} times shorter, and ")),
        "{h1}"
    );
    assert!(
        h1.contains(&format!(
            "{:.2} times what they take when nobody attacks",
            comparison.of_calm.unwrap().p95
        )),
        "{h1}"
    );
}

#[test]
fn a_latency_that_grew_is_not_called_shorter() {
    let comparison = synthetic::comparison();
    let swapped = Comparison::new(
        comparison.calm,
        comparison.unprotected,
        comparison.protected,
    );
    let page = html::comparison(&swapped);
    assert!(page.contains(" times longer"));
    assert!(!page.contains(" times shorter"));
}

#[test]
fn a_page_needs_nothing_from_outside_and_runs_nothing() {
    let page = html::comparison(&synthetic::comparison());
    for outside in [
        "<script", "<link", "<img", "@import", "url(", "src=", "href=", "https:",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn what_came_from_outside_is_escaped() {
    let mut report = synthetic::report(Mood {
        duration_s: 2,
        ..synthetic::PROTECTED
    });
    let hostile = "</title><script>alert('\"x\"')</script>";
    hostile.clone_into(&mut report.label);
    hostile.clone_into(&mut report.url);
    let of_route = report.victims.routes["POST /api/v1/tasks"].clone();
    report.victims.routes.insert(hostile.to_owned(), of_route);
    let page = html::scenario(&report);
    assert_eq!(occurrences(&page, "<script"), 0);
    assert_eq!(occurrences(&page, "&lt;script&gt;"), 4);
}

#[test]
fn every_plot_says_to_a_screen_reader_what_it_is_and_its_marks_have_titles() {
    let page = html::comparison(&synthetic::comparison());
    let plots = occurrences(&page, "<svg");
    assert_eq!(plots, 2 + 2 + 2);
    assert_eq!(
        occurrences(&page, r#"role="img" aria-label=""#),
        plots + 3 + 2 + 2
    );
    assert!(page.contains("<title>protected, second 59: p95"));
    assert!(page.contains(", refused (429): "));
}

#[test]
fn seconds_are_put_together_when_there_are_too_many_to_see() {
    let mood = Mood {
        duration_s: 200,
        attack_per_s: 0,
        ..synthetic::PROTECTED
    };
    let page = html::scenario(&synthetic::report(mood));
    assert!(page.contains("<title>second 0 to 2, served: "));
    assert!(page.contains("<title>second 198 to 199, served: "));
}

#[test]
fn a_run_in_which_nothing_happened_still_has_a_page() {
    let mood = Mood {
        duration_s: 0,
        ..synthetic::CALM
    };
    let mut report = synthetic::report(mood);
    report.origin = None;
    let page = html::scenario(&report);
    assert!(page.contains("No victim was served"));
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    let nothing = Comparison::new(report.clone(), report.clone(), report);
    let page = html::comparison(&nothing);
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}
