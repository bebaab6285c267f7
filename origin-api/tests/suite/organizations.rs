use origin_api::accounts::{Plan, Role};
use serde_json::{Value, json};

use crate::support::{Api, PASSWORD, Reply, holder};

async fn register(api: &Api, username: &str, organization: Value) -> Reply {
    let body = json!({"username": username, "password": PASSWORD, "organization": organization});
    api.post("/api/v1/auth/register", "", body).await
}

#[tokio::test]
async fn whoever_registers_is_a_member_of_a_free_organisation_of_the_own_name() {
    let api = Api::start().await;
    let registered = api.register("ada", PASSWORD).await.json();
    assert_eq!(registered["role"], "member");
    assert_eq!(registered["organization"]["name"], "ada");
    assert_eq!(registered["organization"]["plan"], "free");

    let holder = api.log_in("ada", PASSWORD).await;
    assert_eq!(registered["organization"]["id"], holder.org.unwrap());
    assert_eq!((holder.role, holder.plan), (Role::Member, Plan::Free));
}

#[tokio::test]
async fn the_organisation_can_be_named_and_its_name_lets_nobody_else_in() {
    let api = Api::start().await;
    let ada = register(&api, "ada", json!("Engines")).await.json();
    assert_eq!(ada["organization"]["name"], "Engines");
    let id = ada["organization"]["id"].clone();
    for (username, asked) in [("bob", json!("Engines")), ("eve", id.clone())] {
        let reply = register(&api, username, asked).await;
        assert_eq!(reply.status, 201);
        assert_ne!(reply.json()["organization"]["id"], id);
    }
}

#[tokio::test]
async fn an_organisation_needs_a_name_on_one_line() {
    let api = Api::start().await;
    let too_long = "x".repeat(101);
    for name in ["", " ", "a\nb", &too_long] {
        register(&api, "ada", json!(name))
            .await
            .assert_wrong(&["organization"]);
    }
    assert_eq!(register(&api, "ada", Value::Null).await.status, 201);
}

#[tokio::test]
async fn nobody_registers_as_an_admin_or_on_another_plan() {
    let api = Api::start().await;
    for (field, value) in [("role", "admin"), ("plan", "pro"), ("organization_id", "x")] {
        let body = json!({"username": "eve", "password": PASSWORD, field: value});
        api.post("/api/v1/auth/register", "", body)
            .await
            .assert_wrong(&[field]);
    }
}

#[tokio::test]
async fn who_wants_a_name_that_is_taken_leaves_no_organisation_behind() {
    let api = Api::start().await;
    api.register("ada", PASSWORD).await;
    register(&api, "Ada", json!("Engines"))
        .await
        .assert_error(409, "username_taken");
    let organizations: i64 = sqlx::query_scalar("SELECT count(*) FROM organizations")
        .fetch_one(&api.db)
        .await
        .unwrap();
    assert_eq!(organizations, 1);
}

#[tokio::test]
async fn an_admin_sees_everybody_in_pages_and_no_password() {
    let api = Api::start().await;
    api.register("zoe", PASSWORD).await;
    api.user("ada").await;
    let mut admin = holder("root");
    admin.role = Role::Admin;
    let admin = api.token(&admin);

    let reply = api.get("/api/v1/admin/users", &admin).await;
    let users = reply.json();
    assert_eq!(users[0]["username"], "ada");
    assert_eq!(users[1]["username"], "zoe");
    assert_eq!(users[1]["role"], "member");
    assert_eq!(users[1]["organization"]["name"], "zoe");
    assert_eq!(users[1].as_object().unwrap().len(), 5);
    assert!(!reply.text.contains("argon2"), "{reply:?}");

    let page = api
        .get("/api/v1/admin/users?limit=1&offset=1", &admin)
        .await;
    assert_eq!(page.json().as_array().unwrap().len(), 1);
    assert_eq!(page.json()[0]["username"], "zoe");
    api.get("/api/v1/admin/users?limit=0", &admin)
        .await
        .assert_error(400, "invalid_query");
}

#[tokio::test]
async fn a_member_sees_nobody() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    api.get("/api/v1/admin/users", &token)
        .await
        .assert_error(403, "forbidden");
    api.get("/api/v1/admin/users", "")
        .await
        .assert_error(401, "unauthorized");
}
