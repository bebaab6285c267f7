use proptest::prelude::*;

use super::*;

#[test]
fn segments_are_divided_and_dots_resolved_before_anything_is_decoded() {
    for (raw, resolved) in [
        ("", "/"),
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a%2Fb/../login", "/login"),
        ("/a%5Cb/../login", "/login"),
        ("/a\\b/..\\login", "/a/login"),
        ("\\a", "/a"),
        ("/login//..", "/login/"),
        ("/login/%01/..", "/login/"),
        ("/login/%252e/..", "/login/"),
        ("/static/a%2Fb/../../search", "/search"),
        ("/../../a", "/a"),
        ("/a/.", "/a/"),
        ("/a/./b/%2e/c/%2E%2e/d", "/a/b/d"),
        ("/a/.%2e", "/"),
        ("/a/..%2fb", "/a/..%2fb"),
        ("/a/.../b/..c", "/a/.../b/..c"),
        ("//a", "//a"),
        ("/.well-known/x", "/.well-known/x"),
        ("/%zz/%/%41;x", "/%zz/%/%41;x"),
        (
            "/\"^`{}<> \u{1}\u{7f}é|",
            "/%22%5E%60%7B%7D%3C%3E%20%01%7F%C3%A9|",
        ),
        ("/a\tb/.\n./c", "/c"),
    ] {
        assert_eq!(resolve(raw), resolved, "{raw:?}");
    }
}

#[test]
fn an_ordinary_path_is_not_copied() {
    for path in ["/", "/api/v1/tasks/7", "/a%20b;c/", "/a..b//c"] {
        assert!(matches!(resolve(path), Cow::Borrowed(_)), "{path:?}");
    }
}

proptest! {
    #[test]
    fn what_is_resolved_stays_so(raw in "(/|\\\\|//|\\.|\\.\\.|%2e|%2E|%2F|%25|;|A|é|\\x01|\\t|[ -~])*") {
        let once = resolve(&raw).into_owned();
        prop_assert_eq!(resolve(&once), once.as_str());
    }
}
