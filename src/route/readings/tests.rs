use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::route::resolve;

/// Every distinct reading.
fn readings(reader: &Reader, raw: &str) -> Vec<String> {
    let mut readings = Vec::new();
    reader.each_reading(&resolve(raw), &mut |reading| {
        if !readings.iter().any(|seen| seen == reading) {
            readings.push(reading.to_owned());
        }
    });
    readings
}

#[test]
fn an_ordinary_path_has_one_reading_itself() {
    for path in [
        "/",
        "/api/v1/tasks/7",
        "/Api/",
        "/.well-known/a..b",
        "/a:b@c,d+e~",
    ] {
        assert_eq!(readings(&Reader::default(), path), [path], "{path}");
    }
}

#[test]
fn letters_beyond_ascii_are_no_reason_for_another_reading() {
    let path = "/wiki/%E6%9D%B1%E4%BA%AC";
    assert_eq!(readings(&Reader::default(), path), ["/wiki/東京"]);
}

#[test]
fn what_servers_disagree_about_is_read_in_each_way() {
    for (raw, expected) in [
        ("/a%2Fb/../login", vec!["/login"]),
        (
            "/search/x%2F..%2F..%2Fpublic%2Fy",
            vec![
                "/search/x%2F..%2F..%2Fpublic%2Fy",
                "/search/x/../../public/y",
                "/public/y",
            ],
        ),
        (
            "/search/report%252Fx",
            vec![
                "/search/report%252Fx",
                "/search/report%2Fx",
                "/search/report/x",
            ],
        ),
        (
            "/search/%3Bx",
            vec!["/search/%3Bx", "/search/;x", "/search/"],
        ),
        (
            "/search/report%5Cx",
            vec![
                "/search/report%5Cx",
                "/search/report\\x",
                "/search/report/x",
            ],
        ),
        ("/login%00x", vec!["/login%00x", "/login"]),
        (
            "//public/login",
            vec!["//public/login", "/public/login", "/login"],
        ),
        ("/a;b/c", vec!["/a;b/c", "/a/c", "/a"]),
    ] {
        let found = readings(&Reader::default(), raw);
        for reading in expected {
            assert!(
                found.iter().any(|path| path == reading),
                "{raw}: {reading} is not in {found:?}"
            );
        }
        assert_eq!(found[0], resolve(raw));
    }
}

#[test]
fn an_operator_says_what_an_encoded_slash_is() {
    let said = |encoded_slashes| Reader {
        encoded_slashes: Some(encoded_slashes),
        ..Reader::default()
    };
    let data = readings(&said(EncodedSlashes::Data), "/files/a%2Fb%5c%252F");
    let has_three = |path: &String| path.split(['/', '\\']).count() == 3;
    assert!(data.iter().all(has_three), "{data:?}");
    let separator = readings(&said(EncodedSlashes::Separator), "/files/a%2Fb");
    assert_eq!(separator, ["/files/a/b"]);
}

#[test]
fn a_suffix_and_a_front_controller_are_taken_off_where_the_policy_names_them() {
    let reader = Reader {
        suffixes: vec![".json".to_owned()],
        front_controllers: vec!["index.php".to_owned()],
        ..Reader::default()
    };
    assert_eq!(readings(&reader, "/login.json"), ["/login.json", "/login"]);
    assert_eq!(readings(&reader, "/.json"), ["/.json"]);
    assert_eq!(readings(&reader, "/index.php"), ["/index.php", "/"]);
    let both = readings(&reader, "/app/Index.php/login.JSON;x");
    for path in ["/app/login", "/app/login.JSON", "/app/Index.php/login"] {
        assert!(
            both.iter().any(|reading| reading == path),
            "{path} is not in {both:?}"
        );
    }
    let any = Reader {
        suffixes: vec![ANY_SUFFIX.to_owned()],
        ..Reader::default()
    };
    assert_eq!(readings(&any, "/a.b/c"), ["/a.b/c"]);
    assert_eq!(
        readings(&any, "/a.b/c.tar.gz"),
        ["/a.b/c.tar.gz", "/a.b/c.tar"]
    );
}

/// The readings that are told, and their length together.
fn told(path: &str) -> (usize, usize) {
    let (mut count, mut bytes) = (0, 0);
    Reader::default().each_reading(path, &mut |reading| {
        count += 1;
        bytes += reading.len();
    });
    (count, bytes)
}

#[test]
fn twice_the_path_is_at_most_twice_the_work() {
    for part in [
        "%2f..",
        "%252f%2e%2e;x%5c//%00",
        "//",
        ";/%2f",
        "%25%32%66.",
        "/%2e%2e\\",
        "%c3%28%e2",
    ] {
        let (once, twice) = (
            format!("/{}", part.repeat(300)),
            format!("/{}", part.repeat(600)),
        );
        let ((_, bytes), (count, twice_the_bytes)) = (told(&once), told(&twice));
        assert!(
            twice_the_bytes <= 2 * bytes + 200 * part.len(),
            "{part}: {bytes}, {twice_the_bytes}"
        );
        assert!(count <= 1 + 13 + 13 * 13, "{part}: {count}");
    }
}

proptest! {
    #[test]
    fn no_reading_is_longer_than_the_path_can_become(raw in "/(//|\\.\\.|%2e|%2F|%25|%5C|;|%00|%01|[A-Z]|\\PC)*") {
        let resolved = resolve(&raw).into_owned();
        Reader::default().each_reading(&resolved, &mut |reading| {
            // A byte that is no text becomes a sign of three.
            assert!(reading.starts_with('/') && reading.len() <= 3 * resolved.len() + 1, "{reading:?}");
        });
        let distinct: HashSet<_> = readings(&Reader::default(), &raw).into_iter().collect();
        prop_assert!(distinct.contains(resolved.as_str()) || !resolved.is_ascii() || resolved.contains('%'));
    }
}
