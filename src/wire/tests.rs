use super::*;
use crate::cors::Origins;

const PAGE: &str = "https://app.example.com";
const OURS: &str = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After";

fn wire(origins: Origins, credentials: bool) -> Wire {
    Wire {
        cors: Some(Cors {
            origins,
            credentials,
        }),
        ..Wire::default()
    }
}

fn listed() -> Origins {
    Origins::Listed(vec!["http://localhost:3000".to_owned(), PAGE.to_owned()])
}

fn lines(method: &str, headers: &str) -> String {
    format!("1000\n{method}\nhttps://api.example.com/a\n203.0.113.7\n\n\n\n{headers}")
}

fn answer(wire: &Wire, headers: &str) -> (String, String) {
    let lines = lines("GET", headers);
    let refusal = Refusal::LimiterUnavailable;
    let (head, body) = wire.answer(
        &refusal,
        &Head::default(),
        Timing::default(),
        &Facts::read(&lines),
    );
    let own = refusal.head(Form::Json);
    let rest = head.as_str().strip_prefix(own.as_str()).unwrap();
    (rest.to_owned(), body)
}

fn on_response(wire: &Wire, theirs: &str, lines: &str) -> Head {
    let timing = Timing::new(1_000, 1_047, Some(40));
    wire.on_response(&Head::default(), theirs, timing, &Facts::read(lines))
}

#[test]
fn a_page_that_is_listed_may_read_our_answers_and_no_other() {
    let exposed = format!("{EXPOSED}: {OURS}\n");
    let allowed = format!(
        "Vary: Origin\n{ALLOWED}: {PAGE}\n",
        ALLOWED = "Access-Control-Allow-Origin"
    );
    let with = "Access-Control-Allow-Credentials: true\n";
    for (origins, credentials, origin, expected) in [
        (listed(), false, PAGE, allowed.clone() + &exposed),
        (listed(), true, PAGE, allowed.clone() + with + &exposed),
        (
            listed(),
            true,
            "https://evil.example",
            format!("Vary: Origin\n{exposed}"),
        ),
        (
            listed(),
            true,
            "https://app.example.com.evil.example",
            format!("Vary: Origin\n{exposed}"),
        ),
        (listed(), true, "null", format!("Vary: Origin\n{exposed}")),
        (
            Origins::Any,
            false,
            "https://evil.example",
            format!("Access-Control-Allow-Origin: *\n{exposed}"),
        ),
    ] {
        let (head, _) = answer(&wire(origins, credentials), &format!("origin: {origin}\n"));
        assert_eq!(head, expected, "{origin}");
    }
    let (head, _) = answer(&wire(listed(), true), "");
    assert_eq!(head, format!("Vary: Origin\n{exposed}"));
    let (head, _) = answer(&Wire::default(), &format!("origin: {PAGE}\n"));
    assert_eq!(head, "");
}

#[test]
fn a_preflight_that_cannot_be_passed_on_exposes_nothing() {
    let asks = format!("origin: {PAGE}\naccess-control-request-method: PUT\n");
    let lines = lines("OPTIONS", &asks);
    let (head, _) = wire(listed(), false).answer(
        &Refusal::OriginUnreachable,
        &Head::default(),
        Timing::default(),
        &Facts::read(&lines),
    );
    assert_eq!(value(head.as_str(), EXPOSED), None);
    assert_eq!(
        value(head.as_str(), "Access-Control-Allow-Origin"),
        Some(PAGE)
    );
}

#[test]
fn what_the_origin_exposes_stays_exposed() {
    let wire = wire(Origins::Any, false);
    let lines = lines("GET", "");
    let exposed = |theirs: &str| {
        let head = on_response(&wire, theirs, &lines);
        value(head.as_str(), EXPOSED).unwrap().to_owned()
    };
    assert_eq!(exposed(""), OURS);
    assert_eq!(
        exposed("access-control-expose-headers: X-Total,  ratelimit,, ETag\n"),
        format!(
            "X-Total,  ratelimit,, ETag, {}",
            OURS.replace(" RateLimit,", "")
        )
    );
    assert_eq!(
        exposed("access-control-expose-headers: *\n"),
        format!("*, {OURS}")
    );
}

#[test]
fn only_headers_that_are_sent_are_exposed() {
    let wire = Wire {
        families: Families {
            x_ratelimit: false,
            draft: true,
        },
        ..wire(Origins::Any, false)
    };
    let (head, _) = answer(&wire, "");
    assert!(head.ends_with("Expose-Headers: RateLimit, RateLimit-Policy, Retry-After\n"));
    assert_eq!(
        wire.contested(),
        [
            "RateLimit",
            "RateLimit-Policy",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "Access-Control-Expose-Headers"
        ]
    );
}

#[test]
fn only_a_preflight_is_one_and_only_where_pages_are_allowed() {
    let asks = format!("origin: {PAGE}\naccess-control-request-method: PUT\n");
    let asks = asks.as_str();
    let is = |wire: &Wire, method: &str, headers: &str| {
        let lines = lines(method, headers);
        wire.is_preflight(&Facts::read(&lines))
    };
    let with = wire(listed(), false);
    assert!(is(&with, "OPTIONS", asks));
    assert!(!is(&Wire::default(), "OPTIONS", asks));
    for method in ["GET", "options", "POST"] {
        assert!(!is(&with, method, asks), "{method}");
    }
    for line in asks.lines() {
        assert!(!is(&with, "OPTIONS", &format!("{line}\n")), "{line}");
    }
}

#[test]
fn what_claims_another_method_or_path_is_no_preflight() {
    let asks = format!("origin: {PAGE}\naccess-control-request-method: PUT\n");
    let is = |target: &str, more: &str| {
        let lines = format!(
            "1000\nOPTIONS\nhttps://api.example.com{target}\n203.0.113.7\n\n\n\n{asks}{more}"
        );
        wire(listed(), false).is_preflight(&Facts::read(&lines))
    };
    assert!(is("/a", ""));
    assert!(is("/a", "x-http-method-override: OPTIONS\n"));
    for more in [
        "x-http-method-override: GET\n",
        "x-method-override: get\n",
        "x-http-method: \0\n",
        "x-original-url: /login\n",
    ] {
        assert!(!is("/a", more), "{more:?}");
    }
    assert!(!is("/a?_method=DELETE", ""));
}

#[test]
fn what_no_browser_would_send_for_a_page_that_is_listed_is_no_preflight() {
    let is = |wire: &Wire, origin: &str, method: &str, marks: &str| {
        let lines = format!(
            "1000\nOPTIONS\nhttps://api.example.com/a\n203.0.113.7\n\n\n{marks}\n\
             origin: {origin}\naccess-control-request-method: {method}\n"
        );
        wire.is_preflight(&Facts::read(&lines))
    };
    let (with, any) = (wire(listed(), false), wire(Origins::Any, false));
    assert!(is(&with, PAGE, "PUT", "") && is(&any, "https://any.example", "X-OWN", ""));
    for wire in [&with, &any] {
        assert!(!is(wire, PAGE, "PUT", "b"));
        for method in ["", "PUT DELETE", "PUT,", "P\u{e9}", TOO_LONG] {
            assert!(!is(wire, PAGE, method, ""), "{method:?}");
        }
        assert!(!is(wire, "", "PUT", ""));
    }
    for origin in ["https://evil.example", "null", TOO_LONG] {
        assert!(!is(&with, origin, "PUT", ""), "{origin:?}");
    }
}

#[test]
fn what_the_origin_says_at_too_great_length_is_not_read_and_stays_in_front() {
    let wire = Wire {
        server_timing: true,
        ..wire(Origins::Any, false)
    };
    let theirs = format!("access-control-expose-headers: {TOO_LONG}\nserver-timing: {TOO_LONG}\n");
    let head = on_response(&wire, &theirs, &lines("GET", ""));
    let expected = format!("+Server-Timing: bouncer;dur=7, origin;dur=40\n+{EXPOSED}: {OURS}\n");
    assert_eq!(head.as_str(), expected);
}

#[test]
fn nothing_is_set_where_there_is_neither_a_stamp_nor_a_page() {
    let lines = lines("GET", "");
    let head = on_response(&Wire::default(), "", &lines);
    assert_eq!(head, Head::default());
}

#[test]
fn the_time_a_response_took_is_told_on_request_and_after_what_the_origin_tells() {
    let wire = Wire {
        server_timing: true,
        ..Wire::default()
    };
    assert!(wire.contested().ends_with(&[SERVER_TIMING]));
    let lines = lines("GET", "");
    for (theirs, expected) in [
        ("", "bouncer;dur=7, origin;dur=40"),
        (
            "server-timing: db;dur=31.5\n",
            "db;dur=31.5, bouncer;dur=7, origin;dur=40",
        ),
    ] {
        let head = on_response(&wire, theirs, &lines);
        assert_eq!(value(head.as_str(), SERVER_TIMING), Some(expected));
    }
    let (head, _) = wire.answer(
        &Refusal::LimiterUnavailable,
        &Head::default(),
        Timing::new(1_000, 1_250, None),
        &Facts::read(&lines),
    );
    assert_eq!(value(head.as_str(), SERVER_TIMING), Some("bouncer;dur=250"));
    // A clock that is set back while a request is under way.
    assert_eq!(
        Timing::new(1_000, 900, Some(5)).to_string(),
        "bouncer;dur=0, origin;dur=5"
    );
}
