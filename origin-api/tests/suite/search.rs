use serde_json::json;

use crate::support::Api;

const TASKS: [(&str, &str); 7] = [
    ("Save 100% of it", ""),
    ("Save 100 euros", ""),
    ("snake_case", ""),
    ("snakeXcase", r"C:\temp"),
    (
        "Call Ada",
        "about the SAVE button, and the button on the café's door",
    ),
    ("Report", "the report on the reporter's report"),
    ("Meet the reporter", ""),
];

async fn api() -> (Api, String) {
    let api = Api::start().await;
    let token = api.user("ada").await;
    for (title, description) in TASKS {
        api.task(&token, json!({"title": title, "description": description}))
            .await;
    }
    (api, token)
}

async fn titles(api: &Api, token: &str, query: &str) -> Vec<String> {
    let path = format!("/api/v1/tasks/search?q={query}");
    api.get(&path, token).await.titles()
}

#[tokio::test]
async fn every_word_must_be_there_in_any_order_letter_case_and_accent() {
    let (api, token) = api().await;
    for (query, found) in [
        ("saVe+euros", vec!["Save 100 euros"]),
        ("EUROS+save", vec!["Save 100 euros"]),
        ("cafe", vec!["Call Ada"]),
        ("CAF%C3%89", vec!["Call Ada"]),
        ("save+nothing", vec![]),
    ] {
        assert_eq!(titles(&api, &token, query).await, found, "{query}");
    }
}

#[tokio::test]
async fn only_the_last_word_may_be_the_beginning_of_one() {
    let (api, token) = api().await;
    assert_eq!(titles(&api, &token, "save+eu").await, ["Save 100 euros"]);
    assert!(titles(&api, &token, "sa+euros").await.is_empty());
    assert_eq!(
        titles(&api, &token, "reporter+me").await,
        ["Meet the reporter"]
    );
}

#[tokio::test]
async fn a_match_in_the_title_comes_before_one_in_the_description() {
    let (api, token) = api().await;
    let found = titles(&api, &token, "save").await;
    assert_eq!(found.len(), 3);
    assert_eq!(found[2], "Call Ada");
}

#[tokio::test]
async fn search_follows_what_is_changed_and_deleted() {
    let (api, token) = api().await;
    let id = api.task(&token, json!({"title": "ephemeral"})).await;
    let path = format!("/api/v1/tasks/{id}");
    assert_eq!(titles(&api, &token, "ephemeral").await, ["ephemeral"]);

    api.put(&path, &token, json!({"title": "lasting"})).await;
    assert!(titles(&api, &token, "ephemeral").await.is_empty());
    assert_eq!(titles(&api, &token, "lasting").await, ["lasting"]);

    api.delete(&path, &token).await;
    assert!(titles(&api, &token, "lasting").await.is_empty());
}

#[tokio::test]
async fn nobody_finds_another_users_tasks_though_the_ids_be_alike() {
    let (api, ada) = api().await;
    let other = api.user("ada-2").await;
    assert!(titles(&api, &other, "save").await.is_empty());
    api.task(&other, json!({"title": "Save ada-2"})).await;
    assert_eq!(titles(&api, &other, "save").await, ["Save ada-2"]);
    assert_eq!(titles(&api, &ada, "save").await.len(), 3);
}

#[tokio::test]
async fn the_syntax_of_fts5_is_nothing_but_text() {
    let (api, token) = api().await;
    for (query, found) in [
        ("100%25", vec!["Save 100 euros", "Save 100% of it"]),
        ("snake_case", vec!["snake_case"]),
        ("%5Ctemp", vec!["snakeXcase"]),
        ("%25", vec![]),
        ("_", vec![]),
        ("+", vec![]),
        ("%22", vec![]),
        (
            "%22save",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        ("save+OR+nothing", vec![]),
        ("save+NOT+euros", vec![]),
        ("title:save", vec![]),
        ("NEAR(save", vec![]),
        (
            "(save",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        (
            "save*",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        (
            "%5Esave",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        (
            "-save",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        ("{title}:save", vec![]),
        (
            "save%00",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        (
            "%22save%00",
            vec!["Save 100 euros", "Save 100% of it", "Call Ada"],
        ),
        ("%FF", vec![]),
    ] {
        let mut titles = titles(&api, &token, query).await;
        titles.sort();
        let mut found: Vec<_> = found.into_iter().map(str::to_owned).collect();
        found.sort();
        assert_eq!(titles, found, "{query}");
    }
}

#[tokio::test]
async fn search_comes_in_pages() {
    let (api, token) = api().await;
    let all = titles(&api, &token, "save").await;
    let page = titles(&api, &token, "save&limit=1&offset=1").await;
    assert_eq!(page, all[1..2]);
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
    assert!(titles(&api, &token, &longest).await.is_empty());
}
