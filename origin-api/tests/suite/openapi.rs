use axum::http::Method;
use origin_api::DebugRoutes;
use serde_json::{Value, json};

use crate::support::{Api, request};

async fn document(api: &Api) -> Value {
    api.get("/api/openapi.json", "").await.json()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    operations.collect()
}

#[tokio::test]
async fn every_route_is_described_and_the_debug_routes_only_where_they_are_served() {
    let hidden = document(&Api::start().await).await;
    let served = document(&Api::start_with(DebugRoutes::Served).await).await;
    assert_eq!(hidden["openapi"], "3.1.0");
    let names = |document: &Value| -> Vec<String> {
        let operations = operations(document).into_iter();
        let mut names: Vec<_> = operations
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect();
        names.sort();
        names
    };
    let mut expected = vec![
        "DELETE /api/v1/tasks/{id}",
        "GET /api/docs",
        "GET /api/openapi.json",
        "GET /api/v1/admin/users",
        "GET /api/v1/tasks",
        "GET /api/v1/tasks/export",
        "GET /api/v1/tasks/search",
        "GET /api/v1/tasks/{id}",
        "GET /api/v1/ws",
        "GET /health",
        "GET /ready",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/register",
        "POST /api/v1/tasks",
        "PUT /api/v1/tasks/{id}",
    ];
    assert_eq!(names(&hidden), expected);
    expected.extend(["GET /api/v1/debug/fail", "GET /api/v1/debug/load"]);
    expected.sort_unstable();
    assert_eq!(names(&served), expected);
}

#[tokio::test]
async fn what_needs_a_token_says_so_and_what_says_so_needs_one() {
    let api = Api::start().await;
    for (method, path, operation) in operations(&document(&api).await) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let path = path.replace("{id}", "1");
        let body = operation["requestBody"].is_object().then(|| json!({}));
        let reply = api.send(request(method, &path, "", body)).await;
        let needs_token = operation["security"].is_array();
        assert_eq!(reply.status == 401, needs_token, "{path}: {reply:?}");
        assert_eq!(
            operation["responses"]["401"].is_object() || path.ends_with("login"),
            needs_token || path.ends_with("login"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_a_summary_and_a_tag() {
    let document = document(&Api::start_with(DebugRoutes::Served).await).await;
    let text = document.to_string();
    let mut count = 0;
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let (pointer, _) = reference.split_once('"').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        count += 1;
    }
    assert!(count > 20, "{count}");
    let tags = document["tags"].as_array().unwrap();
    for (_, path, operation) in operations(&document) {
        assert!(operation["summary"].is_string(), "{path}");
        assert!(
            tags.iter().any(|tag| tag["name"] == operation["tags"][0]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_shows_every_path_and_loads_nothing() {
    let api = Api::start().await;
    let page = api.get("/api/docs", "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for (method, path, _) in operations(&document(&api).await) {
        let heading = format!("<h3>{method} {path}</h3>");
        assert!(page.text.contains(&heading), "{heading}");
    }
    for loaded in [
        "<script", "src=", "<link", "@import", "url(", "http://", "https://",
    ] {
        assert!(!page.text.contains(loaded), "{loaded}");
    }
}
