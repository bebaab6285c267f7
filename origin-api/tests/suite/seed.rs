use origin_api::accounts::{Plan, Role};
use origin_api::password::Passwords;
use origin_api::seed::{PASSWORD, Seeded, seed};

use crate::support::Api;

async fn counts(api: &Api) -> (i64, i64) {
    sqlx::query_as("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM tasks)")
        .fetch_one(&api.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_seeded_user_can_log_in_and_has_its_tasks() {
    let api = Api::start().await;
    let passwords = Passwords::new().unwrap();
    let seeded = seed(&api.db, &passwords, 2, 60).await.unwrap();
    assert_eq!(seeded.made, ["demo1", "demo2"]);

    let grant = api.login("demo2", PASSWORD).await.json();
    let token = grant["access_token"].as_str().unwrap();
    let tasks = api.get("/api/v1/tasks?limit=200", token).await.titles();
    assert_eq!(tasks.len(), 60);
    let found = api.get("/api/v1/tasks/search?q=invoice", token).await;
    assert!(!found.titles().is_empty());
}

#[tokio::test]
async fn seeding_again_changes_nothing_and_says_so() {
    let api = Api::start().await;
    let passwords = Passwords::new().unwrap();
    seed(&api.db, &passwords, 1, 5).await.unwrap();

    let again = seed(&api.db, &passwords, 1, 99).await.unwrap();
    let expected = Seeded {
        made: vec![],
        left: vec!["demo1".to_owned()],
        is_admin_made: false,
    };
    assert_eq!(again, expected);
    assert_eq!(counts(&api).await, (2, 5));

    let more = seed(&api.db, &passwords, 2, 5).await.unwrap();
    assert_eq!(more.made, ["demo2"]);
    assert_eq!(counts(&api).await, (3, 10));
}

#[tokio::test]
async fn seeded_users_are_five_to_a_paying_organisation_and_their_tokens_say_so() {
    let api = Api::start().await;
    seed(&api.db, &Passwords::new().unwrap(), 11, 0)
        .await
        .unwrap();
    for (username, org) in [
        ("demo1", "demo-1"),
        ("demo5", "demo-1"),
        ("demo6", "demo-2"),
        ("demo11", "demo-3"),
    ] {
        let holder = api.log_in(username, PASSWORD).await;
        assert_eq!(holder.org.as_deref(), Some(org));
        assert_eq!((holder.role, holder.plan), (Role::Member, Plan::Pro));
    }
    assert_eq!(api.log_in("admin", PASSWORD).await.role, Role::Admin);
}

#[tokio::test]
async fn seeding_makes_no_admin_of_whoever_has_registered_by_that_name() {
    let api = Api::start().await;
    api.register("Admin", "open sesame, please").await;
    let seeded = seed(&api.db, &Passwords::new().unwrap(), 0, 0)
        .await
        .unwrap();
    assert!(!seeded.is_admin_made);
    let holder = api.log_in("admin", "open sesame, please").await;
    assert_eq!(holder.role, Role::Member);
}
