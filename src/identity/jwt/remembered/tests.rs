use super::*;

const ALWAYS: Period = Period {
    start_ms: 0,
    end_ms: i64::MAX,
};

fn digest(of: usize) -> Digest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&of.to_be_bytes());
    digest
}

fn claims(text_bytes: usize) -> Rc<Claims> {
    Rc::new(Claims::saying("sub", &"a".repeat(text_bytes)))
}

/// What is remembered: how many tokens, and how many bytes by a count of its own.
fn held(remembered: &Remembered) -> (usize, usize) {
    let generations = [&remembered.young, &remembered.old];
    let tokens = || generations.iter().flat_map(|it| it.tokens.values());
    (
        tokens().count(),
        tokens().map(|(claims, _)| claims.bytes()).sum(),
    )
}

#[test]
fn however_many_tokens_come_it_stays_within_its_bounds() {
    for (text_bytes, max_tokens) in [(3, 2 * MAX_TOKENS), (6_000, 200)] {
        let mut remembered = Remembered::default();
        for of in 0..5_000 {
            remembered.put(digest(of), &claims(text_bytes), ALWAYS);
            let (tokens, bytes) = held(&remembered);
            assert!(
                tokens <= max_tokens && bytes <= 2 * MAX_BYTES,
                "{tokens}, {bytes}"
            );
        }
        assert!(remembered.get(&digest(4_999), 1).is_some());
        assert!(remembered.get(&digest(0), 1).is_none());
    }
}

#[test]
fn whoever_keeps_coming_stays() {
    let mut remembered = Remembered::default();
    for of in 0..20_000 {
        remembered.put(digest(of), &claims(3), ALWAYS);
        if of % 500 == 0 {
            assert!(remembered.get(&digest(0), 1).is_some(), "after {of}");
        }
    }
}

#[test]
fn what_is_put_twice_takes_its_place_once() {
    let mut remembered = Remembered::default();
    for _ in 0..10_000 {
        remembered.put(digest(7), &claims(100), ALWAYS);
    }
    assert_eq!(held(&remembered).0, 1);
    remembered.clear();
    assert_eq!(held(&remembered), (0, 0));
}
