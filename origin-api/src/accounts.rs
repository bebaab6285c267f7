//! What sets users apart: their role here, and the plan of their organisation.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What a user may do beyond managing tasks.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum Role {
    /// Nothing beyond.
    #[default]
    Member,
    /// See who the users are. Only seeding makes one.
    Admin,
}

/// What an organisation pays for. The API serves both alike; the edge may limit them differently.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum Plan {
    /// Nothing.
    #[default]
    Free,
    /// Something.
    Pro,
}

/// Reads a claim of a genuine token. One that means nothing here grants nothing, and is no reason to turn its holder
/// away.
pub(crate) fn or_least<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let claim = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(claim).unwrap_or_default())
}
