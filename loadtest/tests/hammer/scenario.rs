//! `loadtest scenario`: what is due when, and how it is counted, against a server that does as each test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::run::{scenario, scenario_json};
use crate::server::{Answer, Received, Server, answer};

/// What a Task Manager would say, with one task.
fn task_manager(request: &Received) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/api/v1/auth/login") if request.body.windows(5).any(|part| part == b"horse") => {
            answer(
                200,
                r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#,
            )
        }
        ("POST", "/api/v1/auth/login") => answer(401, "{}"),
        ("GET", "/api/v1/tasks" | "/api/v1/tasks/search") => answer(200, r#"[{"id":7}]"#),
        ("GET", "/api/v1/tasks/7" | "/api/v1/tasks/export") => answer(200, "{}"),
        ("POST", "/api/v1/tasks") => answer(201, "{}"),
        _ => answer(404, "{}"),
    }
}

fn address(request: &Received) -> String {
    let address = request.headers["cf-connecting-ip"].to_str();
    address.unwrap().to_owned()
}

fn count(of: &Value) -> u64 {
    of["count"].as_u64().unwrap()
}

#[test]
fn users_log_in_once_and_use_what_they_are_given() {
    let seen = Arc::new(Mutex::new(BTreeMap::<String, Vec<String>>::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |request| {
        let what = format!("{} {}", request.method, request.path);
        let mut log = log.lock().unwrap();
        log.entry(address(&request)).or_default().push(what);
        if request.path != "/api/v1/auth/login" {
            assert_eq!(request.headers["authorization"], "Bearer t");
        }
        let answer = task_manager(&request);
        async move { answer }
    });
    let results = scenario_json(&[
        &server.url,
        "--users",
        "8",
        "--ramp-s",
        "1",
        "--duration-s",
        "6",
    ]);

    assert_eq!(count(&results["victims"]["failed"]), 0);
    assert_eq!(count(&results["attack"]["served"]), 0);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 8, "an address for each");
    for asked in seen.values() {
        let logins = asked
            .iter()
            .filter(|what| *what == "POST /api/v1/auth/login");
        assert_eq!(logins.count(), 1);
        assert_eq!(asked[1], "GET /api/v1/tasks");
    }
    let asked: usize = seen.values().map(Vec::len).sum();
    assert_eq!(count(&results["victims"]["served"]), asked as u64);
    let looked = &results["victims"]["routes"]["GET /api/v1/tasks/{id}"];
    assert!(count(&looked["served"]) > 0);
}

#[test]
fn a_server_that_stands_still_can_neither_hide_it_nor_stop_what_is_due() {
    let arguments = ["--users", "10", "--ramp-s", "0", "--duration-s", "5"];
    let run = |stalls: bool| {
        let begun = Instant::now();
        let server = Server::start(move |request| {
            let answer = task_manager(&request);
            async move {
                // Nobody is answered in the second after the first two.
                let (from, to) = (Duration::from_secs(2), Duration::from_secs(3));
                let passed = begun.elapsed();
                if stalls && passed >= from && passed < to {
                    sleep(to.saturating_sub(passed)).await;
                }
                answer
            }
        });
        scenario_json(&[&[server.url.as_str()], &arguments[..]].concat())
    };
    let (well, stalled) = (run(false), run(true));

    let served = |results: &Value| results["victims"]["served"].clone();
    assert_eq!(count(&served(&well)), count(&served(&stalled)));
    // Ten users click some eight times in that second of five, and wait half of it: the tenth slowest waits 0.3 s or so.
    assert!(served(&stalled)["p90_ms"].as_f64().unwrap() > 250.0);
    assert!(served(&stalled)["max_ms"].as_f64().unwrap() > 700.0);
}

#[test]
fn the_polite_wait_as_long_as_they_are_told_and_the_impatient_do_not() {
    for (percent, waits) in [("0", true), ("100", false)] {
        let seen = Arc::new(Mutex::new(BTreeMap::<String, Vec<Instant>>::new()));
        let log = Arc::clone(&seen);
        let server = Server::start(move |request| {
            let is_login = request.path == "/api/v1/auth/login";
            let mut log = log.lock().unwrap();
            if !is_login {
                log.entry(address(&request))
                    .or_default()
                    .push(Instant::now());
            }
            let answer = if is_login {
                task_manager(&request)
            } else {
                refusal()
            };
            async move { answer }
        });
        let results = scenario_json(&[
            &server.url,
            "--users",
            "5",
            "--ramp-s",
            "0",
            "--duration-s",
            "7",
            "--impatient-percent",
            percent,
        ]);

        let victims = &results["victims"];
        assert_eq!(
            (count(&victims["failed"]), count(&victims["served"])),
            (0, 5)
        );
        for times in seen.lock().unwrap().values() {
            let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
            let shortest = gaps.min().unwrap();
            assert_eq!(
                shortest >= Duration::from_millis(2_990),
                waits,
                "{percent} %: {shortest:?}"
            );
        }
    }
}

/// Come back in three seconds.
fn refusal() -> Answer {
    let mut refusal = answer(429, "{}");
    refusal
        .headers_mut()
        .insert("retry-after", "3".parse().unwrap());
    refusal
}

#[test]
fn attackers_are_told_apart_and_a_wrong_password_that_is_told_so_is_no_failure() {
    let server = Server::start(move |request| {
        let answer = task_manager(&request);
        async move { answer }
    });
    let results = scenario_json(&[
        &server.url,
        "--users",
        "3",
        "--ramp-s",
        "0",
        "--duration-s",
        "3",
        "--attackers",
        "3",
        "--attack-per-s",
        "30",
    ]);

    let attack = &results["attack"];
    assert_eq!(count(&attack["failed"]), 0);
    let guessed = attack["status_counts"]["401"].as_u64().unwrap();
    assert!(guessed > 50, "{guessed}");
    for route in [
        "POST /api/v1/auth/login",
        "GET /api/v1/tasks/search",
        "GET /api/v1/tasks/export",
    ] {
        assert!(count(&attack["routes"][route]["served"]) > 50, "{route}");
    }
    assert_eq!(results["victims"]["status_counts"].get("401"), None);
}

#[test]
fn whoever_cannot_log_in_tries_again_and_asks_for_nothing_else() {
    let server = Server::start(move |_| async { answer(500, "{}") });
    let results = scenario_json(&[
        &server.url,
        "--users",
        "2",
        "--ramp-s",
        "0",
        "--duration-s",
        "3",
    ]);
    let victims = &results["victims"];
    let routes: Vec<_> = victims["routes"].as_object().unwrap().keys().collect();
    assert_eq!(routes, ["POST /api/v1/auth/login"]);
    assert_eq!(count(&victims["served"]), 0);
    assert!((4..=6).contains(&count(&victims["failed"])));
}

#[test]
fn a_scenario_whose_users_cannot_log_in_ends_at_once_and_names_the_accounts_it_needs() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |_| {
        *count.lock().unwrap() += 1;
        async { answer(401, "{}") }
    });
    let run = scenario(&[
        &server.url,
        "--users",
        "20",
        "--attackers",
        "3",
        "--ramp-s",
        "1",
        "--duration-s",
        "30",
    ]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for said in ["cannot log in (401)", "demo1 to demo23", "seed --users 23"] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert!(*asked.lock().unwrap() <= 23, "nobody tries again");
}
