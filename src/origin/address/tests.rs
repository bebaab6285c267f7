use proptest::prelude::*;

use super::*;

const EXCHANGE: Exchange<'static> = Exchange {
    base: "http://127.0.0.1:8000/base",
    scheme: "https",
    host: "api.example.com",
};

fn location(exchange: Exchange<'_>, value: &str) -> Option<String> {
    exchange.header("location", value)
}

#[test]
fn a_url_of_the_origin_comes_back_under_the_clients_scheme_and_host() {
    for (theirs, ours) in [
        (
            "http://127.0.0.1:8000/base/items/",
            "https://api.example.com/items/",
        ),
        (
            "HTTP://127.0.0.1:8000/base/items/?q=1#a",
            "https://api.example.com/items/?q=1#a",
        ),
        // The scheme from X-Forwarded-Proto, the host from Host.
        (
            "https://127.0.0.1:8000/base/items/",
            "https://api.example.com/items/",
        ),
        ("//127.0.0.1:8000/base/items/", "//api.example.com/items/"),
        ("http://127.0.0.1:8000/base", "https://api.example.com/"),
        ("http://127.0.0.1:8000/base?q", "https://api.example.com/?q"),
        ("/base/items/", "/items/"),
        ("/base", "/"),
        ("/base#a", "/#a"),
        // Never another host.
        (
            "/base//evil.example/",
            "https://api.example.com//evil.example/",
        ),
        (
            "/base/\\evil.example/",
            "https://api.example.com/\\evil.example/",
        ),
        (
            "/base/\t/evil.example/",
            "https://api.example.com/\t/evil.example/",
        ),
        // The host from X-Forwarded-Host.
        (
            "https://api.example.com/base/items/",
            "https://api.example.com/items/",
        ),
        ("http://API.example.com/base", "http://API.example.com/"),
        ("//api.example.com/base/x", "//api.example.com/x"),
    ] {
        assert_eq!(
            location(EXCHANGE, theirs).as_deref(),
            Some(ours),
            "{theirs}"
        );
        assert_eq!(
            EXCHANGE.header("content-location", theirs).as_deref(),
            Some(ours)
        );
    }
}

#[test]
fn any_other_url_stays_as_it_is() {
    for theirs in [
        "",
        "/",
        "/items/",
        "/baseball",
        "items/",
        "?page=2",
        "https://api.example.com/items/",
        "https://other.example/base/items/",
        "http://127.0.0.1:8000/other",
        "http://127.0.0.1:8000",
        "http://127.0.0.1/base/items/",
        "http://127.0.0.1:80001/base/",
        "ftp://127.0.0.1:8000/base/",
        "http://user@127.0.0.1:8000/base/",
        "http://127.0.0.1:8000.evil.example/base/",
        "http:/127.0.0.1:8000/base/",
        "mailto:a@127.0.0.1:8000",
        "\u{0}",
    ] {
        assert_eq!(location(EXCHANGE, theirs), None, "{theirs}");
    }
}

#[test]
fn the_usual_port_is_no_difference() {
    let exchange = |base| Exchange { base, ..EXCHANGE };
    for (base, theirs) in [
        ("http://api.internal", "http://api.internal:80/x"),
        ("http://api.internal:80", "http://api.internal/x"),
        ("https://api.internal:443", "https://API.internal/x"),
        ("https://api.internal", "https://api.internal:443/x"),
    ] {
        let ours = location(exchange(base), theirs);
        assert_eq!(ours.as_deref(), Some("https://api.example.com/x"), "{base}");
    }
    assert_eq!(
        location(
            exchange("http://api.internal"),
            "http://api.internal:8080/x"
        ),
        None
    );
    let bare = location(exchange("http://api.internal"), "http://api.internal");
    assert_eq!(bare.as_deref(), Some("https://api.example.com/"));
    assert_eq!(location(exchange("http://api.internal"), "/items"), None);
}

#[test]
fn a_refresh_has_its_url_exchanged_and_nothing_else() {
    let refresh = |value| EXCHANGE.header("refresh", value);
    for (theirs, ours) in [
        (
            "5; url=http://127.0.0.1:8000/base/a",
            "5; url=https://api.example.com/a",
        ),
        (
            "0;URL='http://127.0.0.1:8000/base/a?b=c'",
            "0;URL='https://api.example.com/a?b=c'",
        ),
        ("0, url = \"/base/a\"", "0, url =\"/a\""),
    ] {
        assert_eq!(refresh(theirs).as_deref(), Some(ours), "{theirs}");
    }
    for theirs in [
        "5",
        "5; url=https://other.example/",
        "5; http://127.0.0.1:8000/base/a",
        "",
        "url=/base/a",
    ] {
        assert_eq!(refresh(theirs), None, "{theirs}");
    }
}

proptest! {
    /// What comes back leads to the client's host, or is the path alone.
    #[test]
    fn nothing_that_is_exchanged_leads_anywhere_else(rest in "[ -~\t]{0,4}[/\\\\]{0,3}[ -~]{0,40}", start in 0_usize..5) {
        let starts = ["http://127.0.0.1:8000", "//127.0.0.1:8000/base", "https://api.example.com/base", "/base", ""];
        if let Some(ours) = location(EXCHANGE, &format!("{}{rest}", starts[start])) {
            let leads = ours.strip_prefix("https:").or(ours.strip_prefix("http:")).unwrap_or(&ours);
            let path = leads.strip_prefix("//api.example.com").unwrap_or(leads);
            prop_assert!(path.starts_with('/'), "{ours}");
            let is_host = |start: &str| path.starts_with(start) && path == ours;
            prop_assert!(!is_host("//") && !is_host("/\\") && !is_host("/\t"), "{ours}");
            prop_assert!(!ours.contains("127.0.0.1:8000") || rest.contains("127.0.0.1:8000"), "{ours}");
        }
    }
}
