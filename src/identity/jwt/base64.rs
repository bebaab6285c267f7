//! Base64 as lenient as any verifier reads it.
//!
//! RFC 7515 asks for base64url without padding. Verifiers take more: the other alphabet, padding, spare bits in the last
//! character, and some pass over whatever is no digit. None of that may make a token somebody else's, or nobody's. Nothing
//! here is longer than its input, and each byte is looked at once.

/// The bytes of a text of digits, with padding or without. Spare bits of the last digit mean nothing.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let values: Option<Vec<u8>> = digits.bytes().map(value).collect();
    bytes(&values?)
}

/// So many bytes from the beginning of a text in which characters that are no digits are passed over. Behind the last
/// digit the text ends, or something comes that is no part of the number: another character, or dots that end with the text
/// or before one. (Ruby drops empty parts at the end.)
pub(super) fn leading(text: &str, length: usize) -> Option<Vec<u8>> {
    let needed = digits_of(length);
    let mut values = Vec::with_capacity(needed);
    let mut rest = text.bytes();
    while values.len() < needed {
        match rest.next()? {
            b'.' => return None,
            byte => values.extend(value(byte)),
        }
    }
    let mut next = rest.next();
    // A single digit that is left over is dropped by some.
    if needed.is_multiple_of(4) && next.is_some_and(is_digit) {
        next = rest.next();
    }
    while next == Some(b'.') {
        next = rest.next();
    }
    if next.is_some_and(is_digit) {
        return None;
    }
    bytes(&values)
}

/// What stands at the beginning of such a text, as far as it may go: up to the first character that is no digit, to the
/// first space or comma, to the first `=`, or to its end. A digit that is left over is dropped.
pub(super) fn prefixes(text: &str) -> [Vec<u8>; 4] {
    let ends: [&dyn Fn(u8) -> bool; 4] = [
        &|byte| value(byte).is_none(),
        &|byte| matches!(byte, b' ' | b'\t' | b',' | b'.'),
        &|byte| matches!(byte, b'=' | b'.'),
        &|byte| byte == b'.',
    ];
    ends.map(|is_end| {
        let end = text.bytes().position(is_end).unwrap_or(text.len());
        let (prefix, rest) = text.split_at_checked(end).unwrap_or_default();
        let next = rest.bytes().find(|byte| *byte != b'.');
        if rest.starts_with('.') && next.is_some_and(is_digit) {
            return Vec::new();
        }
        let mut values: Vec<u8> = prefix.bytes().filter_map(value).collect();
        if values.len() % 4 == 1 {
            values.pop();
        }
        bytes(&values).unwrap_or_default()
    })
}

/// The first bytes of such a text, wherever it ends.
pub(super) fn first<const N: usize>(text: &str) -> Option<[u8; N]> {
    let values: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'.')
        .filter_map(value)
        .take(digits_of(N))
        .collect();
    bytes(&values)?.try_into().ok()
}

/// Whether this is a digit of either alphabet (RFC 4648, sections 4 and 5).
pub(super) fn is_digit(byte: u8) -> bool {
    value(byte).is_some()
}

const fn digits_of(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    }
}

/// Four digits are three bytes; at the end two are one, and three are two.
fn bytes(values: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(values.len());
    for digits in values.chunks(4) {
        match *digits {
            [a, b, c, d] => bytes.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]),
            [a, b, c] => bytes.extend([a << 2 | b >> 4, b << 4 | c >> 2]),
            [a, b] => bytes.push(a << 2 | b >> 4),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding as _};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_passed_over_is_no_part_of_the_number_and_one_digit_more_is() {
        for (text, bytes) in [
            ("AAAA", Some(vec![0; 3])),
            ("AAAA=", Some(vec![0; 3])),
            ("AAAA, x", Some(vec![0; 3])),
            ("A!A AéA", Some(vec![0; 3])),
            ("AA=AA", Some(vec![0; 3])),
            ("AAAAA", Some(vec![0; 3])),
            ("AAAAA=", Some(vec![0; 3])),
            ("AAAAAA", None),
            ("AAAA.", Some(vec![0; 3])),
            ("AAAA.. x", Some(vec![0; 3])),
            ("AAAA.A", None),
            ("AA.AA", None),
            ("AAA", None),
            ("", None),
        ] {
            assert_eq!(leading(text, 3), bytes, "{text}");
        }
        assert_eq!(leading("AB", 1), leading("AA", 1), "spare bits");
        assert_eq!(first::<3>("A A,A=A and more"), Some([0; 3]));
        assert_eq!(first::<3>("AA.AA"), None);
        assert_eq!(
            prefixes("AA A,A=AAA"),
            [vec![0], vec![0], vec![0; 3], vec![0; 5]]
        );
        assert_eq!(decode("A"), None);
        assert_eq!(decode("A A="), None);
    }

    proptest! {
        #[test]
        fn whatever_was_encoded_is_decoded(data in prop::collection::vec(any::<u8>(), 0..100)) {
            for text in [
                Base64::encode_string(&data),
                Base64Url::encode_string(&data),
                Base64UrlUnpadded::encode_string(&data),
            ] {
                prop_assert_eq!(decode(&text), Some(data.clone()));
                prop_assert_eq!(leading(&text, data.len()), Some(data.clone()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String, length in 0..100_usize) {
            let _ = (decode(&text), leading(&text, length), first::<3>(&text), prefixes(&text));
        }
    }
}
