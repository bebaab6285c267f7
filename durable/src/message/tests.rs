use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::Algorithm;

fn request(operation: Operation) -> Request {
    Request { id: 7, operation }
}

fn take(claims: Vec<Claim>) -> Request {
    request(Operation::Take {
        claims,
        provisional_ms: 0,
        settled: Vec::new(),
    })
}

fn claim(counter: &str, limits: &str) -> Claim {
    Claim {
        counter: counter.to_owned(),
        limits: Limit::parse_all(limits).unwrap(),
        cost: NonZeroU32::MIN,
        reserved_ms: 0,
    }
}

fn all_operations() -> Vec<Request> {
    let bucket = Algorithm::TokenBucket { burst: Some(7) };
    let mut login = claim("login", "5/minute;20/hour");
    login.limits[0] = login.limits[0].counted_by(bucket).unwrap();
    let claims = vec![login.clone(), claim("tenant", "100/day")];
    vec![
        take(claims.clone()),
        request(Operation::Peek {
            claims: claims.clone(),
        }),
        request(Operation::Take {
            claims: claims.clone(),
            provisional_ms: 1_000,
            settled: vec![3, u64::MAX],
        }),
        request(Operation::Settle {
            id: 6,
            taken_ms: 999_000,
            outcomes: vec![Outcome {
                claim: login.clone(),
                is_kept: true,
            }],
        }),
        request(Operation::Cancel { id: 6 }),
        request(Operation::Reset { counter: None }),
        request(Operation::Set {
            counter: "login".to_owned(),
            exception: Some(Override {
                limits: login.limits,
                until_ms: Some(2_000_000),
            }),
        }),
    ]
}

#[test]
fn a_message_arrives_as_it_was_sent_and_so_does_its_reply() {
    for request in all_operations() {
        assert_eq!(Request::decode(&request.encode()), Ok(request.clone()));
        let reply = request.perform(&mut Ledger::default(), 1_000_000);
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
}

#[test]
fn an_unknown_version_is_refused_by_its_number() {
    let mut bytes = take(vec![claim("c", "5/minute")]).encode();
    bytes[0] = 9;
    assert_eq!(
        Request::decode(&bytes),
        Err(MessageError::UnknownVersion(9))
    );
    assert_eq!(Request::decode(&[]), Err(MessageError::Damaged));
}

#[test]
fn a_message_whose_charge_would_be_ambiguous_is_refused() {
    let twice_the_counter = take(vec![claim("c", "5/minute"), claim("c", "5/hour")]);
    let twice_the_window = take(vec![claim("c", "5/minute;6/60 seconds")]);
    for request in [twice_the_counter, twice_the_window] {
        assert_eq!(
            Request::decode(&request.encode()),
            Err(MessageError::Ambiguous)
        );
    }
}

#[test]
fn a_limit_that_cannot_be_is_no_message() {
    // version, id, take, one claim, its name, one limit: permits, multiple, unit, algorithm; cost, not reserved; not
    // provisional, nothing settled
    let valid = [2, 7, 0, 1, 1, b'c', 1, 5, 1, 1, 0, 1, 0, 0, 0];
    let decoded = take(vec![claim("c", "5/minute")]);
    assert_eq!(Request::decode(&valid), Ok(decoded));
    for (what, at, byte) in [
        ("no window", 8, 0),
        ("no such unit", 9, 6),
        ("no such algorithm", 10, 9),
        ("no cost", 11, 0),
    ] {
        let mut bytes = valid;
        bytes[at] = byte;
        assert_eq!(
            Request::decode(&bytes),
            Err(MessageError::Damaged),
            "{what}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut current = vec![VERSION];
        current.extend(&bytes);
        for bytes in [bytes, current] {
            let _ = Reply::decode(&bytes);
            if let Ok(request) = Request::decode(&bytes) {
                request.perform(&mut Ledger::default(), 1_000_000);
            }
        }
    }

    #[test]
    fn a_message_cut_short_is_damaged(which in 0..7_usize, end: prop::sample::Index) {
        let bytes = all_operations()[which].encode();
        let length = 1 + end.index(bytes.len() - 1);
        prop_assert_eq!(Request::decode(&bytes[..length]), Err(MessageError::Damaged));
    }
}
