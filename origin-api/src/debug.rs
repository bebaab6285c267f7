//! Routes for tests, served only on request: a proxy in front cannot be tested without an origin that really fails.

use crate::error::ApiError;

/// `GET /api/v1/debug/fail`: a `500` from the origin itself.
pub(crate) async fn fail() -> ApiError {
    ApiError::DeliberateFailure
}
