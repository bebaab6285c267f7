//! An ES256 signature in DER (RFC 3279, section 2.2.3), which some verifiers take for the 64 bytes of RFC 7518, section 3.4.

use super::base64;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// The length of each of the two numbers.
const NUMBER_BYTES: usize = 32;

/// The two numbers at the beginning of this text, 64 bytes together, if it is base64 of such a structure.
pub(super) fn signature(text: &str) -> Option<Vec<u8>> {
    let length = match base64::first::<3>(text)? {
        [SEQUENCE, 0x81, length @ 0x80..=0xff] => 3 + usize::from(length),
        [SEQUENCE, length @ 0..=0x7f, _] => 2 + usize::from(length),
        _ => return None,
    };
    let der = base64::leading(text, length)?;
    let header = if length > 0x81 { 3 } else { 2 };
    let (first, rest) = number(der.get(header..)?)?;
    let (second, rest) = number(rest)?;
    rest.is_empty().then(|| [first, second].concat())
}

/// The first number, and what comes after it.
fn number(der: &[u8]) -> Option<([u8; NUMBER_BYTES], &[u8])> {
    let [INTEGER, length, rest @ ..] = der else {
        return None;
    };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    let significant = number
        .iter()
        .position(|byte| *byte != 0)
        .and_then(|at| number.get(at..))
        .unwrap_or_default();
    let mut fixed = [0; NUMBER_BYTES];
    let unused = NUMBER_BYTES.checked_sub(significant.len())?;
    fixed.get_mut(unused..)?.copy_from_slice(significant);
    Some((fixed, rest))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use proptest::prelude::*;

    use super::*;

    fn read(der: &[u8]) -> Option<Vec<u8>> {
        signature(&Base64UrlUnpadded::encode_string(der))
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

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut der in prop::collection::vec(any::<u8>(), 0..160), start in prop::sample::select(vec![0x30_u8, 0x02, 0])) {
            let _ = read(&der);
            if let Some(first) = der.first_mut() { *first = start; }
            let _ = read(&der);
        }
    }
}
