use proptest::prelude::*;

use super::*;

fn normal(raw: &str) -> String {
    NormalPath::new(raw).as_str().to_owned()
}

#[test]
fn every_spelling_of_a_path_has_one_normal_form() {
    for spelling in [
        "/api/v1/tasks",
        "/api/v1/tasks/",
        "//api///v1/tasks",
        "/api/./v1/../v1/tasks",
        "/API/V1/Tasks",
        "/%61pi/v1/tasks",
        "/%2561pi/v1/tasks",
        "/%25252561pi/v1/tasks",
        "/api%2Fv1%2ftasks",
        "\\api\\v1%5ctasks",
        "/api;jsessionid=1/v1/tasks;x=y",
        "/api/v1/tasks%00",
        "/api/v1/ta%0d%0asks",
        "/../../api/v1/tasks",
        "/api/v1/%2e%2e/v1/tasks/%2e",
        "/api/..;/api/v1/tasks",
        "/%2%3561pi/v1/tasks",
    ] {
        assert_eq!(normal(spelling), "/api/v1/tasks", "{spelling:?}");
    }
    assert_eq!(normal(""), "/");
    assert_eq!(normal("/%zz/%"), "/%zz/%");
}

#[test]
fn only_the_normal_form_itself_is_plain() {
    for plain in ["/", "/health", "/Health"] {
        assert!(NormalPath::new(plain).is_plain(), "{plain:?}");
    }
    for folded in [
        "",
        "/health/",
        "//health",
        "/%68ealth",
        "/health;v=1",
        "/x/../health",
        "\\health",
    ] {
        assert!(!NormalPath::new(folded).is_plain(), "{folded:?}");
    }
}

/// What `decode` does in one pass, done in as many as it takes.
fn decoded_slowly(raw: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = raw
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_control())
        .collect();
    while let Some(at) = bytes.windows(3).position(|escape| {
        escape[0] == b'%' && escape[1].is_ascii_hexdigit() && escape[2].is_ascii_hexdigit()
    }) {
        let digits = std::str::from_utf8(&bytes[at + 1..at + 3]).unwrap();
        let byte = u8::from_str_radix(digits, 16).unwrap();
        bytes.splice(at..at + 3, (!byte.is_ascii_control()).then_some(byte));
    }
    bytes
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(raw in "(/|\\\\|%|2|5|2f|5c|\\.|;|A|é|\\x00|[ -~])*") {
        let once = normal(&raw);
        prop_assert_eq!(normal(&once), once);
    }

    #[test]
    fn one_pass_decodes_as_far_as_many(raw in "(%|2|5|0|a|[ -~])*") {
        prop_assert_eq!(decode(raw.as_bytes(), false), decoded_slowly(raw.as_bytes()));
    }
}
