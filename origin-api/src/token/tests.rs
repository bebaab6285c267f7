use super::*;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

fn holder() -> Holder {
    Holder {
        id: "7".to_owned(),
        name: "ada".to_owned(),
        org: Some("engines".to_owned()),
        role: Role::Admin,
        plan: Plan::Pro,
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn a_token_stands_for_its_holder_until_its_last_second_and_not_longer() {
    let key = TokenKey::new(SECRET).unwrap();
    let token = key.issue(&holder(), noon()).unwrap();
    let last = noon() + TimeDelta::seconds(LIFETIME_S.into());

    let verified = Verified {
        holder: holder(),
        expires_at: last,
    };
    assert_eq!(key.verify(&token, noon()), Ok(verified.clone()));
    assert_eq!(key.verify(&token, last), Ok(verified));
    assert_eq!(
        key.verify(&token, last + TimeDelta::milliseconds(1)),
        Err(Unauthenticated::Expired)
    );
}

#[test]
fn a_token_signed_with_another_secret_is_worth_nothing() {
    let token = TokenKey::new(b"another secret of thirty-two bytes or more")
        .unwrap()
        .issue(&holder(), noon())
        .unwrap();
    let ours = TokenKey::new(SECRET).unwrap();
    assert_eq!(ours.verify(&token, noon()), Err(Unauthenticated::Invalid));
}

#[test]
fn a_token_that_claims_to_need_no_signature_is_worth_nothing() {
    let key = TokenKey::new(SECRET).unwrap();
    let token = key.issue(&holder(), noon()).unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let unsigned_header = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}

    for forged in [
        format!("{unsigned_header}.{claims}."),
        format!("{unsigned_header}.{claims}"),
    ] {
        assert_eq!(key.verify(&forged, noon()), Err(Unauthenticated::Invalid));
    }
}

#[test]
fn a_token_without_an_expiry_is_worth_nothing() {
    let key = TokenKey::new(SECRET).unwrap();
    let eternal = Hs256
        .token(&Header::empty(), &Claims::new(holder()), &key.0)
        .unwrap();
    assert_eq!(key.verify(&eternal, noon()), Err(Unauthenticated::Invalid));
}

#[test]
fn a_token_that_says_less_or_something_else_stands_for_less() {
    #[derive(Serialize)]
    struct Strange {
        sub: &'static str,
        name: &'static str,
        role: [&'static str; 2],
        plan: &'static str,
    }
    let key = TokenKey::new(SECRET).unwrap();
    let claims = Claims::new(Strange {
        sub: "7",
        name: "ada",
        role: ["member", "admin"],
        plan: "gold",
    })
    .set_duration_and_issuance(&at(noon()), TimeDelta::seconds(1));
    let token = Hs256.token(&Header::empty(), &claims, &key.0).unwrap();
    let least = Holder {
        org: None,
        role: Role::Member,
        plan: Plan::Free,
        ..holder()
    };
    assert_eq!(key.verify(&token, noon()).unwrap().holder, least);
}

#[test]
fn a_secret_needs_thirty_two_bytes() {
    assert!(TokenKey::new(&[b'x'; 32]).is_ok());
    assert_eq!(
        TokenKey::new(&[b'x'; 31]).unwrap_err(),
        WeakSecret { bytes: 31 }
    );
}
