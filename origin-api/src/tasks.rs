//! A user's tasks, over HTTP. What is stored and how is in [`store`]; here is what may be asked.
//!
//! The user is part of every question put to the store, so a task of somebody else is simply not found.

pub(crate) mod store;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;

use crate::App;
use crate::auth::CurrentUser;
use crate::error::ApiError;
use crate::extract::{Body, Path, Query};
use crate::tasks::store::{Draft, Page, Task};
use crate::token::Unauthenticated;

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 200;
const TITLE_MAX_CHARS: usize = 200;
const DESCRIPTION_MAX_CHARS: usize = 10_000;
const SEARCH_MAX_CHARS: usize = 200;

#[derive(Deserialize)]
pub(crate) struct PageQuery {
    limit: Option<u32>,
    #[serde(default)]
    offset: u32,
}

#[derive(Deserialize)]
pub(crate) struct SearchQuery {
    q: String,
}

/// `GET /api/v1/tasks`
pub(crate) async fn list(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<Task>>, ApiError> {
    let tasks = store::list(&app.db, &user.id, page.checked()?).await?;
    Ok(Json(tasks))
}

/// `GET /api/v1/tasks/search`
pub(crate) async fn search(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Query(SearchQuery { q }): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<Task>>, ApiError> {
    if !(1..=SEARCH_MAX_CHARS).contains(&q.chars().count()) {
        let message = format!("q: 1 to {SEARCH_MAX_CHARS} characters");
        return Err(ApiError::InvalidQuery(message));
    }
    let tasks = store::search(&app.db, &user.id, &q, page.checked()?).await?;
    Ok(Json(tasks))
}

/// `POST /api/v1/tasks`
pub(crate) async fn create(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Task>), ApiError> {
    check(&draft)?;
    let task = match store::insert(&app.db, &user.id, &draft, now()).await {
        // The token is genuine and its user is gone: that is the token's failure, not ours.
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(Unauthenticated::UnknownUser.into());
        }
        inserted => inserted?,
    };
    let location = format!("/api/v1/tasks/{}", task.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(task)))
}

/// `GET /api/v1/tasks/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
) -> Result<Json<Task>, ApiError> {
    let task = store::find(&app.db, &user.id, id).await?;
    task.map(Json).ok_or(ApiError::TaskNotFound)
}

/// `PUT /api/v1/tasks/{id}`
pub(crate) async fn replace(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
    Body(draft): Body<Draft>,
) -> Result<Json<Task>, ApiError> {
    check(&draft)?;
    let task = store::replace(&app.db, &user.id, id, &draft, now()).await?;
    task.map(Json).ok_or(ApiError::TaskNotFound)
}

/// `DELETE /api/v1/tasks/{id}`
pub(crate) async fn delete(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
) -> Result<StatusCode, ApiError> {
    if store::delete(&app.db, &user.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::TaskNotFound)
    }
}

// === impl PageQuery ===

impl PageQuery {
    fn checked(self) -> Result<Page, ApiError> {
        let limit = self.limit.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&limit) {
            let message = format!("limit: 1 to {PAGE_MAX}");
            return Err(ApiError::InvalidQuery(message));
        }
        Ok(Page {
            limit,
            offset: self.offset,
        })
    }
}

fn check(draft: &Draft) -> Result<(), ApiError> {
    if draft.title.trim().is_empty() || draft.title.chars().count() > TITLE_MAX_CHARS {
        let message = format!("title: 1 to {TITLE_MAX_CHARS} characters, and not only blanks");
        return Err(ApiError::ValidationFailed(message));
    }
    if draft.description.chars().count() > DESCRIPTION_MAX_CHARS {
        let message = format!("description: at most {DESCRIPTION_MAX_CHARS} characters");
        return Err(ApiError::ValidationFailed(message));
    }
    Ok(())
}

/// To the millisecond: nobody schedules by the nanosecond, and the shorter text is easier on the eye.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
