//! The users table.

use chrono::{DateTime, Utc};
use sqlx::{Executor, Sqlite};

/// A user as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) password_hash: String,
}

/// Why a user was not added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InsertError {
    /// The name belongs to somebody.
    #[error("this username is taken")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}

/// Adds a user and gives back the new id: random, so that ids can be neither guessed nor counted.
pub(crate) async fn insert(
    db: impl Executor<'_, Database = Sqlite>,
    username: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<String, InsertError> {
    let id = uuid::Uuid::new_v4().to_string();
    let inserted = sqlx::query(
        "INSERT INTO users (id, username, password_hash, created_at) VALUES (?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(username)
    .bind(password_hash)
    .bind(now)
    .execute(db)
    .await;
    match inserted {
        Ok(_) => Ok(id),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(InsertError::Taken),
        Err(error) => Err(InsertError::Database(error)),
    }
}

/// The user of that name, in any letter case.
pub(crate) async fn find(
    db: impl Executor<'_, Database = Sqlite>,
    username: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as("SELECT id, username, password_hash FROM users WHERE username = ?")
        .bind(username)
        .fetch_optional(db)
        .await
}
