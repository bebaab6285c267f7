use proptest::prelude::*;

use super::*;
use crate::{Algorithm, Limit};

fn take() -> Take {
    let limits = Limit::parse_all("5/minute;20/hour").unwrap();
    let bucket = limits[0]
        .counted_by(Algorithm::TokenBucket { burst: Some(7) })
        .unwrap();
    let claims = vec![
        Claim {
            counter: "login".to_owned(),
            limits,
        },
        Claim {
            counter: "tenant".to_owned(),
            limits: vec![bucket],
        },
    ];
    Take {
        cost: NonZeroU32::new(3).unwrap(),
        claims,
    }
}

#[test]
fn a_message_arrives_as_it_was_sent() {
    assert_eq!(Take::decode(&take().encode()), Ok(take()));
}

#[test]
fn an_unknown_version_is_refused_by_its_number() {
    let mut bytes = take().encode();
    bytes[0] = 9;
    assert_eq!(Take::decode(&bytes), Err(MessageError::UnknownVersion(9)));
    assert_eq!(Take::decode(&[]), Err(MessageError::Damaged));
}

#[test]
fn a_limit_that_cannot_be_is_no_message() {
    // version, cost, one claim, its name, one limit: permits, multiple, unit, algorithm
    let valid = [1, 1, 1, 1, b'a', 1, 5, 1, 1, 0];
    assert!(Take::decode(&valid).is_ok());
    for (what, at, byte) in [
        ("no cost", 1, 0),
        ("no window", 7, 0),
        ("no such unit", 8, 6),
        ("no such algorithm", 9, 9),
    ] {
        let mut bytes = valid;
        bytes[at] = byte;
        assert_eq!(Take::decode(&bytes), Err(MessageError::Damaged), "{what}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Take::decode(&bytes);
        let _ = Decision::decode(&bytes);
        let mut current = vec![VERSION];
        current.extend(bytes);
        let _ = Take::decode(&current);
        let _ = Decision::decode(&current);
    }

    #[test]
    fn a_message_cut_short_is_damaged(length in 1..60_usize) {
        let bytes = take().encode();
        prop_assume!(length < bytes.len());
        prop_assert_eq!(Take::decode(&bytes[..length]), Err(MessageError::Damaged));
    }
}
