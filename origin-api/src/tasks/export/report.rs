//! What SQLite computes for an export: the totals, and each task with its week.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::SqliteConnection;
use tokio_stream::Stream;
use utoipa::ToSchema;

use crate::tasks::store::Task;

/// Tasks of a user in numbers. A week is that of ISO 8601 in which the task was created.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Totals {
    #[schema(example = json!({"todo": 120, "in_progress": 14, "done": 66}))]
    pub(crate) status: BTreeMap<String, i64>,
    #[schema(example = json!({"low": 40, "medium": 120, "high": 40}))]
    pub(crate) priority: BTreeMap<String, i64>,
    #[schema(example = json!({"2026-W48": 200}))]
    pub(crate) week: BTreeMap<String, i64>,
}

/// A task with the week of its creation.
#[derive(Serialize, sqlx::FromRow, ToSchema)]
pub(crate) struct ExportedTask {
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub(crate) task: Task,
    #[schema(example = "2026-W48")]
    pub(crate) week: String,
}

// Only a description: what is sent is written piece by piece.
/// An export as JSON
#[derive(ToSchema)]
#[expect(dead_code, reason = "a description, never a value")]
pub(crate) struct Report {
    totals: Totals,
    tasks: Vec<ExportedTask>,
}

impl Totals {
    /// Counts a user's tasks by each property.
    pub(crate) async fn of(db: &mut SqliteConnection, user_id: &str) -> sqlx::Result<Self> {
        let counts: Vec<(String, String, i64)> = sqlx::query_as(
            "WITH mine AS MATERIALIZED (
                 SELECT status, priority, strftime('%G-W%V', created_at) AS week FROM tasks WHERE user_id = ?
             )
             SELECT 'status', status, count(*) FROM mine GROUP BY status
             UNION ALL SELECT 'priority', priority, count(*) FROM mine GROUP BY priority
             UNION ALL SELECT 'week', week, count(*) FROM mine GROUP BY week",
        )
        .bind(user_id)
        .fetch_all(db)
        .await?;
        let mut totals = Self::default();
        for (property, value, count) in counts {
            let by = match &*property {
                "status" => &mut totals.status,
                "priority" => &mut totals.priority,
                _ => &mut totals.week,
            };
            by.insert(value, count);
        }
        Ok(totals)
    }
}

/// A user's tasks, oldest first, as they are found.
pub(crate) fn tasks<'a>(
    db: &'a mut SqliteConnection,
    user_id: &'a str,
) -> impl Stream<Item = sqlx::Result<ExportedTask>> + Unpin + 'a {
    sqlx::query_as(
        "SELECT *, strftime('%G-W%V', created_at) AS week FROM tasks WHERE user_id = ? ORDER BY id",
    )
    .bind(user_id)
    .fetch(db)
}
