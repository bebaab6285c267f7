//! The tasks table. Every function takes the owner and sees that user's tasks only.
//!
//! Each change is one statement: it is atomic, and answers with the row it wrote, so no other request can come between
//! the writing and the reading. The index of words follows by triggers, inside the same statement.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, QueryBuilder, Sqlite, SqlitePool};
use utoipa::{IntoParams, ToSchema};

use crate::paging::Page;
use crate::tasks::draft::{Draft, Priority, Status};
use crate::tasks::due_date::DueDate;

/// A task as stored and as sent.
#[derive(Debug, Serialize, sqlx::FromRow, ToSchema)]
pub(crate) struct Task {
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) status: Status,
    pub(crate) priority: Priority,
    #[schema(required = true)]
    pub(crate) due_date: Option<DueDate>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Which tasks of a list: those that are all of what is named.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only tasks of this status
    #[param(required = false, nullable = false, inline)]
    status: Option<Status>,
    /// Only tasks of this priority
    #[param(required = false, nullable = false, inline)]
    priority: Option<Priority>,
    /// Only tasks due before this day
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    due_before: Option<DueDate>,
}

/// Newest first.
pub(crate) async fn list(
    db: &SqlitePool,
    user_id: &str,
    filter: &Filter,
    page: Page,
) -> sqlx::Result<Vec<Task>> {
    // Only the conditions asked for: with each of them there and switched off, SQLite would use no index.
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM tasks WHERE user_id = ");
    query.push_bind(user_id);
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status);
    }
    if let Some(priority) = filter.priority {
        query.push(" AND priority = ").push_bind(priority);
    }
    if let Some(day) = filter.due_before {
        query.push(" AND due_date < ").push_bind(day);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(page.limit);
    query.push(" OFFSET ").push_bind(page.offset);
    query.build_query_as().fetch_all(db).await
}

/// Adds a task.
pub(crate) async fn insert(
    db: impl Executor<'_, Database = Sqlite>,
    user_id: &str,
    draft: &Draft,
    now: DateTime<Utc>,
) -> sqlx::Result<Task> {
    sqlx::query_as(
        "INSERT INTO tasks (user_id, title, description, status, priority, due_date, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) RETURNING *",
    )
    .bind(user_id)
    .bind(&draft.title)
    .bind(&draft.description)
    .bind(draft.status)
    .bind(draft.priority)
    .bind(draft.due_date)
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
        "UPDATE tasks
         SET title = ?, description = ?, status = ?, priority = ?, due_date = ?, updated_at = ?
         WHERE id = ? AND user_id = ? RETURNING *",
    )
    .bind(&draft.title)
    .bind(&draft.description)
    .bind(draft.status)
    .bind(draft.priority)
    .bind(draft.due_date)
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
