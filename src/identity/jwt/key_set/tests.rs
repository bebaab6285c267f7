use super::*;

const URL: &str = "https://issuer/keys";
const NOW_MS: u64 = 1_800_000_000_000;

fn set() -> KeySet {
    KeySet::new(URL, Algorithm::EdDsa)
}

/// Whether a token that names this key, or none, would find it.
fn finds(set: &KeySet, key_id: Option<&str>) -> bool {
    matches!(set.find(key_id), Found::Key(_))
}

/// The moments at which fetches begin, each of which has this answer.
fn asked_at_ms(set: &mut KeySet, answer: Option<&str>) -> Vec<u64> {
    let mut asked_at_ms = Vec::new();
    for now_ms in (NOW_MS..NOW_MS + 300_000).step_by(250) {
        if set.ask(now_ms).is_some() {
            asked_at_ms.push(now_ms - NOW_MS);
            let _ = set.answered(answer, now_ms);
        }
    }
    asked_at_ms
}

#[test]
fn after_a_failure_it_is_asked_for_again_soon_and_then_ever_later_up_to_a_minute() {
    for answer in [None, Some("nonsense"), Some(r#"{"keys":[]}"#)] {
        let expected = [0, 1, 3, 7, 15, 31, 63, 123, 183, 243].map(|s| s * 1_000);
        assert_eq!(asked_at_ms(&mut set(), answer), expected);
    }
}

#[test]
fn a_fetch_that_never_ends_is_a_failure() {
    let mut set = set();
    let asked: Vec<_> = (NOW_MS..NOW_MS + 30_000)
        .step_by(500)
        .filter(|now_ms| set.ask(*now_ms).is_some())
        .collect();
    assert_eq!(asked.first(), Some(&NOW_MS));
    assert!(asked.len() > 1 && asked.len() < 10, "{asked:?}");
}

#[test]
fn a_clock_that_is_set_back_holds_nobody_up() {
    let mut set = set();
    assert_eq!(set.ask(NOW_MS).as_deref(), Some(URL));
    let _ = set.answered(None, NOW_MS);
    assert!(set.ask(NOW_MS - 999).is_none());
    assert!(set.ask(NOW_MS - 1_000).is_some());
}

#[test]
fn waiting_ends_with_the_answer_or_the_time_for_it() {
    let mut asked = set();
    assert!(!asked.is_asking(NOW_MS) && asked.is_worth_waiting("one", NOW_MS));
    asked.ask(NOW_MS);
    let last_ms = NOW_MS + u64::from(TIMEOUT_MS) - 1;
    assert!(asked.is_asking(NOW_MS) && asked.is_asking(last_ms));
    assert!(!asked.is_asking(last_ms + 1), "the fetch was lost");
    assert!(!asked.is_worth_waiting("one", last_ms + 1));
    let _ = asked.answered(None, NOW_MS);
    assert!(!asked.is_asking(NOW_MS) && !asked.is_worth_waiting("one", NOW_MS));
    assert!(asked.is_worth_waiting("one", NOW_MS + MIN_INTERVAL_MS));
}

#[cfg(feature = "eddsa")]
mod with_keys {
    use serde_json::json;

    use super::*;

    /// Two keys from RFC 8032, section 7.1.
    const ONE: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const TWO: &str = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";

    fn jwk(key_id: &str, x: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": x, "use": "sig", "alg": "EdDSA" })
    }

    fn with(mut jwk: Value, member: &str, value: Value) -> Value {
        jwk[member] = value;
        jwk
    }

    fn answer(keys: &[Value]) -> String {
        json!({ "keys": keys, "other": 1 }).to_string()
    }

    fn holding(keys: &[Value]) -> KeySet {
        let mut set = set();
        set.ask(NOW_MS);
        let _ = set.answered(Some(&answer(keys)), NOW_MS);
        set
    }

    #[test]
    fn a_token_has_the_key_it_names_and_one_that_names_none_the_only_one() {
        let nameless = with(jwk("", ONE), "kid", Value::Null);
        for (keys, key_id, is_found) in [
            (vec![jwk("1", ONE), jwk("2", TWO)], Some("1"), true),
            (vec![jwk("1", ONE), jwk("2", TWO)], Some("3"), false),
            (vec![jwk("1", ONE), jwk("2", TWO)], None, false),
            (vec![jwk("1", ONE)], None, true),
            (vec![nameless.clone()], None, true),
            (vec![nameless], Some("1"), false),
            (vec![jwk("1", ONE), jwk("1", TWO)], Some("1"), false),
            (vec![jwk("1", ONE), jwk("1", ONE)], Some("1"), true),
            (vec![jwk("1", ONE), jwk("2", ONE)], None, true),
            (vec![], None, false),
        ] {
            assert_eq!(
                finds(&holding(&keys), key_id),
                is_found,
                "{keys:?} {key_id:?}"
            );
        }
    }

    #[test]
    fn only_keys_that_fit_are_taken() {
        for (jwk, is_taken) in [
            (jwk("1", ONE), true),
            (with(jwk("1", ONE), "x5c", json!(["MII"])), true),
            (with(jwk("1", ONE), "key_ops", json!(["verify"])), true),
            (with(jwk("1", ONE), "key_ops", json!(["sign"])), false),
            (with(jwk("1", ONE), "use", json!("enc")), false),
            (with(jwk("1", ONE), "alg", json!("RS256")), false),
            (with(jwk("1", ONE), "crv", json!("X25519")), false),
            (with(jwk("1", ONE), "kty", json!("EC")), false),
            (with(jwk("1", ONE), "d", json!("AA")), false),
            (with(jwk("1", ONE), "x", json!("AA")), false),
            (with(jwk("1", ONE), "x", json!(format!("{ONE}="))), false),
            (json!({ "kty": "oct", "k": ONE, "kid": "1" }), false),
            (json!("1"), false),
            // The neutral point, under which anything verifies.
            (
                jwk("1", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                false,
            ),
            (
                jwk("1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                false,
            ),
        ] {
            let beside = holding(&[jwk.clone(), self::jwk("2", TWO)]);
            assert!(finds(&beside, Some("2")), "{jwk}");
            assert_eq!(finds(&beside, Some("1")), is_taken, "{jwk}");
        }
    }

    #[test]
    fn keys_stay_unless_a_set_comes_and_then_only_those_in_it() {
        let mut set = holding(&[jwk("1", ONE)]);
        for answer in [
            None,
            Some(""),
            Some("[]"),
            Some("{}"),
            Some(r#"{"keys":{}}"#),
            Some("<html>"),
        ] {
            assert_ne!(set.answered(answer, NOW_MS), Ok(true), "{answer:?}");
            assert!(finds(&set, Some("1")), "{answer:?}");
        }
        let mut take = |keys: &[Value]| set.answered(Some(&answer(keys)), NOW_MS);
        assert_eq!(take(&[jwk("1", ONE)]), Ok(false));
        assert_eq!(take(&[jwk("1", ONE), jwk("1", ONE)]), Ok(false));
        assert_eq!(take(&[jwk("2", TWO)]), Ok(true));
        // An issuer without any key is one that has lost them for a moment.
        let algorithm = Algorithm::EdDsa;
        assert_eq!(take(&[]), Err(KeySetError::NoKey { algorithm }));
        assert_eq!(
            take(&[json!({ "kty": "RSA" })]),
            Err(KeySetError::NoKey { algorithm })
        );
        assert!(finds(&set, Some("2")) && !finds(&set, Some("1")));
    }

    #[test]
    fn keys_that_are_an_hour_old_are_asked_for_again_and_failing_does_not_make_them_young() {
        let mut set = holding(&[jwk("1", ONE)]);
        assert!(!set.is_stale(NOW_MS + MAX_AGE_MS - 1));
        let old_ms = NOW_MS + MAX_AGE_MS;
        assert!(set.is_stale(old_ms));
        assert!(set.ask(old_ms).is_some());
        assert!(!set.is_stale(old_ms + 1), "a fetch is under way");
        let _ = set.answered(None, old_ms);
        assert!(!set.is_stale(old_ms + FIRST_RETRY_MS - 1));
        assert!(set.is_stale(old_ms + FIRST_RETRY_MS));
        set.ask(old_ms + FIRST_RETRY_MS);
        set.answered(Some(&answer(&[jwk("1", ONE)])), old_ms + FIRST_RETRY_MS)
            .unwrap();
        assert!(!set.is_stale(old_ms + FIRST_RETRY_MS + MAX_AGE_MS - 1));
    }

    #[test]
    fn after_a_success_it_is_asked_for_ten_times_a_minute_and_the_next_failure_is_the_first_again()
    {
        let good = answer(&[jwk("1", ONE)]);
        let mut set = set();
        assert_eq!(asked_at_ms(&mut set, None).len(), 10);
        let every_six_seconds: Vec<u64> = (0..50).map(|time| time * 6_000).collect();
        let mut set = self::set();
        assert_eq!(asked_at_ms(&mut set, Some(&good)), every_six_seconds);
        let later_ms = NOW_MS + 400_000;
        assert!(set.ask(later_ms).is_some());
        let _ = set.answered(None, later_ms);
        assert!(set.ask(later_ms + FIRST_RETRY_MS).is_some());
    }

    /// Whether a token from this address is worth a fetch, which then succeeds.
    fn has_asked(set: &mut KeySet, address: &str, now_ms: u64) -> bool {
        let is_worth_it = set.is_worth_waiting(address, now_ms);
        if is_worth_it {
            assert!(set.ask(now_ms).is_some());
            let _ = set.answered(Some(&answer(&[jwk("1", ONE)])), now_ms);
        }
        is_worth_it
    }

    #[test]
    fn an_address_whose_names_are_not_there_is_worth_one_fetch_a_minute_and_leaves_the_others_theirs()
     {
        let mut set = holding(&[jwk("1", ONE)]);
        let (mut strangers, mut users) = (0, 0);
        let mut user: Option<(String, u64)> = None;
        for now_ms in (NOW_MS..NOW_MS + 600_000).step_by(250) {
            strangers += u64::from(has_asked(&mut set, "stranger", now_ms));
            // Somebody with a new key, from an address of their own, who comes back until they are heard.
            if now_ms % 20_000 == 7_000 {
                user = Some((format!("user {now_ms}"), now_ms));
            }
            if let Some((from, since_ms)) = &user
                && has_asked(&mut set, from, now_ms)
            {
                assert!(now_ms - since_ms <= MIN_INTERVAL_MS, "{from}");
                users += 1;
                user = None;
            }
        }
        assert_eq!(users, 30);
        assert!((9..=10).contains(&strangers), "{strangers}");
    }

    #[test]
    fn an_address_is_not_held_to_its_one_fetch_while_there_is_no_set_or_it_cannot_be_had() {
        let mut set = set();
        for (second, answered) in [(0, false), (1, false), (3, false), (7, true)] {
            let now_ms = NOW_MS + second * 1_000;
            assert!(set.is_worth_waiting("one", now_ms), "{second}");
            assert!(set.ask(now_ms).is_some());
            let body = answer(&[jwk("1", ONE)]);
            let _ = set.answered(answered.then_some(&body), now_ms);
        }
        let again_ms = NOW_MS + 7_000 + MIN_INTERVAL_MS;
        assert!(has_asked(&mut set, "one", again_ms));
        assert!(!set.is_worth_waiting("one", again_ms + MIN_INTERVAL_MS));
        assert!(set.is_worth_waiting("other", again_ms + MIN_INTERVAL_MS));
    }

    #[test]
    fn no_more_keys_are_taken_than_a_set_may_have() {
        let keys: Vec<_> = (0..100).map(|id| jwk(&id.to_string(), ONE)).collect();
        let set = holding(&keys);
        assert_eq!(set.keys.len(), MAX_KEYS);
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_answered_is_a_set_or_is_not(text: String, json in r#"(\{"keys":\[)?[\[\]{}",:a-z0-9]{0,60}(\]\})?"#) {
        let mut set = set();
        let _ = set.answered(Some(&text), NOW_MS);
        let _ = set.answered(Some(&json), NOW_MS);
        assert!(!finds(&set, None));
    }
}
