use proptest::prelude::*;

use super::*;

fn names(text: &str) -> Option<Vec<&str>> {
    let items = parse(text)?;
    Some(items.iter().map(|item| item.name).collect())
}

#[test]
fn lists_of_strings_are_read_with_all_that_may_be_said_of_them() {
    for (text, expected) in [
        ("", &[][..]),
        (r#"  "a";r=1 ,	"b";  t=2  "#, &[r#""a""#, r#""b""#]),
        (r#""a\"\\b";r=1"#, &[r#""a\"\\b""#]),
        (r#""", "a", "a""#, &[r#""""#, r#""a""#, r#""a""#]),
        (
            r#""a";q=1;w=60;pk=:cGs=:;s="x,y";u;v=?0;k=*t:o/k;d=-1.25;n=-7;o=@1700000000;e=%"f%c3%bc""#,
            &[r#""a""#],
        ),
        (r#""a";*x-1.y_z=999999999999999"#, &[r#""a""#]),
    ] {
        assert_eq!(names(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_list_of_strings_is_none_at_all() {
    for text in [
        "a",
        "100, 100;w=60",
        "limit=100, remaining=50, reset=5",
        r#"("a" "b")"#,
        "?1",
        ":YQ==:",
        r#""a","#,
        r#","a""#,
        r#""a",,"b""#,
        r#""a" "b""#,
        r#""a"#,
        r#""a\n""#,
        "\"\u{e4}\"",
        "\"a\u{7f}\"",
        r#""a";R=1"#,
        r#""a" ;r=1"#,
        r#""a";r =1"#,
        r#""a";r= 1"#,
        r#""a";"#,
        r#""a";r="#,
        r#""a";r=-"#,
        r#""a";r=+1"#,
        r#""a";r=1."#,
        r#""a";r=1.2345"#,
        r#""a";r=1234567890123.1"#,
        r#""a";r=1234567890123456"#,
        r#""a";r=?2"#,
        r#""a";r=@1.5"#,
        r#""a";r=:Y"#,
        r#""a";r=%"%C3%BC""#,
        r#""a";r=%"%c3""#,
        r#""a";r=\u{fc}"#,
    ] {
        assert_eq!(names(text), None, "{text}");
    }
}

#[test]
fn the_last_of_a_parameter_holds_and_only_if_it_is_an_integer() {
    let integer = |text| parse(text).unwrap()[0].integer("r");
    assert_eq!(integer(r#""a";r=1;r=-2"#), Some(-2));
    assert_eq!(integer(r#""a";r=1;t=5;r="2""#), None);
    assert_eq!(integer(r#""a";r=1.0"#), None);
    assert_eq!(integer(r#""a";rr=1"#), None);
}

proptest! {
    #[test]
    fn anything_may_be_sent_as_a_list(text in any::<String>(), likely in r#"["ab\\,;=:?@%.()019 -]{0,48}"#) {
        let _ = parse(&text);
        let _ = parse(&likely);
    }

    #[test]
    fn what_is_kept_is_kept_as_it_was_written(
        texts in prop::collection::vec(r#""[a-z]{1,3}"(;[a-z]=[0-9]{1,9}){0,3}"#, 0..6),
    ) {
        let text = texts.join(" , ");
        let items = parse(&text).unwrap();
        prop_assert_eq!(items.iter().map(|item| item.text.to_owned()).collect::<Vec<_>>(), texts);
    }
}
