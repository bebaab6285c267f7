//! Every way in which an `Authorization` header can be read as a token.
//!
//! Origins cut the token out as they like: by the scheme of RFC 6750, as the second word or the last, without its first
//! seven characters, with every `Bearer` in it dropped; two lines arrive as one with a comma between them, or are taken one
//! at a time. Verifiers pass over padding, and some over whatever is no base64. So a token is looked for wherever one can
//! begin, under any scheme. What its signature covers must stand in one piece, since nobody can respell that; its signature
//! may be followed by anything.
//!
//! The text is read at most five times, and no reading is longer than it.

use super::base64;
use super::token::Header;

/// The most tokens that are looked at in one text.
pub(super) const MAX_TOKENS: usize = 4;

const BEARER: &str = "bearer";

/// What `Bearer ` takes, which some cut off whatever it says.
const SCHEME_BYTES: usize = 7;

/// A text that may be a token, as far as it can be told without a key.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) header: Header,
    /// What the signature covers: the first two parts.
    pub(super) signed: String,
    /// The signature, and whatever comes behind it.
    pub(super) tail: String,
}

/// There are more than [`MAX_TOKENS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

// === impl Reading ===

impl Reading {
    /// The second part.
    pub(super) fn body(&self) -> &str {
        self.signed.rsplit('.').next().unwrap_or_default()
    }
}

/// Every reading; the same may be there more than once.
pub(super) fn of(authorization: &str) -> Result<Vec<Reading>, TooMany> {
    let mut readings = Vec::new();
    add(&mut readings, authorization)?;
    add_cut(&mut readings, authorization)?;
    if has_bearer_inside(authorization) {
        // Some drop it, with what separates it or without, and some take what stands between two of them.
        for (spaces, instead) in [(&b""[..], ""), (b" \t", ""), (b"", " ")] {
            add(
                &mut readings,
                &without_bearer(authorization, spaces, instead),
            )?;
        }
    }
    Ok(readings)
}

/// The token of a header that has one reading only; nothing for any other.
pub(super) fn plain(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let is_plain = scheme.eq_ignore_ascii_case(BEARER)
        && token
            .bytes()
            .all(|byte| byte == b'.' || base64::is_digit(byte));
    is_plain.then_some(token)
}

/// Whether a header without any reading was still meant to be one: not if it is of another scheme.
pub(super) fn is_meant(authorization: &str) -> bool {
    match authorization.trim().split_once([' ', '\t']) {
        None => !authorization.trim().is_empty(),
        Some((scheme, _)) => {
            let is_scheme = |known: &str| scheme.eq_ignore_ascii_case(known);
            ["jwt", "token"].into_iter().any(is_scheme) || bearers(authorization).next().is_some()
        }
    }
}

/// Adds the tokens that begin in the middle of a word, behind what the scheme takes at the beginning of a line.
fn add_cut(readings: &mut Vec<Reading>, text: &str) -> Result<(), TooMany> {
    let others = text.match_indices(", ").map(|(at, comma)| at + comma.len());
    let mut found = 0;
    for start in [0].into_iter().chain(others) {
        let Some(rest) = text.get(start + SCHEME_BYTES..) else {
            continue;
        };
        let before = text.as_bytes().get(start + SCHEME_BYTES - 1).copied();
        if !before.is_some_and(is_part) {
            continue;
        }
        let length = rest.bytes().position(|byte| !is_part(byte));
        if let Some(reading) = first(rest, length.unwrap_or(rest.len())) {
            found += 1;
            if found > MAX_TOKENS {
                return Err(TooMany);
            }
            readings.push(reading);
        }
    }
    Ok(())
}

/// Adds the tokens that stand in this text.
fn add(readings: &mut Vec<Reading>, text: &str) -> Result<(), TooMany> {
    let mut found = 0;
    let mut rest = text;
    while let Some(start) = rest.bytes().position(is_part) {
        let piece_and_rest = rest.get(start..).unwrap_or_default();
        let length = piece_and_rest.bytes().position(|byte| !is_part(byte));
        if let Some(reading) = first(piece_and_rest, length.unwrap_or(piece_and_rest.len())) {
            found += 1;
            if found > MAX_TOKENS {
                return Err(TooMany);
            }
            readings.push(reading);
        }
        rest = length
            .and_then(|length| piece_and_rest.get(length..))
            .unwrap_or_default();
    }
    Ok(())
}

/// The token at the beginning of this text, whose first two parts end within its first `length` bytes.
fn first(text: &str, length: usize) -> Option<Reading> {
    let mut dots = text
        .bytes()
        .take(length)
        .enumerate()
        .filter(|(_, byte)| *byte == b'.');
    let ((header, _), (body, _)) = (dots.next()?, dots.next()?);
    // `token=` may stand before it; at its end, `=` is padding.
    let before = text.get(..header)?.trim_end_matches('=').rfind('=');
    let start = before.map_or(0, |at| at + 1);
    let header = Header::read(text.get(start..header)?)?;
    Some(Reading {
        header,
        signed: text.get(start..body)?.to_owned(),
        tail: text.get(body + 1..)?.to_owned(),
    })
}

fn is_part(byte: u8) -> bool {
    byte == b'.' || byte == b'=' || base64::is_digit(byte)
}

/// Where `Bearer` stands, in whatever letter case.
fn bearers(text: &str) -> impl Iterator<Item = usize> {
    let windows = text.as_bytes().windows(BEARER.len()).enumerate();
    windows
        .filter(|(_, window)| window.eq_ignore_ascii_case(BEARER.as_bytes()))
        .map(|(at, _)| at)
}

/// Whether it stands anywhere else than alone at the beginning.
fn has_bearer_inside(text: &str) -> bool {
    bearers(text).any(|at| {
        at > 0
            || text
                .as_bytes()
                .get(BEARER.len())
                .copied()
                .is_some_and(is_part)
    })
}

/// The text with this instead of each, and of those of these characters that follow it.
fn without_bearer(text: &str, spaces: &[u8], instead: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for at in bearers(text) {
        kept += text.get(from..at).unwrap_or_default();
        kept += instead;
        let behind = text.bytes().skip(at + BEARER.len());
        from = at + BEARER.len() + behind.take_while(|byte| spaces.contains(byte)).count();
    }
    kept += text.get(from..).unwrap_or_default();
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `{"alg":"none"}`, without the padding that it does not need.
    const HEADER: &str = "eyJhbGciOiJub25lIn0";

    fn read(text: &str) -> Vec<(String, String)> {
        let readings = of(text).unwrap();
        let texts = readings.into_iter().map(|it| (it.signed, it.tail));
        texts.collect()
    }

    #[test]
    fn a_token_is_found_wherever_an_origin_may_cut_it_out() {
        let signed = format!("{HEADER}.e30");
        for text in [
            "T",
            "Bearer T",
            "bearer\tT",
            "BEARER   T ",
            "Token T",
            "Bearer \"T\"",
            "Bearer T, x",
            "x, Bearer T",
            "Token token=T",
            "BearerT",
            "Bearer:T",
            "xxxxxxxT",
            "Bearer-T",
            "Bearer Bearer T",
            "é T",
        ] {
            let text = text.replace('T', &format!("{signed}.AA"));
            let found = read(&text);
            assert!(
                found
                    .iter()
                    .all(|(it, tail)| *it == signed && tail.starts_with("AA")),
                "{text}: {found:?}"
            );
            assert!(!found.is_empty(), "{text}");
        }
        for inside in [
            "eyJhbGciBearer OiJub25lIn0",
            "eyJhbGciBearerOiJub25lIn0",
            "eyJhbGcibearer \t OiJub25lIn0",
        ] {
            assert_eq!(
                read(&format!("{inside}.e30.AA")).last(),
                Some(&(signed.clone(), "AA".to_owned())),
                "{inside}"
            );
        }
    }

    #[test]
    fn what_stands_where_no_token_can_begin_is_none() {
        let token = format!("{HEADER}.e30.AA");
        for text in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer a.b.c".to_owned(),
            "Digest username=\"a.b.c\", realm=\"www.api.example.com\"".to_owned(),
            format!(".{token}"),
            format!("x.{token}"),
            token.replacen('.', " .", 1),
            token.replacen('.', ". ", 1),
            format!("{HEADER}.e30"),
            format!("{HEADER}..AA"),
        ] {
            let found = read(&text);
            assert!(
                found
                    .iter()
                    .all(|(signed, _)| *signed != format!("{HEADER}.e30")),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn more_than_four_tokens_are_too_many() {
        let token = format!("{HEADER}.e30.AA");
        assert_eq!(
            read(&format!("Bearer {}", [token.as_str(); 4].join(", "))).len(),
            4
        );
        assert_eq!(of(&[token.as_str(); 5].join(", ")), Err(TooMany));
        assert_eq!(of(&"a.b.c, ".repeat(2_000)), Ok(Vec::new()));
    }

    #[test]
    fn another_scheme_is_no_token_unless_there_is_one_in_it() {
        for (text, is_it) in [
            ("Basic YTpi", false),
            ("Negotiate abc def", false),
            (
                "AWS4-HMAC-SHA256 Credential=A/2/us/s3/aws4_request, Signature=0",
                false,
            ),
            ("Bearer opaque", true),
            ("bearer", true),
            ("opaque", true),
            ("Token abc", true),
            ("Basic YTpi, Bearer opaque", true),
            ("", false),
            ("  ", false),
        ] {
            assert_eq!(is_meant(text), is_it, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_read_more_than_it_may(text in "(\\PC|[Bb]earer|eyJhbGciOiJub25lIn0|[.= ,\t]){0,60}") {
            if let Ok(readings) = of(&text) {
                prop_assert!(readings.len() <= 5 * MAX_TOKENS);
                let bytes: usize = readings.iter().map(|it| it.signed.len() + it.tail.len()).sum();
                prop_assert!(bytes <= 5 * MAX_TOKENS * text.len());
            }
            let _ = (plain(&text), is_meant(&text));
        }
    }
}
