//! Who is asking: registering, logging in, and the bearer token on every other request.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::token::{Holder, LIFETIME_S, Unauthenticated};
use crate::users::{self, InsertError};

/// What a client sends to register and to log in. Without `Debug`, so that no password ends in a log.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
pub(crate) struct Registered {
    id: String,
    username: String,
}

/// RFC 6749, 5.1.
#[derive(Serialize)]
pub(crate) struct Grant {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
}

/// The user whose token came with the request.
pub(crate) struct CurrentUser(pub(crate) Holder);

/// `POST /api/v1/auth/register`
pub(crate) async fn register(
    State(app): State<App>,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    check_username(&username)?;
    check_password(&password)?;
    let password_hash = app.passwords.hash(password).await?;
    let id = users::insert(&app.db, &username, &password_hash, Utc::now()).await?;
    Ok((StatusCode::CREATED, Json(Registered { id, username })))
}

/// `POST /api/v1/auth/login`
pub(crate) async fn login(
    State(app): State<App>,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<([(HeaderName, &'static str); 1], Json<Grant>), ApiError> {
    let (holder, stored) = match users::find(&app.db, &username).await? {
        Some(user) => (
            Some(Holder {
                id: user.id,
                name: user.username,
            }),
            Some(user.password_hash),
        ),
        None => (None, None),
    };
    let matches = app.passwords.verify(password, stored).await?;
    let holder = holder
        .filter(|_| matches)
        .ok_or(ApiError::InvalidCredentials)?;
    let grant = Grant {
        access_token: app.tokens.issue(&holder, Utc::now())?,
        token_type: "Bearer",
        expires_in: LIFETIME_S,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(grant)))
}

// === impl CurrentUser ===

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(Unauthenticated::Missing)?;
        Ok(Self(app.tokens.verify(token, Utc::now())?))
    }
}

impl From<InsertError> for ApiError {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::Taken => Self::UsernameTaken,
            InsertError::Database(error) => error.into(),
        }
    }
}

fn check_username(username: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (3..=64).contains(&username.len()) && username.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::ValidationFailed(
        "username: 3 to 64 characters out of A-Z, a-z, 0-9, `_`, `.` and `-`".to_owned(),
    ))
}

fn check_password(password: &str) -> Result<(), ApiError> {
    if (8..=128).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(ApiError::ValidationFailed(
        "password: 8 to 128 characters".to_owned(),
    ))
}
