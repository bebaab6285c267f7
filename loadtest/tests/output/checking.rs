//! `loadtest check`, the binary, on files.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::synthetic;

mod files;

/// What the binary said.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn check(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .arg("check")
        .args(arguments)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    folder.join(name).to_str().unwrap().to_owned()
}

/// A file of its own for each test, in the folder that cargo keeps for them.
pub(crate) fn scratch(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The lines that begin with this word.
fn lines(run: &Run, word: &str) -> Vec<String> {
    let lines = run.stdout.lines().filter(|line| line.starts_with(word));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_good_run_passes_every_threshold_and_exits_with_0() {
    let run = check(&[&fixture("good.json")]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(lines(&run, "PASS").len(), 4, "{}", run.stdout);
    assert_eq!(lines(&run, "FAIL").len(), 0, "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "colour in a pipe");
}

#[test]
fn a_bad_run_says_what_it_missed_and_exits_with_1() {
    let run = check(&[&fixture("bad.json")]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let missed = lines(&run, "FAIL");
    assert_eq!(missed.len(), 3, "{}", run.stdout);
    assert_eq!(lines(&run, "WARN").len(), 1, "{}", run.stdout);
    assert!(missed[0].ends_with(" ms, at most 200 ms"), "{}", missed[0]);
    assert!(
        run.stderr.contains("3 of 4 thresholds missed"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_switched_off_is_not_asked() {
    let off = [
        "--p95-ms",
        "none",
        "--p99-ms",
        "none",
        "--failures-percent",
        "none",
        "--tail-ratio",
        "50",
    ];
    let run = check(&[&[fixture("bad.json").as_str()], &off[..]].concat());
    assert_eq!(
        (run.code, lines(&run, "PASS").len()),
        (0, 1),
        "{}",
        run.stdout
    );
}

#[test]
fn a_run_is_held_to_its_baseline() {
    let (good, bad) = (fixture("good.json"), fixture("bad.json"));
    let same = check(&[&good, "--baseline", &good]);
    assert_eq!(
        (same.code, lines(&same, "PASS").len()),
        (0, 7),
        "{}",
        same.stdout
    );

    let worse = check(&[&bad, "--baseline", &good, "--p95-ms", "none"]);
    assert_eq!(worse.code, 1);
    assert!(
        worse.stdout.contains(" times the baseline's "),
        "{}",
        worse.stdout
    );

    let across = check(&[&good, "--baseline", &fixture("locust_stats.csv")]);
    assert_eq!(across.code, 0, "{}", across.stdout);
}

#[test]
fn of_a_comparison_the_protected_run_is_judged() {
    let comparison = serde_json::to_string(&synthetic::comparison()).unwrap();
    let file = scratch("comparison.json", &comparison);
    let run = check(&[file.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("protected run of a comparison"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_run_of_hammer_is_judged_by_what_it_served() {
    let hammered = json!({
        "method": "GET", "url": "http://x/", "requests": 200,
        "served": { "count": 10, "p50_ms": 5.0, "p90_ms": 6.0, "p95_ms": 7.0, "p99_ms": 9.0, "p99_9_ms": 9.0, "max_ms": 9.0,
            "tail_ratio": 1.8 },
        "refused": { "count": 190, "p50_ms": 900.0, "p90_ms": 900.0, "p95_ms": 900.0, "p99_ms": 900.0, "p99_9_ms": 900.0,
            "max_ms": 900.0, "tail_ratio": 1.0 },
        "failed": { "count": 0 },
        "status_counts": { "200": 10, "429": 190 }, "transport_errors": {}, "refusal": null,
    });
    let run = check(&[scratch("hammer.json", &hammered.to_string())
        .to_str()
        .unwrap()]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("PASS p95 7 ms, at most 200 ms"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("190 were refused (429), which is no failure")
    );
}

#[test]
fn a_run_in_which_nothing_was_served_fails() {
    let mood = synthetic::Mood {
        refused: 1_000,
        failed: 0,
        duration_s: 2,
        ..synthetic::PROTECTED
    };
    let all_refused = serde_json::to_string(&synthetic::report(mood)).unwrap();
    let file = scratch("all-refused.json", &all_refused);
    let file = file.to_str().unwrap();
    let run = check(&[file]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("FAIL served 0 of 80 requests, at least 1"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("FAIL p95 unknown"), "{}", run.stdout);

    let baseline = check(&[&fixture("good.json"), "--baseline", file]);
    assert_eq!(baseline.code, 2);
    assert!(
        baseline
            .stderr
            .contains("a baseline must be a run that worked"),
        "{}",
        baseline.stderr
    );
}

#[test]
fn a_wrong_threshold_exits_with_2_and_says_what_to_write() {
    let run = check(&[&fixture("good.json"), "--p95-ms", "fast"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("or `none` to switch it off"),
        "{}",
        run.stderr
    );
    assert_eq!(check(&[&fixture("good.json"), "--p95-times", "2"]).code, 2);
}
