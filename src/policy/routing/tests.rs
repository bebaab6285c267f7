use serde_json::{Value, json};

use super::*;

mod readings;
mod shadow;

#[expect(
    clippy::needless_pass_by_value,
    reason = "both are written where they are passed"
)]
fn policy(changes: Value, rules: Value) -> Policy {
    let mut policy = json!({
        "origin": "http://127.0.0.1:8000",
        "default": { "limit": "100/minute" },
        "rules": rules,
    });
    let policy_fields = policy.as_object_mut().unwrap();
    policy_fields.extend(changes.as_object().unwrap().clone());
    Policy::from_json(&policy.to_string()).unwrap()
}

fn rule(name: &str, pattern: &str) -> Value {
    json!({ "name": name, "match": [pattern], "limit": "2/day" })
}

fn names<'a>(route: &Route<'a>) -> Vec<&'a str> {
    route.rules().map(|rule| rule.name.as_str()).collect()
}

fn site() -> Policy {
    let mut open = rule("static", "GET /static/**");
    open["limit"] = json!("unlimited");
    let health =
        json!({ "name": "health", "match": ["* /health", "GET /public/**"], "exempt": true });
    policy(
        json!({}),
        json!([
            health,
            rule("login", "POST /login"),
            rule("search", "GET /search"),
            rule("term", "GET /search/{term}"),
            open,
            rule("queue", "GET /api/queues/{vhost}/{name}"),
            rule("delete", "DELETE /tasks/{id}"),
        ]),
    )
}

#[test]
fn an_encoded_slash_before_dots_does_not_hide_the_path_that_is_sent() {
    let site = site();
    for path in [
        "/a%2Fb/../login",
        "/a%5Cb/../login",
        "/login//..",
        "/login/%01/..",
        "/login/%252e/..",
    ] {
        assert_eq!(names(&site.route("POST", path))[0], "login", "{path}");
    }
    let route = site.route("GET", "/static/a%2Fb/../../search");
    assert_eq!(names(&route), ["search"]);
}

#[test]
fn a_looser_reading_does_not_win_over_a_stricter_one() {
    let site = site();
    let route = site.route("GET", "/search/x%2F..%2F..%2Fstatic%2Fy");
    assert_eq!(names(&route), ["term", "static", "default"]);
    for path in [
        "/search/report%2Fx",
        "/search/%01",
        "/search/%3Bx",
        "/search/report%5Cx",
        "/search/..%2freport",
        "/search/report%252Fx",
    ] {
        assert!(names(&site.route("GET", path)).contains(&"term"), "{path}");
    }
    let route = site.route("GET", "/api/queues/%2F/orders");
    assert_eq!(names(&route), ["queue", "default"]);
}

#[test]
fn an_ordinary_request_falls_under_one_rule() {
    let site = site();
    for (method, path, name) in [
        ("POST", "/login", "login"),
        ("POST", "/Login/", "login"),
        ("GET", "/search/a-b_c.d~e", "term"),
        ("GET", "/search/%E6%9D%B1", "term"),
        ("GET", "/search/a%20b", "term"),
        ("GET", "/else", "default"),
    ] {
        assert_eq!(names(&site.route(method, path)), [name], "{method} {path}");
    }
}

#[test]
fn only_what_has_no_other_reading_is_exempt() {
    let site = site();
    for path in ["/health", "/public/a/b"] {
        assert!(site.route("GET", path).is_exempt, "{path}");
    }
    for path in [
        "/public/",
        "/public/a;b",
        "/public/a%20b",
        "/public//a",
        "/public/../public/a",
        "/public/%2e%2e%2flogin",
        "/Public/a",
    ] {
        let route = site.route("GET", path);
        assert!(
            !route.is_exempt && names(&route).contains(&"default"),
            "{path}"
        );
    }
}

#[test]
fn with_suffixes_a_path_is_exempt_if_it_is_so_without_its_suffix_too() {
    let exempt = json!({ "name": "public", "match": ["GET /public/**", "GET /robots.json"], "exempt": true });
    let site = policy(json!({ "path_suffixes": [".json"] }), json!([exempt]));
    assert!(site.route("GET", "/public/app.json").is_exempt);
    assert!(!site.route("GET", "/robots.json").is_exempt);
}

#[test]
fn rules_in_addition_count_in_every_reading_once() {
    let also = |name: &str, pattern: &str| json!({ "name": name, "match": [pattern], "limit": "2/day", "also": true, "key": "ip" });
    let site = policy(
        json!({}),
        json!([
            also("all", "* /**"),
            also("admin", "* /admin/**"),
            rule("files", "GET /files/{id}")
        ]),
    );
    let route = site.route("GET", "/files/..%2fadmin");
    assert_eq!(names(&route), ["files", "default", "all", "admin"]);
}

/// What a request is counted under that has these headers, one a line, and this query.
fn claimed<'a>(
    policy: &'a Policy,
    method: &str,
    path: &str,
    headers: &str,
    query: &str,
) -> Vec<&'a str> {
    let line = RequestLine {
        method,
        path,
        query,
        headers,
    };
    names(&policy.route_line(&line))
}

#[test]
fn a_method_that_a_request_claims_counts_as_well_as_its_own() {
    let site = site();
    for (headers, query) in [
        ("x-http-method-override: DELETE\n", ""),
        ("x-method-override: delete\n", ""),
        ("x-http-method: DELETE, PUT\n", ""),
        ("x-http-method: PUT, DELETE\n", ""),
        ("", "a=b&_method=DELETE"),
        ("", "%5Fmethod=%44elete"),
    ] {
        let names = claimed(&site, "POST", "/tasks/1", headers, query);
        assert_eq!(names, ["delete", "default"], "{headers:?} {query:?}");
    }
    for (headers, query) in [
        ("x-http-method: POST\n", ""),
        ("", "method=DELETE&_method"),
        ("x-http-method: \n", ""),
    ] {
        assert_eq!(
            claimed(&site, "POST", "/tasks/1", headers, query),
            ["default"]
        );
    }
    // An exempt path is not for every method that is claimed on it.
    let claims = RequestLine {
        headers: "x-http-method: PUT\n",
        ..RequestLine::new("GET", "/public/a")
    };
    assert!(!site.route_line(&claims).is_exempt);
}

#[test]
fn a_claim_that_cannot_be_read_counts_under_whatever_it_may_be() {
    let site = site();
    for headers in ["x-http-method: \0\n", "x-http-method: A, B, C, D, E\n"] {
        assert_eq!(
            claimed(&site, "POST", "/search", headers, ""),
            ["search", "default"],
            "{headers:?}"
        );
        let route = site.route_line(&RequestLine {
            headers,
            ..RequestLine::new("GET", "/health")
        });
        assert!(!route.is_exempt);
    }
    let keeping = policy(
        json!({ "keep_rewrite_headers": true }),
        json!([rule("a", "GET /a"), rule("b", "GET|POST /b/{x}")]),
    );
    assert_eq!(
        claimed(&keeping, "GET", "/c", "x-original-url: \0\n", ""),
        ["a", "b", "default"]
    );
    assert_eq!(
        claimed(&keeping, "POST", "/c", "x-original-url: \0\n", ""),
        ["b", "default"]
    );
}

#[test]
fn a_header_that_claims_another_path_is_dropped_or_counts_as_well() {
    assert_eq!(site().dropped_headers(), PATH_HEADERS);
    let rules = json!([
        { "name": "health", "match": ["* /health"], "exempt": true },
        rule("login", "POST /login"),
    ]);
    let keeping = policy(json!({ "keep_rewrite_headers": true }), rules.clone());
    assert!(keeping.dropped_headers().is_empty());
    assert!(
        PATH_HEADERS
            .iter()
            .all(|name| keeping.headers().contains(name))
    );
    for headers in [
        "x-original-url: /login\n",
        "x-rewrite-url: http://api.example.com/login?x\n",
        "x-original-url: /x/..\\login\n",
        "x-original-url: login#x\n",
        "x-original-url: /health, /login\n",
        "x-original-url: /logi%256e\n",
    ] {
        let names = claimed(&keeping, "POST", "/health", headers, "");
        assert!(names.contains(&"login"), "{headers:?}: {names:?}");
    }
    // What is dropped says nothing.
    let dropping = policy(json!({}), rules);
    let names = claimed(&dropping, "POST", "/health", "x-original-url: /login\n", "");
    assert_eq!(names, ["health"]);
    assert!(
        PATH_HEADERS
            .iter()
            .all(|name| !dropping.headers().contains(name))
    );
}

#[test]
fn a_policy_that_tells_no_methods_reads_no_header_that_claims_one() {
    let site = policy(json!({}), json!([rule("a", "* /a")]));
    assert_eq!(site.headers(), ["accept"]);
}

#[test]
fn a_strict_origin_has_the_exact_path_as_a_reading_too() {
    let rules = json!([rule("about", "GET /about"), rule("page", "GET /{page}")]);
    let lenient = policy(json!({}), rules.clone());
    let strict = policy(json!({ "strict_paths": true }), rules);
    for (path, expected) in [
        ("/about", vec!["about"]),
        ("/About", vec!["about", "page"]),
        ("/about/", vec!["about", "default"]),
        ("/", vec!["default"]),
    ] {
        assert_eq!(names(&strict.route("GET", path)), expected, "{path}");
        assert_eq!(names(&lenient.route("GET", path)), expected[..1], "{path}");
    }
}
