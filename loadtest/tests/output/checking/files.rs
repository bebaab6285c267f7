//! Files that are not ours, or damaged.

use super::{check, fixture, scratch};

#[test]
fn locusts_failures_that_are_refusals_are_taken_off_and_a_line_says_so() {
    let run = check(&[&fixture("locust_stats.csv")]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .contains("187 of 190 failures were refusals (429) by locust_failures.csv"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("PASS failures 0.15 %, at most 1 %"),
        "{}",
        run.stdout
    );
}

#[test]
fn without_the_list_of_failures_a_line_says_that_refusals_could_not_be_told_apart() {
    let stats = std::fs::read_to_string(fixture("locust_stats.csv")).unwrap();
    let alone = scratch("alone_stats.csv", &stats);
    let run = check(&[alone.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("there is no alone_failures.csv beside it"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("FAIL failures 9.5 %, at most 1 %"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_file_that_cannot_be_judged_exits_with_2_and_says_what_was_expected_and_found() {
    let no_aggregate = "Type,Name,Request Count,Failure Count,50%,95%,99%\nGET,/,1,0,5,6,7\n";
    let wordy = "Type,Name,Request Count,Failure Count,50%,95%,99%\n,Aggregated,1,0,fast,6,7\n";
    let more_failed = "Type,Name,Request Count,Failure Count,50%,95%,99%\n,Aggregated,1,2,5,6,7\n";
    for (name, text, advice) in [
        ("empty", "", "found a file that begins with ''"),
        (
            "page.html",
            "<!doctype html>",
            "begins with '<!doctype html>'",
        ),
        (
            "half.json",
            r#"{"victims": {"#,
            "was it written to the end?",
        ),
        ("other.json", r#"{"a": 1, "b": 2}"#, "found a, b"),
        ("bare.json", "{}", "found no field at all"),
        (
            "thin.json",
            r#"{"victims": {}}"#,
            "the results of `loadtest scenario`: missing field",
        ),
        (
            "thinner.json",
            r#"{"protected": 1}"#,
            "the results of `loadtest compare`: invalid type",
        ),
        (
            "gap.json",
            r#"{"served": {"count": 3, "p50_ms": 1}, "refused": {"count": 0}, "failed": {"count": 0}, "status_counts": {},
                "transport_errors": {}}"#,
            "3 requests served, and its percentiles of them are not all there",
        ),
        (
            "status.json",
            r#"{"served": {"count": 0}, "refused": {"count": 0}, "failed": {"count": 0}, "status_counts": {"ok": 3},
                "transport_errors": {}}"#,
            "'ok' is not a status code",
        ),
        (
            "history.csv",
            "Timestamp,User Count,Type,Name\n",
            "begins with 'Timestamp,",
        ),
        (
            "lines_stats.csv",
            no_aggregate,
            "it has no line named Aggregated",
        ),
        (
            "words_stats.csv",
            wordy,
            "the column 50% of the line Aggregated is 'fast'",
        ),
        (
            "edited_stats.csv",
            more_failed,
            "2 failures among 1 requests",
        ),
    ] {
        let run = check(&[scratch(name, text).to_str().unwrap()]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
        assert!(run.stderr.contains(advice), "{name}: {}", run.stderr);
    }
    let run = check(&["/no/such/file.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("name a file that exists"),
        "{}",
        run.stderr
    );
}
