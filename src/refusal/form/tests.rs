use proptest::prelude::*;

use super::*;

#[test]
fn a_problem_is_sent_to_whoever_prefers_it() {
    for accept in [
        "application/problem+json",
        "application/problem+json, application/json;q=0.9",
        "application/json;q=0.9, application/problem+json",
        "application/problem+json;q=0.1",
        "application/problem+json, */*",
        "application/problem+json, application/*",
        "application/problem+json;q=0.5, */*;q=0.4",
        "application/problem+json;q=0.5, application/*;q=0.5",
        "APPLICATION/Problem+JSON; Q=0.5, application/json;q=0.4",
        "application/json;q=0, */*",
        "application/json;q=0.2, application/*;q=0.3",
        "application/json;q=0.001, application/problem+json;q=0.002",
        "text/html, application/problem+json ;q=1.000 , application/json;q=0.999",
        "application/json;q=0, application/problem+json;q=0.001",
        "a/b;x=\"\\\",application/json\", application/problem+json",
        "application/problem+json;q=0.5;ext=1, application/json;q=0.4",
        ",, application/problem+json",
    ] {
        assert_eq!(Form::preferred(accept), Form::Problem, "{accept}");
    }
}

#[test]
fn everybody_else_gets_plain_json() {
    for accept in [
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/json, application/problem+json",
        "application/problem+json, application/json",
        "application/json, */*",
        "application/json, application/*;q=1",
        "application/problem+json;q=0.5, */*;q=0.8",
        "application/problem+json;q=0.5, application/*;q=0.501",
        "application/problem+json;q=0.9, application/json",
        "application/problem+json;q=0",
        "application/problem+json;q=0, */*",
        "application/problem+json;q=0, application/json;q=0",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/*, text/html",
        "application/problem+xml",
        // Not the one that we have.
        "application/problem+json;profile=x",
        // Not readable.
        "application/problem+json;q=2",
        "application/problem+json;q=1.001",
        "application/problem+json;q=0.1234",
        "application/problem+json;q=",
        "application/problem+json;q",
        "application/problem+json;q=-1",
        "application/problem+json;q=+1",
        "application problem+json",
        "a/b;x=\"application/json, application/problem+json",
        "\u{fffd}/\u{1f6aa}, ;;;===,,,",
    ] {
        assert_eq!(Form::preferred(accept), Form::Json, "{accept}");
    }
}

proptest! {
    #[test]
    fn anything_may_be_sent_as_accept(accept in any::<String>(), likely in r#"[apj/*+,;q=.01" \\]{0,64}"#) {
        let _ = Form::preferred(&accept);
        let _ = Form::preferred(&likely);
    }

    #[test]
    fn the_order_of_ranges_does_not_matter(
        ranges in prop::collection::vec(
            ("(application/(json|problem\\+json|\\*)|\\*/\\*|text/html)", 0_u16..=1_000),
            0..6,
        ),
    ) {
        let accept = |ranges: &[(String, u16)]| {
            let weight = |weight: u16| format!("{}.{:03}", weight / 1_000, weight % 1_000);
            let each = ranges.iter().map(|(range, of)| format!("{range};q={}", weight(*of)));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut reversed = ranges.clone();
        reversed.reverse();
        prop_assert_eq!(Form::preferred(&accept(&ranges)), Form::preferred(&accept(&reversed)));
    }
}
