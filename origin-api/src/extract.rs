//! axum's extractors with our errors: what they reject leaves as JSON, not as axum's plain text.
//!
//! Handlers use these three and never axum's own.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::fields::Fields;

/// The body, as JSON. Errors name the field, which axum's own do only in their prose.
pub(crate) struct Body<T>(pub(crate) T);

/// The variable parts of the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(crate) struct Path<T>(pub(crate) T);

/// The query string.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(crate) struct Query<T>(pub(crate) T);

// === impl Body ===

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let axum::Json(json) = axum::Json::<Box<RawValue>>::from_request(request, state).await?;
        let mut deserializer = serde_json::Deserializer::from_str(json.get());
        serde_path_to_error::deserialize(&mut deserializer)
            .map(Self)
            .map_err(|error| ApiError::ValidationFailed(wrong_field(&error)))
    }
}

/// Names the field that an error is about. serde tells of one that is missing, unknown or there twice only in the text.
fn wrong_field(error: &serde_path_to_error::Error<serde_json::Error>) -> Fields {
    let text = error.inner().to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(message, _)| message);
    let named = ["missing", "unknown", "duplicate"]
        .iter()
        .find_map(|what| message.strip_prefix(what)?.strip_prefix(" field `"))
        .and_then(|rest| rest.split_once('`'));
    match named {
        Some((field, _)) => Fields::one(field, message),
        None if error.path().iter().next().is_none() => Fields::one("body", message),
        None => Fields::one(error.path().to_string(), message),
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            _ => Self::InvalidJson(rejection.body_text()),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::InvalidPath(rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::InvalidQuery(rejection.body_text())
    }
}
