//! Registering and logging in. The token on every other request is [`bearer`]'s.
//!
//! Contract: whoever registers is a member, of a free organisation of his own. Nobody can register into somebody else's
//! organisation, since organisations are told apart by ids that are made here and not by names, nor as an admin.

pub(crate) mod bearer;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::accounts::{Plan, Role};
use crate::error::ApiError;
use crate::extract::Body;
use crate::fields::{Fields, is_line};
use crate::organizations::New;
use crate::token::{Holder, LIFETIME_S};
use crate::users::{self, Account, InsertError, Organization};

const ORGANIZATION_MAX_CHARS: usize = 100;

// Without `Debug`, so that no password ends in a log; nor has `Registration`.
/// Who wants to log in
#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with username and password"
)]
pub(crate) struct Credentials {
    #[schema(example = "demo1")]
    username: String,
    #[schema(format = Password, example = "correct horse battery staple")]
    password: String,
}

/// Who wants to register
#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with username and password"
)]
pub(crate) struct Registration {
    /// Unique, whatever the letter case
    #[schema(
        min_length = 3,
        max_length = 64,
        pattern = "^[A-Za-z0-9_.-]+$",
        example = "ada"
    )]
    username: String,
    #[schema(format = Password, min_length = 8, max_length = 128, example = "open sesame, please")]
    password: String,
    /// The name of the organisation to make; the username, if it is left out. Names need not be unique, and nobody
    /// joins an organisation by its name.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Analytical Engines"
    )]
    organization: Option<String>,
}

/// Who has registered
#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    id: String,
    username: String,
    role: Role,
    organization: Organization,
}

/// A token, in the form of RFC 6749, 5.1
#[derive(Serialize, ToSchema)]
pub(crate) struct Grant {
    /// A JWT with the claims `sub`, `name`, `org`, `role` and `plan`
    access_token: String,
    /// Always `Bearer`
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// Life of the token, in seconds
    #[schema(example = 3600)]
    expires_in: u32,
}

/// Make an account
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "auth",
    request_body = Registration,
    responses(
        (status = 201, description = "The account, a member of a free organisation of its own", body = Registered),
        (status = 409, description = "The username is taken, in this letter case or another", body = crate::error::Body),
    )
)]
pub(crate) async fn register(
    State(app): State<App>,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    registration.check()?;
    let Registration {
        username,
        password,
        organization,
    } = registration;
    let password_hash = app.passwords.hash(password).await?;
    let organization = Organization {
        id: users::random_id(),
        name: organization.unwrap_or_else(|| username.clone()),
        plan: Plan::Free,
    };
    let account = Account {
        username: &username,
        password_hash: &password_hash,
        role: Role::Member,
    };
    let home = New {
        id: &organization.id,
        name: &organization.name,
        plan: organization.plan,
    };
    let mut transaction = app.db.begin().await?;
    let id = users::insert(&mut transaction, &account, &home, Utc::now()).await?;
    transaction.commit().await?;
    let registered = Registered {
        id,
        role: account.role,
        username,
        organization,
    };
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Get a token
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "auth",
    request_body = Credentials,
    responses(
        (status = 200, description = "A token for all that needs one", body = Grant),
        (status = 401, description = "No such user, or not the password", body = crate::error::Body),
    )
)]
pub(crate) async fn login(
    State(app): State<App>,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<([(HeaderName, &'static str); 1], Json<Grant>), ApiError> {
    let (holder, stored) = match users::find(&app.db, &username).await? {
        Some(user) => (
            Some(Holder {
                id: user.id,
                name: user.username,
                org: Some(user.organization_id),
                role: user.role,
                plan: user.plan,
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

// === impl Registration ===

impl Registration {
    fn check(&self) -> Result<(), ApiError> {
        let mut wrong = Fields::default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        wrong.check(
            "username",
            (3..=64).contains(&self.username.len()) && self.username.bytes().all(allowed),
            "3 to 64 characters out of A-Z, a-z, 0-9, `_`, `.` and `-`",
        );
        wrong.check(
            "password",
            (8..=128).contains(&self.password.chars().count()),
            "8 to 128 characters",
        );
        wrong.check(
            "organization",
            self.organization
                .as_deref()
                .is_none_or(|name| is_line(name, ORGANIZATION_MAX_CHARS)),
            format!("1 to {ORGANIZATION_MAX_CHARS} characters on one line, and not only blanks"),
        );
        wrong.into_result()
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
