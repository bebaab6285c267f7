use super::*;

fn line<'a>(query: &'a str, headers: &'a str) -> RequestLine<'a> {
    RequestLine {
        query,
        headers,
        ..RequestLine::new("POST", "/tasks/1")
    }
}

fn these(claims: Claims<'_>) -> Vec<String> {
    match claims {
        Claims::These(these) => these.into_iter().map(Cow::into_owned).collect(),
        Claims::Any => vec!["any".to_owned()],
    }
}

#[test]
fn a_method_is_claimed_by_a_header_or_in_the_query_whatever_its_letters_and_escapes() {
    for (query, headers, claimed) in [
        ("", "", vec![]),
        ("", "x-http-method-override: DELETE\n", vec!["DELETE"]),
        ("", "x-http-method: patch\n", vec!["PATCH"]),
        ("", "x-method-override: POST\n", vec![]),
        ("_method=put", "", vec!["PUT"]),
        ("a=b&%5fMETHOD=%44ELETE", "", vec!["DELETE"]),
        ("a;_method=DELETE", "", vec!["DELETE"]),
        (".method=DELETE", "", vec!["DELETE"]),
        ("_method%00x=DELETE", "", vec!["DELETE"]),
        ("%20[method=DELETE", "", vec!["DELETE"]),
        ("_method=&method=PUT&_methods=PUT", "", vec![]),
    ] {
        let found = these(line(query, headers).other_methods());
        assert_eq!(found, claimed, "{query:?} {headers:?}");
    }
}

#[test]
fn two_lines_claim_what_either_says_and_what_both_say() {
    let headers = "x-http-method-override: GET, DELETE\n";
    assert_eq!(
        these(line("", headers).other_methods()),
        ["GET, DELETE", "GET", "DELETE"]
    );
}

#[test]
fn whatever_is_too_much_to_read_may_be_anything() {
    for headers in [
        "x-method-override: \0\n",
        "x-method-override: A, B, C, D, E\n",
    ] {
        assert_eq!(these(line("", headers).other_methods()), ["any"]);
    }
    assert_eq!(
        these(line("", "x-original-url: \0\n").other_paths()),
        ["any"]
    );
}

#[test]
fn a_path_is_claimed_as_a_target_or_as_a_url() {
    for (value, path) in [
        ("/login", "/login"),
        ("/login?next=/#x", "/login"),
        ("login", "/login"),
        ("https://api.example.com/login?x", "/login"),
        ("/login/x://y/../..", "/login/x://y/../.."),
        ("https://api.example.com", "/"),
    ] {
        let headers = format!("x-rewrite-url: {value}\n");
        let found = these(line("", &headers).other_paths());
        assert_eq!(found, [path], "{value}");
    }
}
