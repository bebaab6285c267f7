//! The tasks table. Every function takes the owner and sees that user's tasks only.
//!
//! Each change is one statement: it is atomic, and answers with the row it wrote, so no other request can come between
//! the writing and the reading.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, Sqlite, SqlitePool};

/// A task as stored and as sent.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Task {
    pub(crate) id: i64,
    title: String,
    description: String,
    done: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a user decides about a task. What is left out is empty: a PUT replaces, it does not patch.
#[derive(Debug, Deserialize)]
pub(crate) struct Draft {
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) done: bool,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

/// Newest first.
pub(crate) async fn list(db: &SqlitePool, user_id: &str, page: Page) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as("SELECT * FROM tasks WHERE user_id = ? ORDER BY id DESC LIMIT ? OFFSET ?")
        .bind(user_id)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(db)
        .await
}

/// Tasks with `text` somewhere in title or description, newest first. Letter case is ignored in ASCII, which is as
/// far as SQLite's LIKE goes.
pub(crate) async fn search(
    db: &SqlitePool,
    user_id: &str,
    text: &str,
    page: Page,
) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as(
        r"SELECT * FROM tasks
          WHERE user_id = ?1 AND (title LIKE ?2 ESCAPE '\' OR description LIKE ?2 ESCAPE '\')
          ORDER BY id DESC LIMIT ?3 OFFSET ?4",
    )
    .bind(user_id)
    .bind(contains(text))
    .bind(page.limit)
    .bind(page.offset)
    .fetch_all(db)
    .await
}

/// Adds a task.
pub(crate) async fn insert(
    db: impl Executor<'_, Database = Sqlite>,
    user_id: &str,
    draft: &Draft,
    now: DateTime<Utc>,
) -> sqlx::Result<Task> {
    sqlx::query_as(
        "INSERT INTO tasks (user_id, title, description, done, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5) RETURNING *",
    )
    .bind(user_id)
    .bind(&draft.title)
    .bind(&draft.description)
    .bind(draft.done)
    .bind(now)
    .fetch_one(db)
    .await
}

/// One task, if it is the user's.
pub(crate) async fn find(db: &SqlitePool, user_id: &str, id: i64) -> sqlx::Result<Option<Task>> {
    sqlx::query_as("SELECT * FROM tasks WHERE id = ? AND user_id = ?")
        .bind(id)
        .bind(user_id)
        .fetch_optional(db)
        .await
}

/// Overwrites a task, if it is the user's.
pub(crate) async fn replace(
    db: &SqlitePool,
    user_id: &str,
    id: i64,
    draft: &Draft,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Task>> {
    sqlx::query_as(
        "UPDATE tasks SET title = ?, description = ?, done = ?, updated_at = ?
         WHERE id = ? AND user_id = ? RETURNING *",
    )
    .bind(&draft.title)
    .bind(&draft.description)
    .bind(draft.done)
    .bind(now)
    .bind(id)
    .bind(user_id)
    .fetch_optional(db)
    .await
}

/// Removes a task, if it is the user's; says whether there was one.
pub(crate) async fn delete(db: &SqlitePool, user_id: &str, id: i64) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM tasks WHERE id = ? AND user_id = ?")
        .bind(id)
        .bind(user_id)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// A LIKE pattern for text that contains `text`, taken literally.
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for char in text.chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}
