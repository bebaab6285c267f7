use origin_api::DebugRoutes;

use crate::support::{Api, PASSWORD};

const LOAD: &str = "/api/v1/debug/load";

#[tokio::test]
async fn load_counts_the_requests_answered_before_and_the_time_they_took() {
    let api = Api::start_with(DebugRoutes::Served).await;
    let before = api.get(LOAD, "").await.json();
    assert_eq!(before["requests"], 0);
    api.get("/health", "").await;
    api.get("/nothing", "").await;
    api.login("nobody", PASSWORD).await;
    let after = api.get(LOAD, "").await.json();
    assert_eq!(after["requests"], 4);
    let cpu_ms = |load: &serde_json::Value| load["cpu_ms"].as_u64().unwrap();
    assert!(cpu_ms(&after) > cpu_ms(&before), "{before} {after}");
}

#[tokio::test]
async fn load_is_there_only_when_asked_for() {
    let api = Api::start().await;
    api.get(LOAD, "").await.assert_error(404, "not_found");
}
