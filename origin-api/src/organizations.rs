//! The organizations and memberships tables: everybody is a member of exactly one organisation.
//!
//! Contract: joining takes an id, and no request of the API carries one. So whoever registers gets an organisation of
//! his own, and only seeding puts several users into one.

use chrono::{DateTime, Utc};
use sqlx::{Executor, Sqlite, SqliteConnection};

use crate::accounts::Plan;

/// An organisation to be.
pub(crate) struct New<'a> {
    /// Whoever knows it still cannot join: see above. Unique, unlike the name.
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) plan: Plan,
}

/// Adds an organisation; one that is there already stays as it is.
pub(crate) async fn insert_if_missing(
    db: impl Executor<'_, Database = Sqlite>,
    organization: &New<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO organizations (id, name, plan, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(organization.id)
    .bind(organization.name)
    .bind(organization.plan)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Makes a user who has no organisation yet a member of one.
pub(crate) async fn join(
    db: &mut SqliteConnection,
    organization_id: &str,
    user_id: &str,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO memberships (user_id, organization_id) VALUES (?, ?)")
        .bind(user_id)
        .bind(organization_id)
        .execute(db)
        .await?;
    Ok(())
}
