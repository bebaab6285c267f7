use super::*;
use crate::route::Reader;

fn matches(pattern: &str, method: &str, path: &str) -> bool {
    let pattern = Pattern::parse(pattern).unwrap();
    let mut is_matched = false;
    Reader::default().each_reading(path, &mut |reading| {
        is_matched |= pattern.matches(Some(method), reading);
    });
    is_matched
}

fn matches_exactly(pattern: &str, method: &str, path: &str) -> bool {
    let pattern = Pattern::parse(pattern).unwrap();
    Reader::is_plain(path) && pattern.matches_exactly(Some(method), path)
}

#[test]
fn a_star_is_one_segment_and_two_are_the_rest() {
    assert!(matches("GET /tasks/*", "GET", "/tasks/1"));
    assert!(!matches("GET /tasks/*", "GET", "/tasks"));
    assert!(!matches("GET /tasks/*", "GET", "/tasks/1/2"));
    assert!(matches("GET /tasks/**", "GET", "/tasks"));
    assert!(matches("GET /tasks/**", "GET", "/tasks/1/2"));
    assert!(!matches("GET /tasks/**", "GET", "/task"));
    assert!(matches("* /**", "BREW", "/anything"));
    assert!(matches("* /", "GET", "/"));
}

#[test]
fn a_limit_meets_every_spelling_of_its_path() {
    for path in [
        "/api/v1/tasks",
        "/API/v1//tasks/",
        "/api/%76%31/tasks;x",
        "/api/v1/%2574asks",
    ] {
        assert!(matches("GET /api/v1/tasks", "GET", path), "{path}");
    }
}

#[test]
fn an_exemption_meets_only_its_exact_path() {
    assert!(matches_exactly("GET /health", "GET", "/health"));
    assert!(matches_exactly("GET /static/**", "GET", "/static/a/b"));
    for path in [
        "/Health",
        "/health/",
        "//health",
        "/%68ealth",
        "/health;x",
        "/static/../health",
    ] {
        assert!(!matches_exactly("GET /health", "GET", path), "{path}");
    }
    assert!(!matches_exactly(
        "GET /static/**",
        "GET",
        "/static/%2e%2e/api"
    ));
}

#[test]
fn several_methods_are_joined_and_a_name_in_braces_is_one_segment() {
    for method in ["PUT", "PATCH"] {
        assert!(matches("PUT|PATCH /tasks/{id}", method, "/tasks/7"));
    }
    assert!(!matches("PUT|PATCH /tasks/{id}", "DELETE", "/tasks/7"));
    assert!(!matches("PUT|PATCH /tasks/{id}", "PUT", "/tasks/7/parts"));
}

#[test]
fn a_pattern_covers_another_when_it_means_every_request_of_it() {
    let covers = |one: &str, other: &str| {
        Pattern::parse(one)
            .unwrap()
            .covers(&Pattern::parse(other).unwrap())
    };
    for (one, other) in [
        ("* /**", "GET /a/b"),
        ("GET /a/**", "GET /a"),
        ("GET /a/**", "GET /a/*/c/**"),
        ("GET /a/*", "GET /A/b"),
        ("GET|POST /a", "POST /a"),
    ] {
        assert!(covers(one, other), "{one} covers {other}");
    }
    for (one, other) in [
        ("GET /a", "* /a"),
        ("GET /a", "GET|POST /a"),
        ("GET /a/*", "GET /a/**"),
        ("GET /a/b", "GET /a/*"),
        ("GET /a/**", "GET /ab"),
        ("GET /a/*/**", "GET /a"),
    ] {
        assert!(!covers(one, other), "{one} does not cover {other}");
    }
}

#[test]
fn methods_are_compared_as_they_are_and_head_counts_as_get() {
    assert!(matches("GET /a", "HEAD", "/a"));
    assert!(!matches("GET /a", "POST", "/a"));
    assert!(!matches("GET /a", "get", "/a"));
}

#[test]
fn a_wrong_pattern_is_told_what_to_write() {
    for (pattern, words) in [
        ("/health", "write a method and a path"),
        ("GET /a b", "write a method and a path"),
        ("get /a", "capital letters"),
        ("GET| /a", "capital letters"),
        ("HEAD /a", "write \"GET\""),
        ("GET /a/", "write \"/a\""),
        ("GET /a/**/b", "must be its last segment"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(words), "{pattern}: {error}");
    }
}

#[test]
fn a_pattern_is_shown_as_it_was_written() {
    for text in ["GET /", "* /**", "POST|PUT /Api/*/{id}/tasks/**"] {
        assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
    }
}
