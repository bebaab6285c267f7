//! What a person or a script gets to see: the page, the JSON, the refusal, the exit code.

use serde_json::json;

use crate::run::{hammer, hammer_json, with_open_files};
use crate::server::{Server, dead_url};

#[test]
fn the_page_has_one_row_for_each_class_and_a_dash_where_there_is_nothing() {
    let server = Server::serving_only(10);
    let run = hammer(&[
        &server.url,
        "-n",
        "30",
        "-c",
        "5",
        "--label",
        "after: with limits",
    ]);

    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("after: with limits\nGET http://127.0.0.1:"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("answers: 200 x 10, 429 x 20\n"),
        "{}",
        run.stdout
    );
    let row = |name: &str| -> Vec<_> {
        run.stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .split_whitespace()
            .collect()
    };
    assert_eq!(row("served")[1], "10");
    assert_eq!(row("refused")[1], "20");
    assert_eq!(
        row("failed"),
        ["failed", "0", "-", "-", "-", "-", "-", "-", "-"]
    );
    assert!(!run.stdout.contains('\u{1b}'), "colour in a pipe");
}

#[test]
fn the_first_refusal_is_shown_whole() {
    let server = Server::serving_only(1);
    let run = hammer(&[&server.url, "-n", "5", "-c", "1", "--show-refusal"]);

    let (_, refusal) = run.stdout.split_once("The first refusal:\n\n").unwrap();
    let (head, body) = refusal.split_once("\n\n").unwrap();
    let lines: Vec<_> = head.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "HTTP/1.1 429 Too Many Requests",
            "x-first: 1",
            "retry-after: 45",
            "a-last: 2"
        ]
    );
    assert_eq!(body, "{\"error\":\"rate_limit_exceeded\"}\n");
}

#[test]
fn json_alone_on_stdout_holds_the_refusal_too() {
    let server = Server::serving_only(1);
    let results = hammer_json(&[&server.url, "-n", "5", "-c", "1", "--show-refusal"]);
    assert_eq!(
        results["refusal"]["status_line"],
        "HTTP/1.1 429 Too Many Requests"
    );
    assert_eq!(
        results["refusal"]["headers"][1],
        json!(["retry-after", "45"])
    );
    assert_eq!(
        results["refusal"]["body"],
        r#"{"error":"rate_limit_exceeded"}"#
    );
}

#[test]
fn json_in_a_file_comes_beside_the_page() {
    let server = Server::serving_only(1);
    let file = std::env::temp_dir().join(format!("loadtest-{}.json", std::process::id()));
    let run = hammer(&[
        &server.url,
        "-n",
        "3",
        "-c",
        "1",
        "--json",
        file.to_str().unwrap(),
    ]);
    let written = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();

    assert!(run.stdout.contains("served"));
    let results: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(results["refused"]["count"], 2);
    assert_eq!(results["refusal"], json!(null));
}

#[test]
fn a_port_where_nothing_listens_exits_with_one_and_says_what_to_check() {
    let (url, port) = dead_url();
    let run = hammer(&[&url, "-n", "3", "-c", "3"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("answers: connection refused x 3\n"),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stderr,
        format!(
            "error: no request got an HTTP answer (connection refused): check the URL, and that an HTTP server listens on \
             127.0.0.1 port {port}\n"
        )
    );
}

#[test]
fn a_wrong_argument_exits_with_two_and_says_what_to_change() {
    for (arguments, advice) in [
        (&["localhost:8787"][..], "must begin with http://"),
        (&["https://localhost:8787"], "without TLS"),
        (&["http://localhost", "-H", "Accept"], "'Name: value'"),
        (&["http://localhost", "-c", "0"], "0 is not in 1.."),
        (&["http://localhost", "-n", "0"], "0 is not in 1.."),
        (
            &["http://localhost", "--json", "/no/such/folder/x.json"],
            "a folder that exists",
        ),
    ] {
        let run = hammer(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(advice), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn more_concurrency_than_the_machine_can_carry_is_refused_before_the_first_request() {
    let server = Server::serving_only(0);
    let run = with_open_files(30, &[&server.url, "-n", "100", "-c", "100"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .contains("of 100 connections could be opened: lower --concurrency"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
}
