//! The bearer token on a request: who is asking.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::Utc;
use serde::Deserialize;

use crate::App;
use crate::accounts::Role;
use crate::error::ApiError;
use crate::extract::Query;
use crate::token::{Holder, Unauthenticated, Verified};

/// The user whose token came with the request.
pub(crate) struct CurrentUser(pub(crate) Holder);

/// The same, if an admin.
pub(crate) struct Admin;

/// The user whose token came in the header or, since a browser's WebSocket sends no headers of one's own, in the query
/// as RFC 6750, 2.3 has it. Only where a browser needs it: an address ends in histories and in other people's logs.
pub(crate) struct HeaderOrQueryUser(pub(crate) Verified);

#[derive(Deserialize)]
struct TokenQuery {
    access_token: Option<String>,
}

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or(Unauthenticated::Missing)?;
        Ok(Self(app.tokens.verify(token, Utc::now())?.holder))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CurrentUser(user) = CurrentUser::from_request_parts(parts, app).await?;
        match user.role {
            Role::Admin => Ok(Self),
            Role::Member => Err(ApiError::AdminOnly),
        }
    }
}

impl FromRequestParts<App> for HeaderOrQueryUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(TokenQuery { access_token }) = Query::from_request_parts(parts, app).await?;
        let token = bearer(&parts.headers)
            .or(access_token.as_deref())
            .ok_or(Unauthenticated::Missing)?;
        Ok(Self(app.tokens.verify(token, Utc::now())?))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}
