//! Is the process up, and can it work? Two questions, since an orchestrator restarts on one and drains on the other.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::error::ApiError;

/// How the server is
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

/// Does the process answer?
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses((status = 200, description = "It does: `ok`", body = Health))
)]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Does the database answer too?
#[utoipa::path(
    get,
    path = "/ready",
    tag = "health",
    responses(
        (status = 200, description = "It does: `ready`", body = Health),
        (status = 503, description = "It does not", body = crate::error::Body),
    )
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    sqlx::query("SELECT 1")
        .execute(&app.db)
        .await
        .map_err(ApiError::NotReady)?;
    Ok(Json(Health { status: "ready" }))
}
