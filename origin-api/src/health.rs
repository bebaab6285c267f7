//! Is the process up, and can it work? Two questions, since an orchestrator restarts on one and drains on the other.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::App;
use crate::error::ApiError;

#[derive(Serialize)]
pub(crate) struct Status {
    status: &'static str,
}

/// `GET /health`: the process answers.
pub(crate) async fn health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// `GET /ready`: the database answers too.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Status>, ApiError> {
    sqlx::query("SELECT 1")
        .execute(&app.db)
        .await
        .map_err(ApiError::NotReady)?;
    Ok(Json(Status { status: "ready" }))
}
