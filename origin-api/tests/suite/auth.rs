use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, header};
use chrono::{TimeDelta, Utc};
use origin_api::token::TokenKey;
use serde_json::json;

use crate::support::{Api, PASSWORD, Reply, holder};

#[track_caller]
fn assert_unauthorized(reply: &Reply) {
    reply.assert_error(401, "unauthorized");
    assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn whoever_registers_can_log_in_and_use_the_token() {
    let api = Api::start().await;

    let registered = api.register("ada", PASSWORD).await;
    assert_eq!(registered.status, 201);
    assert_eq!(registered.json()["username"], "ada");

    let login = api.login("ada", PASSWORD).await;
    assert_eq!(login.status, 200);
    assert_eq!(login.headers[header::CACHE_CONTROL], "no-store");
    let grant = login.json();
    assert_eq!(grant["token_type"], "Bearer");
    assert_eq!(grant["expires_in"], 3600);

    let token = grant["access_token"].as_str().unwrap();
    let holder = api.tokens.verify(token, Utc::now()).unwrap().holder;
    assert_eq!(registered.json()["id"], holder.id);
    assert_eq!(holder.name, "ada");
    assert_eq!(api.get("/api/v1/tasks", token).await.json(), json!([]));
}

#[tokio::test]
async fn no_password_is_stored_or_sent_back() {
    let api = Api::start().await;
    let reply = api.register("ada", PASSWORD).await;
    assert!(!reply.text.contains(PASSWORD));

    let stored: String = sqlx::query_scalar("SELECT password_hash FROM users")
        .fetch_one(&api.db)
        .await
        .unwrap();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
}

#[tokio::test]
async fn a_username_is_taken_in_every_letter_case() {
    let api = Api::start().await;
    api.register("ada", PASSWORD).await;
    for name in ["ada", "Ada"] {
        api.register(name, PASSWORD)
            .await
            .assert_error(409, "username_taken");
    }
}

#[tokio::test]
async fn a_username_or_password_out_of_range_is_refused_by_name() {
    let api = Api::start().await;
    let long_name = "a".repeat(65);
    let long_password = "a".repeat(129);
    for (username, password, field) in [
        ("ab", PASSWORD, "username"),
        (long_name.as_str(), PASSWORD, "username"),
        ("ada lovelace", PASSWORD, "username"),
        ("adä", PASSWORD, "username"),
        ("ada", "1234567", "password"),
        ("ada", long_password.as_str(), "password"),
    ] {
        let reply = api.register(username, password).await;
        reply.assert_wrong(&[field]);
    }
}

#[tokio::test]
async fn the_longest_and_shortest_credentials_are_accepted() {
    let api = Api::start().await;
    for (username, password) in [
        ("a_1", "12345678".to_owned()),
        ("Aa9_.-.-".repeat(8).as_str(), "ü".repeat(128)),
    ] {
        assert_eq!(api.register(username, &password).await.status, 201);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer_for_the_same_work() {
    let api = Api::start().await;
    api.register("ada", PASSWORD).await;

    // The fastest of a few, so that a busy machine cannot decide the test.
    let mut fastest = [Duration::MAX; 2];
    let mut texts = [String::new(), String::new()];
    for _ in 0..3 {
        for (index, username) in ["ada", "nobody"].into_iter().enumerate() {
            let start = Instant::now();
            let reply = api.login(username, "not her password").await;
            fastest[index] = fastest[index].min(start.elapsed());
            reply.assert_error(401, "invalid_credentials");
            texts[index] = reply.text;
        }
    }
    let [wrong_password, unknown_user] = fastest;
    assert!(unknown_user > wrong_password / 2, "{fastest:?}");
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn without_a_token_nothing_about_tasks_is_said() {
    let api = Api::start().await;
    let task = json!({"title": "x"});
    assert_unauthorized(&api.get("/api/v1/tasks", "").await);
    assert_unauthorized(&api.get("/api/v1/tasks/search?q=x", "").await);
    assert_unauthorized(&api.get("/api/v1/tasks/1", "").await);
    assert_unauthorized(&api.get("/api/v1/tasks/not-a-number", "").await);
    assert_unauthorized(&api.post("/api/v1/tasks", "", task.clone()).await);
    assert_unauthorized(&api.put("/api/v1/tasks/1", "", task).await);
    assert_unauthorized(&api.delete("/api/v1/tasks/1", "").await);
}

#[tokio::test]
async fn a_forged_or_expired_token_is_as_good_as_none() {
    let api = Api::start().await;
    let genuine = api.user("ada").await;
    assert_eq!(api.get("/api/v1/tasks", &genuine).await.status, 200);

    let stranger = TokenKey::new(b"another secret of thirty-two bytes or more").unwrap();
    let forged = stranger.issue(&holder("ada"), Utc::now()).unwrap();
    let an_hour_ago = Utc::now() - TimeDelta::seconds(3_602);
    let expired = api.tokens.issue(&holder("ada"), an_hour_ago).unwrap();
    let (truncated, _) = genuine.split_at(genuine.len() - 1);
    for token in [&forged, &expired, truncated, "x", "a.b.c"] {
        assert_unauthorized(&api.get("/api/v1/tasks", token).await);
    }
    let reply = api.get("/api/v1/tasks", &expired).await;
    assert!(reply.text.contains("expired"), "{reply:?}");
}

#[tokio::test]
async fn the_bearer_scheme_is_read_in_any_letter_case_and_no_other_scheme_is() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for (scheme, status) in [("bearer", 200), ("BEARER", 200), ("Basic", 401)] {
        let request = Request::get("/api/v1/tasks")
            .header(header::AUTHORIZATION, format!("{scheme} {token}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(api.send(request).await.status, status, "{scheme}");
    }
}

#[tokio::test]
async fn a_genuine_token_of_a_user_who_does_not_exist_cannot_write() {
    let api = Api::start().await;
    let token = api.tokens.issue(&holder("ghost"), Utc::now()).unwrap();
    let reply = api
        .post("/api/v1/tasks", &token, json!({"title": "boo"}))
        .await;
    assert_unauthorized(&reply);
}
