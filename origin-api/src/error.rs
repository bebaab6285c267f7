//! Everything a client can be told went wrong: one table of status, code and message.
//!
//! Contract: every error leaves as `{"error", "message"}`, and one of a body's fields with `"fields"` beside them. A
//! message is about the request; what went wrong inside is logged and never sent.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::Fields;
use crate::password::PasswordError;
use crate::token::{SigningError, Unauthenticated};

/// An answer other than the one asked for. The display form is the message in the body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The body is not JSON, or did not arrive whole.
    #[error("{0}")]
    InvalidJson(String),
    /// A part of the path is not what the route expects there.
    #[error("{0}")]
    InvalidPath(String),
    /// The query string lacks a parameter or has one out of range.
    #[error("{0}")]
    InvalidQuery(String),
    /// No token, or one that proves nothing.
    #[error("{0}")]
    Unauthorized(#[from] Unauthenticated),
    /// One message for an unknown user and for a wrong password, so that neither can be probed for.
    #[error("unknown username or wrong password")]
    InvalidCredentials,
    /// The token is genuine, and its holder is no admin.
    #[error("this is for admins only")]
    AdminOnly,
    /// The request lacks the secret that shows that it came through the edge.
    #[error("this API answers only through Bouncer")]
    NotThroughBouncer,
    /// No route has this path.
    #[error("there is nothing at this path")]
    NotFound,
    /// No such task, or not the caller's: the two must look the same.
    #[error("there is no such task")]
    TaskNotFound,
    /// The path exists, with other methods: see the `Allow` header.
    #[error("this path does not support this method")]
    MethodNotAllowed,
    /// The username, in any letter case, belongs to somebody.
    #[error("this username is taken")]
    UsernameTaken,
    /// The body is larger than is read.
    #[error("the body is larger than {} KiB", crate::BODY_LIMIT_BYTES / 1024)]
    BodyTooLarge,
    /// The body is not declared as JSON.
    #[error("send the body as application/json")]
    UnsupportedMediaType,
    /// Well-formed JSON with fields that are missing, unknown, of the wrong type or out of range.
    #[error("{0}")]
    ValidationFailed(Fields),
    /// A plain request where only a WebSocket handshake makes sense.
    #[error("open a WebSocket here: {0}")]
    WebSocketRequired(String),
    /// The client did nothing wrong.
    #[error("something went wrong here; it has been logged")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
    /// The `500` that tests ask for.
    #[error("this route fails on purpose")]
    DeliberateFailure,
    /// The database does not answer.
    #[error("the database does not answer")]
    NotReady(#[source] sqlx::Error),
}

/// An error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Body {
    /// What went wrong, for programs
    #[schema(value_type = String, example = "not_found")]
    error: &'static str,
    /// What went wrong, for people
    #[schema(example = "there is nothing at this path")]
    message: String,
}

/// An error of a body's fields.
#[derive(Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(crate) struct FieldsBody {
    /// Always `validation_failed`
    #[schema(value_type = String, example = "validation_failed")]
    error: &'static str,
    /// What went wrong, for people
    #[schema(example = "title: 1 to 200 characters")]
    message: String,
    /// What would be right, by the name of the field; `body` when it is no object
    #[schema(value_type = HashMap<String, String>)]
    fields: Fields,
}

// === impl ApiError ===

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        use StatusCode as Status;
        match self {
            Self::InvalidJson(_) => (Status::BAD_REQUEST, "invalid_json"),
            Self::InvalidPath(_) => (Status::BAD_REQUEST, "invalid_path"),
            Self::InvalidQuery(_) => (Status::BAD_REQUEST, "invalid_query"),
            Self::Unauthorized(_) => (Status::UNAUTHORIZED, "unauthorized"),
            Self::InvalidCredentials => (Status::UNAUTHORIZED, "invalid_credentials"),
            Self::AdminOnly => (Status::FORBIDDEN, "forbidden"),
            Self::NotThroughBouncer => (Status::FORBIDDEN, "not_through_bouncer"),
            Self::NotFound => (Status::NOT_FOUND, "not_found"),
            Self::TaskNotFound => (Status::NOT_FOUND, "task_not_found"),
            Self::MethodNotAllowed => (Status::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::UsernameTaken => (Status::CONFLICT, "username_taken"),
            Self::BodyTooLarge => (Status::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::UnsupportedMediaType => {
                (Status::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::ValidationFailed(_) => (Status::UNPROCESSABLE_ENTITY, "validation_failed"),
            Self::WebSocketRequired(_) => (Status::UPGRADE_REQUIRED, "websocket_required"),
            Self::Internal(_) => (Status::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::DeliberateFailure => (Status::INTERNAL_SERVER_ERROR, "deliberate_failure"),
            Self::NotReady(_) => (Status::SERVICE_UNAVAILABLE, "not_ready"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error) = self.status_and_code();
        if let Some(cause) = self.source().filter(|_| status.is_server_error()) {
            tracing::error!(error, cause, "request failed");
        }
        let message = self.to_string();
        let mut response = match self {
            Self::ValidationFailed(fields) => Json(FieldsBody {
                error,
                message,
                fields,
            })
            .into_response(),
            _ => Json(Body { error, message }).into_response(),
        };
        *response.status_mut() = status;
        // RFC 9110 asks for a header with some statuses: the scheme that would help (15.5.2), the protocol (15.5.22).
        let needed = match status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::UPGRADE_REQUIRED => Some((header::UPGRADE, "websocket")),
            _ => None,
        };
        if let Some((name, value)) = needed {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<SigningError> for ApiError {
    fn from(error: SigningError) -> Self {
        Self::Internal(error.into())
    }
}
