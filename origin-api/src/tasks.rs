//! A user's tasks, over HTTP. What is stored and how is in [`store`]; here is what may be asked.
//!
//! The user is part of every question put to the store, so a task of somebody else is simply not found.

pub(crate) mod draft;
pub(crate) mod due_date;
pub(crate) mod export;
pub(crate) mod search;
pub(crate) mod store;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::auth::bearer::CurrentUser;
use crate::error::{ApiError, Body as ErrorBody};
use crate::extract::{Body, Path, Query};
use crate::notices::Notice;
use crate::paging::PageQuery;
use crate::tasks::draft::Draft;
use crate::tasks::store::{Filter, Task};
use crate::token::Unauthenticated;

/// The task that a path is about.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TaskPath {
    /// Id of the task
    #[param(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    id: i64,
}

/// List one's tasks, newest first
#[utoipa::path(
    get,
    path = "/api/v1/tasks",
    tag = "tasks",
    params(Filter, PageQuery),
    responses((status = 200, description = "A page of tasks", body = [Task])),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<Task>>, ApiError> {
    let tasks = store::list(&app.db, &user.id, &filter, page.checked()?).await?;
    Ok(Json(tasks))
}

/// Add a task
#[utoipa::path(
    post,
    path = "/api/v1/tasks",
    tag = "tasks",
    request_body = Draft,
    responses((
        status = 201,
        description = "The new task",
        body = Task,
        headers(("Location" = String, description = "Its path"))
    )),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Task>), ApiError> {
    draft.check()?;
    let task = match store::insert(&app.db, &user.id, &draft, now()).await {
        // The token is genuine and its user is gone: that is the token's failure, not ours.
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(Unauthenticated::UnknownUser.into());
        }
        inserted => inserted?,
    };
    app.notices.tell(&user.id, &Notice::created(&task));
    let location = format!("/api/v1/tasks/{}", task.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(task)))
}

/// Read a task
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(TaskPath),
    responses(
        (status = 200, description = "The task", body = Task),
        (status = 404, description = "No such task, or not one's own", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(TaskPath { id }): Path<TaskPath>,
) -> Result<Json<Task>, ApiError> {
    let task = store::find(&app.db, &user.id, id).await?;
    task.map(Json).ok_or(ApiError::TaskNotFound)
}

/// Replace a task
///
/// What is left out becomes what it is in a new task.
#[utoipa::path(
    put,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(TaskPath),
    request_body = Draft,
    responses(
        (status = 200, description = "The task as it is now", body = Task),
        (status = 404, description = "No such task, or not one's own", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replace(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(TaskPath { id }): Path<TaskPath>,
    Body(draft): Body<Draft>,
) -> Result<Json<Task>, ApiError> {
    draft.check()?;
    let task = store::replace(&app.db, &user.id, id, &draft, now())
        .await?
        .ok_or(ApiError::TaskNotFound)?;
    app.notices.tell(&user.id, &Notice::updated(&task));
    Ok(Json(task))
}

/// Delete a task
#[utoipa::path(
    delete,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(TaskPath),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such task, or not one's own", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(TaskPath { id }): Path<TaskPath>,
) -> Result<StatusCode, ApiError> {
    if !store::delete(&app.db, &user.id, id).await? {
        return Err(ApiError::TaskNotFound);
    }
    app.notices.tell(&user.id, &Notice::deleted(id));
    Ok(StatusCode::NO_CONTENT)
}

/// To the millisecond: nobody schedules by the nanosecond, and the shorter text is easier on the eye.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
