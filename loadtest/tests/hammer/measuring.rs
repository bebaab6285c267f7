//! What is sent, what is timed, and how it is counted.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;
use tokio::time::sleep;

use crate::run::{hammer, hammer_json};
use crate::server::{Ending, Received, Server, answer, unhurried};

#[test]
fn what_is_served_and_what_is_refused_are_counted_apart_and_neither_is_a_failure() {
    let server = Server::serving_only(10);
    let results = hammer_json(&[&server.url, "-n", "60", "-c", "20", "--label", "before"]);

    assert_eq!(results["label"], "before");
    assert_eq!(results["requests"], 60);
    assert_eq!(results["served"]["count"], 10);
    assert_eq!(results["refused"]["count"], 50);
    assert_eq!(results["failed"], json!({ "count": 0 }));
    assert_eq!(results["status_counts"], json!({ "200": 10, "429": 50 }));
    assert_eq!(results["transport_errors"], json!({}));
    assert!(
        results["served_per_s"].as_f64().unwrap() < results["requests_per_s"].as_f64().unwrap()
    );
}

#[test]
fn as_many_requests_as_asked_for_are_under_way_at_once_and_no_more() {
    // Nothing is answered until eight requests are there: with fewer at once, all would time out.
    let together = Arc::new(Barrier::new(8));
    let (now, peak) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let seen = Arc::clone(&peak);
    let server = Server::start(move |_| {
        let (together, now, peak) = (Arc::clone(&together), Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            together.wait().await;
            now.fetch_sub(1, Ordering::SeqCst);
            answer(200, "")
        }
    });
    let results = hammer_json(&[&server.url, "-n", "80", "-c", "8", "--timeout-ms", "5000"]);

    assert_eq!(results["served"]["count"], 80);
    assert_eq!(results["connections"], 8);
    assert_eq!(seen.load(Ordering::SeqCst), 8);
}

#[test]
fn one_stalled_answer_in_fifty_shows_in_the_tail_and_not_in_the_median() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let stalls = asked.fetch_add(1, Ordering::Relaxed) == 25;
        async move {
            if stalls {
                sleep(Duration::from_millis(600)).await;
            }
            answer(200, "")
        }
    });
    let latency = &hammer_json(&[&server.url, "-n", "50", "-c", "2"])["served"];

    assert!(latency["p50_ms"].as_f64().unwrap() < 300.0, "{latency}");
    assert!(latency["p99_ms"].as_f64().unwrap() >= 600.0, "{latency}");
    assert!(latency["tail_ratio"].as_f64().unwrap() > 2.0, "{latency}");
}

#[test]
fn latency_runs_to_the_last_byte_of_the_body() {
    let server = Server::start(|_| async { unhurried(Ending::Late(Duration::from_millis(200))) });
    let latency = &hammer_json(&[&server.url, "-n", "2", "-c", "2"])["served"];
    assert!(latency["p50_ms"].as_f64().unwrap() >= 200.0, "{latency}");
}

#[test]
fn a_body_that_is_cut_off_is_a_failure_whatever_its_status() {
    let server = Server::start(|_| async { unhurried(Ending::Cut) });
    let run = hammer(&[&server.url, "-n", "2", "-c", "2", "--json", "-"]);
    assert_eq!(run.json()["transport_errors"], json!({ "closed_early": 2 }));
}

#[test]
fn a_timeout_is_a_failure_and_does_not_spoil_the_next_request() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let stalls = asked.fetch_add(1, Ordering::Relaxed) < 2;
        async move {
            if stalls {
                pending::<()>().await;
            }
            answer(200, "")
        }
    });
    let results = hammer_json(&[&server.url, "-n", "6", "-c", "2", "--timeout-ms", "500"]);

    assert_eq!(results["transport_errors"], json!({ "timeout": 2 }));
    assert_eq!(
        (&results["failed"]["count"], &results["served"]["count"]),
        (&json!(2), &json!(4))
    );
    assert!(results["failed"]["p50_ms"].as_f64().unwrap() >= 500.0);
    assert_eq!(results["connections"], 4);
}

#[test]
fn errors_fail_and_redirects_are_neither_failed_nor_followed() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let turn = asked.fetch_add(1, Ordering::Relaxed);
        async move { answer([302, 404, 500, 200][turn as usize], "") }
    });
    let results = hammer_json(&[&server.url, "-n", "4", "-c", "1"]);

    assert_eq!(
        results["status_counts"],
        json!({ "200": 1, "302": 1, "404": 1, "500": 1 })
    );
    assert_eq!(
        (&results["failed"]["count"], &results["served"]["count"]),
        (&json!(2), &json!(2))
    );
}

#[test]
fn a_server_that_closes_after_every_answer_costs_connections_and_not_failures() {
    let server = Server::start(|_| async {
        let mut closing = answer(200, "");
        closing
            .headers_mut()
            .insert("connection", "close".parse().unwrap());
        closing
    });
    let results = hammer_json(&[&server.url, "-n", "20", "-c", "4"]);
    assert_eq!(results["served"]["count"], 20);
    assert_eq!(results["connections"], 20);
}

#[test]
fn method_headers_and_body_arrive_as_given() {
    let server = Server::start(|request: Received| async move {
        let given = request.method == "POST"
            && request.body == r#"{"title":"x"}"#
            && request.headers["authorization"] == "Bearer t";
        answer(if given { 201 } else { 400 }, "")
    });
    let results = hammer_json(&[
        &server.url,
        "-n",
        "3",
        "-c",
        "1",
        "-X",
        "POST",
        "-H",
        "Authorization: Bearer t",
        "--body",
        r#"{"title":"x"}"#,
    ]);
    assert_eq!(results["status_counts"], json!({ "201": 3 }));
}
