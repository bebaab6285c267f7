//! Full-text search over a user's tasks, best match first.
//!
//! Contract: what is asked for is plain words. Each must be there, in title or description, in any letter case and with
//! or without accents; the last may be the beginning of a word. Nothing a client writes is FTS5 syntax, so nothing it
//! writes can be a syntax error.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sqlx::SqlitePool;
use utoipa::IntoParams;

use crate::App;
use crate::auth::bearer::CurrentUser;
use crate::error::ApiError;
use crate::extract::Query;
use crate::paging::{Page, PageQuery};
use crate::tasks::store::Task;

const TEXT_MAX_CHARS: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Plain words, all of which must be there; the last may be the beginning of one
    #[param(min_length = 1, max_length = 200, example = "report")]
    q: String,
}

/// Search one's tasks
///
/// Best match first, where the title counts ten times as much as the description.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/search",
    tag = "tasks",
    params(SearchQuery, PageQuery),
    responses((status = 200, description = "A page of tasks", body = [Task])),
    security(("bearer" = []))
)]
pub(crate) async fn search(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Query(SearchQuery { q }): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<Task>>, ApiError> {
    if !(1..=TEXT_MAX_CHARS).contains(&q.chars().count()) {
        let message = format!("q: 1 to {TEXT_MAX_CHARS} characters");
        return Err(ApiError::InvalidQuery(message));
    }
    let tasks = find(&app.db, &user.id, &q, page.checked()?).await?;
    Ok(Json(tasks))
}

async fn find(db: &SqlitePool, user_id: &str, text: &str, page: Page) -> sqlx::Result<Vec<Task>> {
    let Some(words) = words(text) else {
        return Ok(Vec::new());
    };
    // The index finds the owner's rows by words as well, and may find too many; the table is exact.
    let expression = format!(
        "user_id : {} AND {{title description}} : ({words})",
        quoted(user_id)
    );
    // CROSS, so that SQLite asks the index once and not for each of the owner's tasks, which it takes to be few.
    sqlx::query_as(
        "SELECT tasks.* FROM task_words CROSS JOIN tasks ON tasks.id = task_words.rowid
         WHERE task_words MATCH ? AND tasks.user_id = ?
         ORDER BY bm25(task_words, 10.0, 1.0, 0.0), tasks.id DESC LIMIT ? OFFSET ?",
    )
    .bind(expression)
    .bind(user_id)
    .bind(page.limit)
    .bind(page.offset)
    .fetch_all(db)
    .await
}

/// The words of a text as FTS5 takes them, or none if there are none. A word of punctuation alone says nothing, and
/// FTS5 leaves it out.
fn words(text: &str) -> Option<String> {
    // To FTS5 a NUL is the end, in the middle of a quote too.
    let words: Vec<String> = text
        .split(|char: char| char.is_whitespace() || char == '\0')
        .filter(|word| word.contains(char::is_alphanumeric))
        .map(quoted)
        .collect();
    (!words.is_empty()).then(|| words.join(" ") + "*")
}

/// A string in FTS5's syntax, in which nothing but a quote means anything.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_the_last_is_a_beginning() {
        for (text, expected) in [
            ("report", Some(r#""report"*"#)),
            ("  the  report ", Some(r#""the" "report"*"#)),
            ("NEAR(a b)", Some(r#""NEAR(a" "b)"*"#)),
            (r#"say "yes"#, Some(r#""say" """yes"*"#)),
            ("a\0b", Some(r#""a" "b"*"#)),
            ("100% *", Some(r#""100%"*"#)),
            ("% _", None),
            (" ", None),
        ] {
            assert_eq!(words(text).as_deref(), expected, "{text:?}");
        }
    }
}
