//! A database as the first version left it, opened by this one.

use origin_api::db;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

/// The first migration as it was applied, which makes what `sqlx` keeps of it right too.
async fn first_version(folder: &TempDir) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("old.sqlite"))
        .create_if_missing(true)
        .foreign_keys(true);
    let old = SqlitePool::connect_with(options).await.unwrap();
    let mut first = sqlx::migrate!();
    first.migrations = first.migrations[..1].to_vec().into();
    first.run(&old).await.unwrap();
    old
}

#[tokio::test]
async fn tasks_and_users_of_the_first_version_are_carried_over() {
    let folder = TempDir::new().unwrap();
    let old = first_version(&folder).await;
    sqlx::raw_sql(
        "INSERT INTO users VALUES ('u1', 'ada', 'hash', '2026-01-01T00:00:00+00:00'),
                                  ('u2', 'bob', 'hash', '2026-01-01T00:00:00+00:00');
         INSERT INTO tasks (user_id, title, description, done, created_at, updated_at)
         VALUES ('u1', 'open', 'words', 0, 't', 't'), ('u1', 'closed', '', 1, 't', 't'), ('u2', 'gone', '', 1, 't', 't');
         DELETE FROM tasks WHERE title = 'gone';",
    )
    .execute(&old)
    .await
    .unwrap();
    old.close().await;

    let db = db::open(&folder.path().join("old.sqlite")).await.unwrap();
    let tasks: Vec<(i64, String, String, String, Option<String>)> =
        sqlx::query_as("SELECT id, title, status, priority, due_date FROM tasks ORDER BY id")
            .fetch_all(&db)
            .await
            .unwrap();
    let of = |id, title: &str, status: &str| {
        (
            id,
            title.to_owned(),
            status.to_owned(),
            "medium".to_owned(),
            None,
        )
    };
    assert_eq!(tasks, [of(1, "open", "todo"), of(2, "closed", "done")]);

    let members: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT username, organization_id, plan FROM users
         JOIN memberships ON user_id = users.id JOIN organizations ON organizations.id = organization_id
         ORDER BY username",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let of = |name: &str, id: &str| (name.to_owned(), id.to_owned(), "free".to_owned());
    assert_eq!(members, [of("ada", "u1"), of("bob", "u2")]);

    let found: i64 =
        sqlx::query_scalar("SELECT rowid FROM task_words WHERE task_words MATCH 'words'")
            .fetch_one(&db)
            .await
            .unwrap();
    assert_eq!(found, 1);
    // The third id was given out once, and is not given out again.
    let next: i64 = sqlx::query_scalar(
        "INSERT INTO tasks (user_id, title, description, created_at, updated_at)
         VALUES ('u1', 'new', '', 't', 't') RETURNING id",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert_eq!(next, 4);
}

#[tokio::test]
async fn with_a_user_go_its_tasks_their_words_and_its_membership() {
    let folder = TempDir::new().unwrap();
    let db = db::open(&folder.path().join("new.sqlite")).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO users (id, username, password_hash, created_at) VALUES ('u1', 'ada', '', 't');
         INSERT INTO organizations VALUES ('o1', 'Engines', 'free', 't');
         INSERT INTO memberships VALUES ('u1', 'o1');
         INSERT INTO tasks (user_id, title, description, created_at, updated_at) VALUES ('u1', 'words', '', 't', 't');
         DELETE FROM users;",
    )
    .execute(&db)
    .await
    .unwrap();
    let left: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM memberships),
                (SELECT count(*) FROM task_words WHERE task_words MATCH 'words')",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 0));
}
