//! Routes for tests, served only on request: a proxy in front cannot be tested without an origin that really fails, nor
//! what it spares the origin without an origin that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::Response;
use cpu_time::ProcessTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Body};

/// Requests answered since the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answered(Arc<AtomicU64>);

/// What the process has done since it started.
#[derive(Serialize, ToSchema)]
pub(crate) struct Load {
    /// Requests answered, this one not yet among them
    requests: u64,
    /// CPU time of all threads, in milliseconds
    #[schema(minimum = 0)]
    cpu_ms: u64,
}

/// Fail
#[utoipa::path(
    get,
    path = "/api/v1/debug/fail",
    tag = "debug",
    responses((status = 500, description = "Always", body = Body))
)]
pub(crate) async fn fail() -> ApiError {
    ApiError::DeliberateFailure
}

/// Count what has been done since the start
#[utoipa::path(
    get,
    path = "/api/v1/debug/load",
    tag = "debug",
    responses((status = 200, description = "So much", body = Load))
)]
pub(crate) async fn load(
    Extension(Answered(answered)): Extension<Answered>,
) -> Result<Json<Load>, ApiError> {
    let cpu = ProcessTime::try_now()
        .map_err(|error| ApiError::Internal(error.into()))?
        .as_duration();
    Ok(Json(Load {
        requests: answered.load(Ordering::Relaxed),
        cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Counts an answer once it is there.
pub(crate) async fn count(
    Extension(Answered(answered)): Extension<Answered>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    answered.fetch_add(1, Ordering::Relaxed);
    response
}
