//! The users table, and with it what a user's membership says.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Executor, Sqlite, SqliteConnection, SqlitePool};
use utoipa::ToSchema;

use crate::accounts::{Plan, Role};
use crate::organizations::{self, New};
use crate::paging::Page;

/// A user as stored, without `Debug` and so without a way of the hash into a log.
#[derive(sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) password_hash: String,
    pub(crate) role: Role,
    pub(crate) organization_id: String,
    pub(crate) plan: Plan,
}

/// A user as an admin sees it.
#[derive(Serialize, sqlx::FromRow, ToSchema)]
pub(crate) struct Profile {
    #[schema(example = "9b2f6a1e-6c3c-4a57-9c41-7f0d1c9f5c11")]
    id: String,
    #[schema(example = "ada")]
    username: String,
    role: Role,
    #[sqlx(flatten)]
    organization: Organization,
    created_at: DateTime<Utc>,
}

/// An organisation as its members and admins see it.
#[derive(Serialize, sqlx::FromRow, ToSchema)]
pub(crate) struct Organization {
    #[sqlx(rename = "organization_id")]
    pub(crate) id: String,
    #[sqlx(rename = "organization_name")]
    #[schema(example = "Analytical Engines")]
    pub(crate) name: String,
    pub(crate) plan: Plan,
}

/// A user to be.
pub(crate) struct Account<'a> {
    pub(crate) username: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) role: Role,
}

/// Why a user was not added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InsertError {
    /// The name belongs to somebody.
    #[error("this username is taken")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Adds a user, as a member of an organisation that is there or is made now, and gives back the new id: random, so that
/// ids can be neither guessed nor counted. Run it in a transaction: the user is written first, so that of two who want
/// the name one waits for the other, and before anything is read, so that neither is stuck.
pub(crate) async fn insert(
    db: &mut SqliteConnection,
    account: &Account<'_>,
    organization: &New<'_>,
    now: DateTime<Utc>,
) -> Result<String, InsertError> {
    let id = random_id();
    let inserted = sqlx::query(
        "INSERT INTO users (id, username, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(account.username)
    .bind(account.password_hash)
    .bind(account.role)
    .bind(now)
    .execute(&mut *db)
    .await;
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(InsertError::Taken);
        }
        inserted => inserted?,
    };
    organizations::insert_if_missing(&mut *db, organization, now).await?;
    organizations::join(db, organization.id, &id).await?;
    Ok(id)
}

/// The user of that name, in any letter case.
pub(crate) async fn find(
    db: impl Executor<'_, Database = Sqlite>,
    username: &str,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as(
        "SELECT users.id, username, password_hash, role, organization_id, plan
         FROM users
         JOIN memberships ON memberships.user_id = users.id
         JOIN organizations ON organizations.id = organization_id
         WHERE username = ?",
    )
    .bind(username)
    .fetch_optional(db)
    .await
}

/// Everybody, by name.
pub(crate) async fn list(db: &SqlitePool, page: Page) -> sqlx::Result<Vec<Profile>> {
    sqlx::query_as(
        "SELECT users.id, username, role, users.created_at,
                organization_id, organizations.name AS organization_name, plan
         FROM users
         JOIN memberships ON memberships.user_id = users.id
         JOIN organizations ON organizations.id = organization_id
         ORDER BY username LIMIT ? OFFSET ?",
    )
    .bind(page.limit)
    .bind(page.offset)
    .fetch_all(db)
    .await
}

/// An id that nobody has.
pub(crate) fn random_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
