//! Random headers against models of what origins do with them: each cuts a token out in its way, decodes it in its way, and
//! takes for its user whoever has signed it. They share nothing with the code under test.

use proptest::prelude::*;

use super::*;

/// What a service takes for the token.
type Cut = fn(&str) -> Option<String>;

/// What a library takes for the bytes of a signature.
type Decode = fn(&str) -> Option<Vec<u8>>;

const CUTS: [Cut; 10] = [
    |value| value.split(' ').nth(1).map(str::to_owned),
    |value| value.split_whitespace().nth(1).map(str::to_owned),
    |value| value.split_whitespace().last().map(str::to_owned),
    |value| Some(value.split_once(' ')?.1.trim().to_owned()),
    |value| value.get(7..).map(str::to_owned),
    |value| Some(value.replace("Bearer ", "")),
    |value| Some(value.replacen("Bearer", "", 1).trim().to_owned()),
    |value| Some(value.split("Bearer").nth(1)?.trim().to_owned()),
    |value| Some(value.trim_start_matches("Bearer ").to_owned()),
    |value| {
        Some(
            value
                .to_ascii_lowercase()
                .starts_with("bearer ")
                .then(|| value.get(7..))??
                .trim_matches('"')
                .to_owned(),
        )
    },
];

/// The lines that a service may see where two have become one.
const LINES: [Cut; 3] = [
    |value| Some(value.to_owned()),
    |value| Some(value.split(", ").next()?.trim().to_owned()),
    |value| Some(value.rsplit(", ").next()?.trim().to_owned()),
];

const DECODERS: [Decode; 5] = [strict, spare, padded, filtered_to_padding, filtered];

fn digits(text: &str, is_other_alphabet: bool) -> Option<Vec<u32>> {
    let digit = |letter: char| match letter {
        'A'..='Z' => Some(letter as u32 - 65),
        'a'..='z' => Some(letter as u32 - 71),
        '0'..='9' => Some(letter as u32 + 4),
        '-' => Some(62),
        '_' => Some(63),
        '+' if is_other_alphabet => Some(62),
        '/' if is_other_alphabet => Some(63),
        _ => None,
    };
    text.chars().map(digit).collect()
}

fn number(digits: &[u32]) -> Vec<u8> {
    let bits: Vec<u32> = digits
        .iter()
        .flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1))
        .collect();
    let bytes = bits.chunks_exact(8);
    bytes
        .map(|byte| {
            byte.iter()
                .fold(0, |sum, bit| sum * 2 + u8::try_from(*bit).unwrap())
        })
        .collect()
}

/// RFC 7515 to the letter.
fn strict(text: &str) -> Option<Vec<u8>> {
    let bytes = spare(text)?;
    (Base64UrlUnpadded::encode_string(&bytes) == text).then_some(bytes)
}

fn spare(text: &str) -> Option<Vec<u8>> {
    digits(text, false).map(|digits| number(&digits))
}

/// Go with padding allowed, and others.
fn padded(text: &str) -> Option<Vec<u8>> {
    spare(text.trim_end_matches('='))
}

/// Python, Ruby, Java: what is no digit is passed over, and `=` ends it.
fn filtered_to_padding(text: &str) -> Option<Vec<u8>> {
    filtered(text.split('=').next()?)
}

fn filtered(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|letter| digits(&letter.to_string(), true).is_some())
        .collect();
    digits(&text, true).map(|digits| number(&digits))
}

/// A user, what their token's signature covers, and the signature.
struct Good {
    user: &'static str,
    signed: String,
    signature: Vec<u8>,
}

thread_local! {
    static GOOD: [Good; 2] = ["ada", "eve"].map(|user| {
        let token = token(json!({ "sub": user, "exp": NOW_S + 60 }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        Good { user, signed: signed.to_owned(), signature: strict(signature).unwrap() }
    });
}

/// Whom some origin takes a header to be from.
fn users(value: &str) -> Vec<&'static str> {
    let mut users = Vec::new();
    let lines = LINES.iter().filter_map(|line| line(value));
    for token in lines.flat_map(|line| CUTS.map(|cut| cut(&line))).flatten() {
        // Ruby drops parts that are empty at the end.
        let mut parts: Vec<_> = token.split('.').collect();
        while parts.len() > 3 && parts.last() == Some(&"") {
            parts.pop();
        }
        let [header, body, signature] = parts[..] else {
            continue;
        };
        GOOD.with(|good| {
            for good in good {
                let is_signed =
                    |decode: &Decode| decode(signature).as_ref() == Some(&good.signature);
                if good.signed == format!("{header}.{body}") && DECODERS.iter().any(is_signed) {
                    users.push(good.user);
                }
            }
        });
    }
    users.sort_unstable();
    users.dedup();
    users
}

/// Pieces of which a header is put together.
fn piece() -> impl Strategy<Value = String> {
    let token = |which: usize| {
        GOOD.with(|good| {
            let Good {
                signed, signature, ..
            } = &good[which];
            format!("{signed}.{}", Base64UrlUnpadded::encode_string(signature))
        })
    };
    prop_oneof![
        4 => Just(token(0)),
        1 => Just(token(1)),
        1 => Just(token(0).replace('-', "+").replace('_', "/")),
        4 => prop::sample::select(vec![
            "Bearer ", "bearer ", "Bearer", "BEARER\t", "Token ", " ", "  ", ", ", ",", "=", "==", "\"", "x", "xxxxxxx", ".", "\t", "é", "!", "\u{fffd}", "eyJhbGciOiJIUzI1NiJ9.e30.", "Basic eDp5",
        ]).prop_map(str::to_owned),
    ]
}

/// Some text put into another at some place of it.
fn with(text: &str, at: usize, inserted: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = at % (letters.len() + 1);
    letters.splice(at..at, inserted.chars());
    letters.into_iter().collect()
}

fn header() -> impl Strategy<Value = String> {
    let inserted = prop::sample::select(vec![
        "", "", "", "Bearer ", "Bearer", "=", " ", ",", "!", ".", "x",
    ]);
    (
        prop::collection::vec(piece(), 1..6),
        any::<usize>(),
        inserted,
        any::<bool>(),
    )
        .prop_map(|(pieces, at, inserted, is_bearer)| {
            let start = if is_bearer { "Bearer " } else { "" };
            with(&(start.to_owned() + &pieces.concat()), at, inserted)
        })
}

proptest! {
    #[test]
    fn whom_an_origin_takes_a_request_to_be_from_is_who_it_counts_as_or_it_is_refused(value in header()) {
        let verifier = Verifier::hs256(SECRET);
        let verdict = verifier.judge(value.trim(), NOW_MS);
        let users = users(value.trim());
        prop_assert!(verifier.checks() <= 4);
        match &verdict {
            Verdict::Ambiguous(_) => {}
            Verdict::Verified(claims) => {
                let counted = claims.text("sub").unwrap();
                prop_assert!(users.iter().all(|user| *user == counted), "{value}: {users:?}");
                // And whoever it counts as has signed what is in it.
                prop_assert!(GOOD.with(|good| good.iter().any(|good| good.user == counted)));
            }
            verdict => prop_assert!(users.is_empty(), "{value}: {users:?}, {verdict:?}"),
        }
    }

    #[test]
    fn nothing_that_is_not_signed_with_the_key_becomes_a_user(value in header()) {
        let verifier = Verifier::hs256(b"another secret of 32 bytes, or so");
        let verdict = verifier.judge(value.trim(), NOW_MS);
        prop_assert!(!matches!(verdict, Verdict::Verified(_)), "{value}");
    }
}
