use serde_json::json;

use crate::support::Api;

const TASKS: [(&str, &str); 5] = [
    ("Save 100% of it", ""),
    ("Save 100 euros", ""),
    ("snake_case", ""),
    ("snakeXcase", r"C:\temp"),
    ("Call Ada", "about the SAVE button"),
];

async fn api() -> (Api, String) {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for (title, description) in TASKS {
        let draft = json!({"title": title, "description": description});
        assert_eq!(api.post("/api/v1/tasks", &token, draft).await.status, 201);
    }
    (api, token)
}

#[tokio::test]
async fn search_finds_text_anywhere_in_title_and_description_in_any_letter_case_newest_first() {
    let (api, token) = api().await;
    let found = api.get("/api/v1/tasks/search?q=saVe", &token).await;
    assert_eq!(
        found.titles(),
        ["Call Ada", "Save 100 euros", "Save 100% of it"]
    );
}

#[tokio::test]
async fn search_takes_wildcards_and_backslashes_literally() {
    let (api, token) = api().await;
    for (query, titles) in [
        ("100%25", vec!["Save 100% of it"]),
        ("%25", vec!["Save 100% of it"]),
        ("snake_case", vec!["snake_case"]),
        ("_", vec!["snake_case"]),
        ("%5C", vec!["snakeXcase"]),
        ("%5Ctemp", vec!["snakeXcase"]),
        ("%5C%25", vec![]),
    ] {
        let path = format!("/api/v1/tasks/search?q={query}");
        assert_eq!(api.get(&path, &token).await.titles(), titles, "{query}");
    }
}

#[tokio::test]
async fn search_comes_in_pages() {
    let (api, token) = api().await;
    let page = api
        .get("/api/v1/tasks/search?q=save&limit=1&offset=1", &token)
        .await;
    assert_eq!(page.titles(), ["Save 100 euros"]);
}

#[tokio::test]
async fn search_needs_one_to_two_hundred_characters() {
    let (api, token) = api().await;
    let (longest, too_long) = ("x".repeat(200), "x".repeat(201));
    for query in ["", "?q=", &format!("?q={too_long}")] {
        let path = format!("/api/v1/tasks/search{query}");
        api.get(&path, &token)
            .await
            .assert_error(400, "invalid_query");
    }
    let path = format!("/api/v1/tasks/search?q={longest}");
    assert!(api.get(&path, &token).await.titles().is_empty());
}
