use std::collections::BTreeSet;

use axum::http::header;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::{Api, Reply};

fn time(task: &Value, field: &str) -> DateTime<Utc> {
    let text = task[field].as_str().unwrap();
    assert!(text.ends_with('Z'), "{text} is not in UTC");
    text.parse().unwrap()
}

async fn create(api: &Api, token: &str, title: &str) -> Reply {
    let reply = api
        .post("/api/v1/tasks", token, json!({"title": title}))
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply
}

#[tokio::test]
async fn a_task_is_created_read_replaced_and_deleted() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let draft = json!({"title": "Write", "description": "notes", "status": "in_progress", "priority": "high", "due_date": "2026-12-24"});

    let reply = api.post("/api/v1/tasks", &token, draft).await;
    assert_eq!(reply.status, 201);
    let created = reply.json();
    let path = reply.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(path, format!("/api/v1/tasks/{}", created["id"]));
    assert_eq!(created["title"], "Write");
    assert_eq!(created["description"], "notes");
    assert_eq!(created["status"], "in_progress");
    assert_eq!(created["priority"], "high");
    assert_eq!(created["due_date"], "2026-12-24");
    assert_eq!(created.as_object().unwrap().len(), 8);
    assert_eq!(time(&created, "created_at"), time(&created, "updated_at"));
    assert_eq!(api.get(&path, &token).await.json(), created);

    let replaced = api.put(&path, &token, json!({"title": "Rewrite"})).await;
    assert_eq!(replaced.status, 200);
    let replaced = replaced.json();
    assert_eq!(replaced["title"], "Rewrite");
    assert_eq!(replaced["description"], "");
    assert_eq!(replaced["status"], "todo");
    assert_eq!(replaced["priority"], "medium");
    assert_eq!(replaced["due_date"], Value::Null);
    assert_eq!(replaced["created_at"], created["created_at"]);
    assert!(time(&replaced, "updated_at") >= time(&created, "updated_at"));
    assert_eq!(api.get(&path, &token).await.json(), replaced);

    let deleted = api.delete(&path, &token).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    api.get(&path, &token)
        .await
        .assert_error(404, "task_not_found");
    api.delete(&path, &token)
        .await
        .assert_error(404, "task_not_found");
}

#[tokio::test]
async fn another_users_task_looks_like_none_and_stays_as_it_is() {
    let api = Api::start().await;
    let (ada, eve) = (api.user("ada").await, api.user("eve").await);
    let task = create(&api, &ada, "Secret").await.json();
    let path = format!("/api/v1/tasks/{}", task["id"]);

    let overwrite = json!({"title": "Mine now"});
    api.get(&path, &eve)
        .await
        .assert_error(404, "task_not_found");
    api.put(&path, &eve, overwrite)
        .await
        .assert_error(404, "task_not_found");
    api.delete(&path, &eve)
        .await
        .assert_error(404, "task_not_found");
    assert!(api.get("/api/v1/tasks", &eve).await.titles().is_empty());
    let found = api.get("/api/v1/tasks/search?q=secret", &eve).await;
    assert!(found.titles().is_empty());

    assert_eq!(api.get(&path, &ada).await.json(), task);
}

#[tokio::test]
async fn the_list_is_newest_first_and_comes_in_pages() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for number in 1..=51 {
        create(&api, &token, &number.to_string()).await;
    }
    let list = async |query: &str| {
        let path = format!("/api/v1/tasks{query}");
        api.get(&path, &token).await.titles()
    };

    let default = list("").await;
    assert_eq!(default.len(), 50);
    assert_eq!(default[0], "51");
    assert_eq!(list("?limit=2").await, ["51", "50"]);
    assert_eq!(list("?limit=2&offset=49").await, ["2", "1"]);
    assert_eq!(list("?limit=200").await.len(), 51);
    assert!(list("?offset=51").await.is_empty());
}

#[tokio::test]
async fn a_deleted_tasks_id_is_never_given_out_again() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let first = create(&api, &token, "first").await.json()["id"].clone();
    api.delete(&format!("/api/v1/tasks/{first}"), &token).await;
    assert_ne!(create(&api, &token, "second").await.json()["id"], first);
}

#[tokio::test]
async fn a_task_out_of_range_is_refused_by_field() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let stored = create(&api, &token, "ok").await.json();
    let path = format!("/api/v1/tasks/{}", stored["id"]);
    for (draft, field) in [
        (json!({"title": ""}), "title"),
        (json!({"title": " \t"}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"description": "no title"}), "title"),
        (json!({"title": 7}), "title"),
        (json!({"title": "x\ny"}), "title"),
        (json!({"title": "x\u{0}"}), "title"),
        (json!({"title": "x", "done": true}), "done"),
        (json!({"title": "x", "status": "finished"}), "status"),
        (json!({"title": "x", "priority": 1}), "priority"),
        (json!({"title": "x", "due_date": "24.12.2026"}), "due_date"),
        (json!({"title": "x", "due_date": "2026-02-30"}), "due_date"),
        (json!({"title": "x", "due_date": "2026-1-2"}), "due_date"),
        (
            json!({"title": "x", "due_date": "+12026-01-02"}),
            "due_date",
        ),
        (json!({"title": "x", "description": "\u{0}"}), "description"),
        (
            json!({"title": "x", "description": "x".repeat(10_001)}),
            "description",
        ),
    ] {
        for reply in [
            api.post("/api/v1/tasks", &token, draft.clone()).await,
            api.put(&path, &token, draft.clone()).await,
        ] {
            reply.assert_wrong(&[field]);
        }
    }
    assert_eq!(api.get("/api/v1/tasks", &token).await.titles(), ["ok"]);
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_told_at_once() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let draft = json!({"title": " ", "description": "x".repeat(10_001)});
    api.post("/api/v1/tasks", &token, draft)
        .await
        .assert_wrong(&["description", "title"]);
}

#[tokio::test]
async fn a_list_can_be_filtered_by_status_by_priority_by_day_and_by_all_of_them() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for (title, status, priority, due_date) in [
        ("a", "todo", "high", Some("2026-12-01")),
        ("b", "done", "high", Some("2026-12-02")),
        ("c", "done", "low", Some("2026-12-03")),
        ("d", "in_progress", "medium", None),
    ] {
        let task =
            json!({"title": title, "status": status, "priority": priority, "due_date": due_date});
        api.task(&token, task).await;
    }
    for (query, titles) in [
        ("status=done", vec!["c", "b"]),
        ("status=in_progress", vec!["d"]),
        ("priority=high", vec!["b", "a"]),
        ("due_before=2026-12-03", vec!["b", "a"]),
        ("due_before=2026-12-01", vec![]),
        ("status=done&priority=high&due_before=2027-01-01", vec!["b"]),
        ("status=done&limit=1&offset=1", vec!["b"]),
    ] {
        let path = format!("/api/v1/tasks?{query}");
        assert_eq!(api.get(&path, &token).await.titles(), titles, "{query}");
    }
    for query in [
        "status=",
        "status=finished",
        "priority=1",
        "due_before=soon",
    ] {
        let path = format!("/api/v1/tasks?{query}");
        api.get(&path, &token)
            .await
            .assert_error(400, "invalid_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_writers_at_once_lose_nothing() {
    let api = std::sync::Arc::new(Api::start().await);
    let token = api.user("ada").await;
    let writers: Vec<_> = (0..20)
        .map(|writer| {
            let (api, token) = (api.clone(), token.clone());
            tokio::spawn(async move {
                for number in 0..10 {
                    create(&api, &token, &format!("{writer}-{number}")).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }

    let titles = api.get("/api/v1/tasks?limit=200", &token).await.titles();
    assert_eq!(titles.len(), 200);
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), 200);
}
