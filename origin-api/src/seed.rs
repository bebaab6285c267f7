//! Demo data: users `demo1` to `demoN` who share a published password, each with a list of tasks.
//!
//! A user and its tasks are written in one transaction, so a user that exists is complete, and seeding again leaves
//! it as it is.

use chrono::Utc;
use sqlx::SqlitePool;

use crate::password::{PasswordError, Passwords};
use crate::tasks::store::{self, Draft};
use crate::users::{self, InsertError};

/// The password of every demo user.
pub const PASSWORD: &str = "correct horse battery staple";

const VERBS: [&str; 5] = ["Write", "Review", "Order", "Repair", "Call about"];
const OBJECTS: [&str; 7] = [
    "the report",
    "the invoice",
    "new chairs",
    "the bicycle",
    "train tickets",
    "the garden fence",
    "coffee",
];

/// What a run has done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seeded {
    /// Names of the users made, each with all its tasks.
    pub made: Vec<String>,
    /// Names of the users that were there and were left alone.
    pub left: Vec<String>,
}

/// Why a run stopped. Users made before that stay, complete.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database refused.
    #[error("cannot write the demo data: {0}")]
    Database(#[from] sqlx::Error),
    /// The password could not be hashed.
    #[error("cannot hash the demo password: {0}")]
    Password(#[from] PasswordError),
}

/// Makes the demo users that are missing, up to `users` of them, with `tasks` tasks each.
///
/// # Errors
/// [`SeedError`]
pub async fn seed(
    db: &SqlitePool,
    passwords: &Passwords,
    users: u32,
    tasks: u32,
) -> Result<Seeded, SeedError> {
    let mut seeded = Seeded::default();
    for number in 1..=users {
        let username = format!("demo{number}");
        if seed_user(db, passwords, &username, tasks).await? {
            seeded.made.push(username);
        } else {
            seeded.left.push(username);
        }
    }
    Ok(seeded)
}

/// Says whether the user was missing.
async fn seed_user(
    db: &SqlitePool,
    passwords: &Passwords,
    username: &str,
    tasks: u32,
) -> Result<bool, SeedError> {
    if users::find(db, username).await?.is_some() {
        return Ok(false);
    }
    let password_hash = passwords.hash(PASSWORD.to_owned()).await?;
    let now = Utc::now();
    let mut transaction = db.begin().await?;
    let user_id = match users::insert(&mut *transaction, username, &password_hash, now).await {
        Ok(user_id) => user_id,
        Err(InsertError::Taken) => return Ok(false),
        Err(InsertError::Database(error)) => return Err(error.into()),
    };
    let ideas = OBJECTS
        .iter()
        .flat_map(|object| VERBS.map(|verb| format!("{verb} {object}")));
    for (number, title) in (1..=tasks).zip(ideas.cycle()) {
        let draft = Draft {
            description: format!("Number {number} on the list of {username}."),
            title,
            done: number % 3 == 0,
        };
        store::insert(&mut *transaction, &user_id, &draft, now).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
