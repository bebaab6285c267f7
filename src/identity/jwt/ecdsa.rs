//! The forms in which verifiers take an ES256 signature, beside the 64 bytes of RFC 7518, section 3.4.
//!
//! Some take DER (RFC 3279, section 2.2.3). Of bytes that are not 64, some take the two halves for the two numbers, with
//! zeros before each and a byte too many behind, and some the first 32 and whatever is left.

use super::base64;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// The length of each of the two numbers.
const NUMBER_BYTES: usize = 32;

/// The least length that is tried: a number that begins with more zeros than this leaves room for does not come up.
const MIN_BYTES: usize = 56;

/// Every signature that this text may begin with, 64 bytes each, and none twice.
pub(super) fn signatures(text: &str) -> Vec<Vec<u8>> {
    if let Some(signature) = in_der(text) {
        return vec![signature];
    }
    let fixed = base64::leading(text, 2 * NUMBER_BYTES);
    let mut found: Vec<Vec<u8>> = fixed.into_iter().collect();
    let prefixes = base64::prefixes(text);
    for bytes in prefixes.iter().filter(|bytes| bytes.len() >= MIN_BYTES) {
        let half = bytes.len() / 2;
        for (start, end) in [(half, 2 * half), (NUMBER_BYTES, bytes.len())] {
            let numbers = (bytes.get(..start), bytes.get(start..end));
            if let (Some(first), Some(second)) = numbers
                && let (Some(first), Some(second)) = (number(first), number(second))
            {
                let both = [first, second].concat();
                if !found.contains(&both) {
                    found.push(both);
                }
            }
        }
    }
    found
}

/// The two numbers at the beginning of this text, if it is base64 of such a structure.
fn in_der(text: &str) -> Option<Vec<u8>> {
    let (header, length) = match base64::first::<3>(text)? {
        [SEQUENCE, 0x81, length @ 0x80..=0xff] => (3, usize::from(length)),
        [SEQUENCE, length @ 0..=0x7f, _] => (2, usize::from(length)),
        _ => return None,
    };
    let der = base64::leading(text, header + length)?;
    let (first, rest) = element(der.get(header..)?)?;
    let (second, rest) = element(rest)?;
    rest.is_empty().then(|| [first, second].concat())
}

/// The first number, and what comes after it.
fn element(der: &[u8]) -> Option<([u8; NUMBER_BYTES], &[u8])> {
    let [INTEGER, length, rest @ ..] = der else {
        return None;
    };
    let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((number(bytes)?, rest))
}

/// A number with as many zeros before it as it needs; nothing if it is too large.
fn number(bytes: &[u8]) -> Option<[u8; NUMBER_BYTES]> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros..)?;
    let mut number = [0; NUMBER_BYTES];
    let unused = NUMBER_BYTES.checked_sub(significant.len())?;
    number.get_mut(unused..)?.copy_from_slice(significant);
    Some(number)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use proptest::prelude::*;

    use super::*;

    fn read(der: &[u8]) -> Option<Vec<u8>> {
        in_der(&Base64UrlUnpadded::encode_string(der))
    }

    fn fixed(one: &[u8], other: &[u8]) -> Vec<u8> {
        let mut both = vec![0; 64];
        both[32 - one.len()..32].copy_from_slice(one);
        both[64 - other.len()..].copy_from_slice(other);
        both
    }

    #[test]
    fn two_numbers_of_at_most_32_bytes_are_a_signature_and_nothing_else_is() {
        assert_eq!(read(&[0x30, 6, 2, 1, 7, 2, 1, 9]), Some(fixed(&[7], &[9])));
        assert_eq!(
            read(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 9]),
            Some(fixed(&[0x80], &[9]))
        );
        for wrong in [
            &[][..],
            &[0x30],
            &[0x30, 6, 2, 1, 7, 2, 1],
            &[0x30, 6, 2, 1, 7, 2, 1, 9, 0],
            &[0x30, 6, 2, 1, 7, 3, 1, 9],
            &[0x31, 6, 2, 1, 7, 2, 1, 9],
            &[0x30, 3, 2, 1, 7],
            &[0x30, 6, 2, 9, 7, 2, 1, 9],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        let mut long = vec![0x30, 0x26, 2, 33];
        long.extend([7; 33]);
        long.extend([2, 1, 9]);
        assert_eq!(read(&long), None);
    }

    #[test]
    fn bytes_that_are_not_64_are_halves_or_the_first_32_and_the_rest() {
        let (one, other) = ([7; 32], [9; 32]);
        let zero = [0; 3];
        for bytes in [
            [&one[..], &other].concat(),
            [&one[..], &other, &[5]].concat(),
            [&zero[..], &one, &zero, &other].concat(),
            [&one[..], &zero, &other].concat(),
        ] {
            for end in ["", " x", "=", ",x"] {
                let found = signatures(&(Base64UrlUnpadded::encode_string(&bytes) + end));
                assert!(found.contains(&fixed(&one, &other)), "{bytes:?}{end}");
            }
        }
        let plain = Base64UrlUnpadded::encode_string(&[one, other].concat());
        assert_eq!(signatures(&plain), [fixed(&one, &other)]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut der in prop::collection::vec(any::<u8>(), 0..160), start in prop::sample::select(vec![0x30_u8, 0x02, 0])) {
            let _ = (read(&der), signatures(&Base64UrlUnpadded::encode_string(&der)));
            if let Some(first) = der.first_mut() { *first = start; }
            let _ = read(&der);
        }
    }
}
