use super::*;

fn matches(pattern: &str, method: &str, path: &str) -> bool {
    Pattern::parse(pattern)
        .unwrap()
        .matches(method, &NormalPath::new(path))
}

fn matches_exactly(pattern: &str, method: &str, path: &str) -> bool {
    Pattern::parse(pattern)
        .unwrap()
        .matches_exactly(method, path, &NormalPath::new(path))
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
    for text in ["GET /", "* /**", "POST /Api/*/tasks/**"] {
        assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
    }
}
