use axum::body::Body;
use axum::http::{Method, Request, header};
use origin_api::DebugRoutes;
use serde_json::json;

use crate::support::{Api, request};

fn raw(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/api/v1/auth/login")
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn an_unknown_path_is_404_in_json() {
    let api = Api::start().await;
    for path in ["/", "/api/v1/nothing", "/api/v1/tasks/1/2", "/health/"] {
        api.get(path, "").await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_in_json_and_says_what_is_allowed() {
    let api = Api::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/tasks", "GET,HEAD,POST"),
        (Method::POST, "/api/v1/tasks/1", "GET,HEAD,PUT,DELETE"),
        (Method::DELETE, "/api/v1/tasks/search", "GET,HEAD"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
    ] {
        let reply = api.send(request(method, path, "", None)).await;
        reply.assert_error(405, "method_not_allowed");
        assert_eq!(reply.headers[header::ALLOW], allowed);
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() {
    let api = Api::start().await;
    for body in ["", "{", "username=ada", "{\"username\":\"a\u{0}\"}"] {
        api.send(raw("application/json", body))
            .await
            .assert_error(400, "invalid_json");
    }
}

#[tokio::test]
async fn json_without_the_fields_that_are_needed_is_422_and_names_the_field() {
    let api = Api::start().await;
    let reply = api
        .send(raw("application/json", r#"{"username":"ada"}"#))
        .await;
    reply.assert_wrong(&["password"]);
}

#[tokio::test]
async fn a_field_that_is_unknown_or_there_twice_is_422_and_named() {
    let api = Api::start().await;
    for (body, field) in [
        (r#"{"username":"a","password":"b","role":"admin"}"#, "role"),
        (
            r#"{"username":"a","username":"a","password":"b"}"#,
            "username",
        ),
        (r#"{"username":7,"password":"b"}"#, "username"),
        (r#"{"username":"\ud800","password":"b"}"#, "username"),
        ("[]", "body"),
        ("7", "body"),
        ("null", "body"),
    ] {
        let reply = api.send(raw("application/json", body)).await;
        reply.assert_wrong(&[field]);
        assert!(!reply.text.contains("struct"), "{reply:?}");
    }
}

#[tokio::test]
async fn text_that_is_no_text_is_400_and_a_nul_is_a_character_as_any() {
    let api = Api::start().await;
    api.send(raw("application/json", b"{\"username\":\"\xff\"}".to_vec()))
        .await
        .assert_error(400, "invalid_json");
    let nul = r#"{"username":"a\u0000b","password":"a\u0000b"}"#;
    api.send(raw("application/json", nul))
        .await
        .assert_error(401, "invalid_credentials");
}

#[tokio::test]
async fn a_body_not_declared_as_json_is_415() {
    let api = Api::start().await;
    api.send(raw("text/plain", "{}"))
        .await
        .assert_error(415, "unsupported_media_type");
    let undeclared = Request::post("/api/v1/auth/login")
        .body(Body::from("{}"))
        .unwrap();
    api.send(undeclared)
        .await
        .assert_error(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_and_one_of_64_kib_is_read() {
    let api = Api::start().await;
    let blanks = |bytes| raw("application/json", " ".repeat(bytes));
    api.send(blanks(64 * 1024 + 1))
        .await
        .assert_error(413, "body_too_large");
    api.send(blanks(64 * 1024))
        .await
        .assert_error(400, "invalid_json");
}

#[tokio::test]
async fn a_path_or_query_that_cannot_be_read_is_400() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for id in ["seven", "1.5", "99999999999999999999", "%FF"] {
        let path = format!("/api/v1/tasks/{id}");
        api.get(&path, &token)
            .await
            .assert_error(400, "invalid_path");
    }
    for query in ["limit=0", "limit=201", "limit=all", "limit=-1", "offset=-1"] {
        let path = format!("/api/v1/tasks?{query}");
        api.get(&path, &token)
            .await
            .assert_error(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_lost_database_is_500_to_clients_503_to_ready_and_nothing_leaks() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    assert_eq!(
        api.get("/ready", "").await.json(),
        json!({"status": "ready"})
    );

    api.db.close().await;
    let reply = api.get("/api/v1/tasks", &token).await;
    reply.assert_error(500, "internal_error");
    assert!(!reply.text.to_lowercase().contains("pool"), "{reply:?}");
    api.login("ada", "not her password")
        .await
        .assert_error(500, "internal_error");
    api.get("/ready", "").await.assert_error(503, "not_ready");
    assert_eq!(api.get("/health", "").await.json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn the_deliberate_failure_is_there_only_when_asked_for() {
    let path = "/api/v1/debug/fail";
    let hidden = Api::start().await;
    hidden.get(path, "").await.assert_error(404, "not_found");
    let served = Api::start_with(DebugRoutes::Served).await;
    served
        .get(path, "")
        .await
        .assert_error(500, "deliberate_failure");
}
