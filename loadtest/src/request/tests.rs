use super::*;

fn target(url: &str) -> Target {
    url.parse().unwrap()
}

#[test]
fn a_url_is_taken_apart_into_host_port_and_path() {
    let tasks = target("http://localhost:8787/api/v1/tasks?done=false");
    assert_eq!((tasks.host.as_str(), tasks.port), ("localhost", 8787));
    assert_eq!(tasks.path.as_str(), "/api/v1/tasks?done=false");
}

#[test]
fn what_a_url_leaves_out_is_filled_in() {
    let bare = target("http://example.com");
    assert_eq!((bare.port, bare.path.as_str()), (80, "/"));
}

#[test]
fn an_ipv6_address_loses_its_brackets_for_the_resolver_and_keeps_them_for_the_host_header() {
    let loopback = target("http://[::1]:8787/");
    assert_eq!(
        (loopback.host.as_str(), loopback.authority.to_str().unwrap()),
        ("::1", "[::1]:8787")
    );
}

#[test]
fn a_url_that_cannot_be_sent_to_says_what_to_change() {
    let error = |url: &str| url.parse::<Target>().unwrap_err();
    assert_eq!(error("localhost:8787/"), InputError::NotHttp);
    assert_eq!(error("ftp://localhost/"), InputError::NotHttp);
    assert_eq!(error("HTTPS://localhost/"), InputError::Https);
    assert_eq!(error("http://me:secret@localhost/"), InputError::UserInfo);
    assert!(matches!(error("http://local host/"), InputError::BadUrl(_)));
    assert!(matches!(error("http://"), InputError::BadUrl(_)));
}

#[test]
fn a_header_is_a_name_a_colon_and_a_value_that_may_hold_colons() {
    let header: HeaderLine = "X-Time:  10:30 ".parse().unwrap();
    assert_eq!(
        (header.name.as_str(), header.value.to_str().unwrap()),
        ("x-time", "10:30")
    );
}

#[test]
fn a_header_that_http_does_not_allow_says_what_to_change() {
    let error = |line: &str| line.parse::<HeaderLine>().unwrap_err();
    assert_eq!(error("Accept"), InputError::NoColon);
    assert_eq!(
        error("Bad Name: x"),
        InputError::HeaderName("Bad Name".to_owned())
    );
    assert_eq!(
        error("Accept: a\nb"),
        InputError::HeaderValue("Accept".to_owned())
    );
}

#[test]
fn headers_given_twice_are_sent_twice_and_a_given_host_replaces_ours() {
    let headers = ["Accept: a", "Accept: b", "Host: elsewhere"].map(|line| line.parse().unwrap());
    let request = template(&target("http://localhost:1/x"), &Method::GET, &headers, "");
    assert_eq!(request.headers().get_all("accept").iter().count(), 2);
    assert_eq!(
        request.headers().get_all(HOST).iter().collect::<Vec<_>>(),
        ["elsewhere"]
    );
}
