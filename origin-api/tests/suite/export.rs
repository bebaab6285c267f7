use std::time::Duration;

use axum::http::{Method, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Api, Reply, request};

const EXPORT: &str = "/api/v1/tasks/export";

async fn api() -> (Api, String) {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for (title, status, priority) in [
        ("plain", "todo", "low"),
        ("with, \"quotes\"", "done", "low"),
        ("third", "done", "high"),
    ] {
        let task = json!({"title": title, "description": "a\r\nb", "status": status, "priority": priority});
        api.task(&token, task).await;
    }
    sqlx::query("UPDATE tasks SET created_at = '2027-01-01T12:00:00+00:00' WHERE title = 'third'")
        .execute(&api.db)
        .await
        .unwrap();
    (api, token)
}

/// Every other of them is ada's, the rest bob's.
async fn insert_a_thousand(api: &Api) {
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO tasks (user_id, title, description, created_at, updated_at)
         SELECT iif(i % 2, 'ada', 'bob'), i, '', '2026-11-24T00:00:00Z', '2026-11-24T00:00:00Z' FROM n",
    )
    .execute(&api.db)
    .await
    .unwrap();
}

fn assert_names_a_file(reply: &Reply, media_type: &str, file: &str) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.headers[header::CONTENT_TYPE], media_type);
    let disposition = reply.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(disposition, format!("attachment; filename=\"{file}\""));
}

#[tokio::test]
async fn an_export_as_json_has_the_totals_and_every_task() {
    let (api, token) = api().await;
    let reply = api.get(EXPORT, &token).await;
    assert_names_a_file(&reply, "application/json", "tasks.json");

    let report = reply.json();
    assert_eq!(report["totals"]["status"], json!({"todo": 1, "done": 2}));
    assert_eq!(report["totals"]["priority"], json!({"low": 2, "high": 1}));
    // The first day of 2027 belongs to the last week of 2026.
    assert_eq!(report["totals"]["week"]["2026-W53"], 1);
    let tasks = report["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 3);
    assert_eq!(tasks[2]["week"], "2026-W53");
    let mut shown = tasks[0].clone();
    shown.as_object_mut().unwrap().remove("week");
    let path = format!("/api/v1/tasks/{}", shown["id"]);
    assert_eq!(api.get(&path, &token).await.json(), shown);
}

#[tokio::test]
async fn an_export_as_csv_has_a_line_of_names_and_a_record_for_each_task() {
    let (api, token) = api().await;
    let reply = api.get(&format!("{EXPORT}?format=csv"), &token).await;
    assert_names_a_file(
        &reply,
        "text/csv; charset=utf-8; header=present",
        "tasks.csv",
    );

    let mut csv = csv::Reader::from_reader(reply.text.as_bytes());
    let names = csv.headers().unwrap().clone();
    assert_eq!(names.len(), 12);
    let records: Vec<_> = csv.records().map(Result::unwrap).collect();
    let column = |name: &str| -> Vec<&str> {
        let index = names.iter().position(|column| column == name).unwrap();
        records.iter().map(|record| &record[index]).collect()
    };
    assert_eq!(column("title"), ["plain", "with, \"quotes\"", "third"]);
    assert_eq!(column("description"), ["a\r\nb"; 3]);
    assert_eq!(column("due_date"), [""; 3]);
    assert_eq!(column("tasks_of_status"), ["1", "2", "2"]);
    assert_eq!(column("tasks_of_priority"), ["2", "2", "1"]);
    assert_eq!(column("tasks_of_week"), ["2", "2", "1"]);
    assert_eq!(column("week")[2], "2026-W53");
}

#[tokio::test]
async fn an_export_of_nothing_is_whole() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let empty = json!({"totals": {"status": {}, "priority": {}, "week": {}}, "tasks": []});
    assert_eq!(api.get(EXPORT, &token).await.json(), empty);
    let csv = api.get(&format!("{EXPORT}?format=csv"), &token).await.text;
    assert_eq!(csv.lines().count(), 1);
}

#[tokio::test]
async fn an_export_of_many_tasks_has_each_of_them_once_and_nobody_elses() {
    let api = Api::start().await;
    let (ada, bob) = (api.user("ada").await, api.user("bob").await);
    insert_a_thousand(&api).await;

    let report = api.get(EXPORT, &ada).await.json();
    let titles: Vec<u32> = report["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["title"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(titles, (1..1000).step_by(2).collect::<Vec<_>>());
    assert_eq!(report["totals"]["status"]["todo"], 500);
    let csv = api.get(&format!("{EXPORT}?format=csv"), &bob).await.text;
    assert_eq!(csv.lines().count(), 501);
}

#[tokio::test]
async fn exports_that_clients_leave_make_room_for_others() {
    let api = Api::start().await;
    let (ada, _) = (api.user("ada").await, api.user("bob").await);
    insert_a_thousand(&api).await;
    let others = async {
        for _ in 0..20 {
            let left = api.open(request(Method::GET, EXPORT, &ada, None)).await;
            assert_eq!(left.status(), 200);
        }
        api.get(EXPORT, &ada).await.json()
    };
    let report = tokio::time::timeout(Duration::from_secs(30), others).await;
    assert_eq!(report.unwrap()["tasks"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn an_export_that_fails_on_its_way_does_not_look_whole() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for title in ["good", "bad"] {
        api.task(&token, json!({"title": title})).await;
    }
    sqlx::query("UPDATE tasks SET updated_at = 'never' WHERE title = 'bad'")
        .execute(&api.db)
        .await
        .unwrap();
    let response = api.open(request(Method::GET, EXPORT, &token, None)).await;
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn an_export_needs_a_token_and_a_form_that_exists() {
    let (api, token) = api().await;
    api.get(EXPORT, "").await.assert_error(401, "unauthorized");
    for query in ["format=xml", "format=", "format=CSV"] {
        api.get(&format!("{EXPORT}?{query}"), &token)
            .await
            .assert_error(400, "invalid_query");
    }
}

#[tokio::test]
async fn twenty_exports_at_once_all_come_to_their_end() {
    let (api, token) = api().await;
    let api = std::sync::Arc::new(api);
    let exports: Vec<_> = (0..20)
        .map(|_| {
            let (api, token) = (api.clone(), token.clone());
            tokio::spawn(async move { api.get(EXPORT, &token).await.json() })
        })
        .collect();
    for export in exports {
        let report: Value = export.await.unwrap();
        assert_eq!(report["tasks"].as_array().unwrap().len(), 3);
    }
}
