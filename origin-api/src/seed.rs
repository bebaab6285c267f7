//! Demo data: users `demo1` to `demoN` who share a published password, each with a list of tasks, and `admin`.
//!
//! A user and its tasks are written in one transaction, so a user that exists is complete, and seeding again leaves
//! it as it is. Users are in paying organisations of [`MEMBERS`], so that many users at once do not all meet under one
//! organisation's limit at the edge. These organisations have ids that no other way of making one can give.

use chrono::{DateTime, Days, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::accounts::{Plan, Role};
use crate::organizations::New;
use crate::password::{PasswordError, Passwords};
use crate::tasks;
use crate::tasks::draft::{Priority, Status};
use crate::users::{self, Account, InsertError};

/// The password of every demo user, and of the admin.
pub const PASSWORD: &str = "correct horse battery staple";

/// The name of the admin.
pub const ADMIN: &str = "admin";

/// Members of an organisation.
const MEMBERS: u32 = 5;

/// Tasks written by one statement: SQLite takes 32,766 values.
const BATCH: usize = 500;

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
    /// Whether the admin was missing, and was made.
    pub is_admin_made: bool,
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

/// Makes the demo users that are missing, up to `users` of them, with `tasks` tasks each, and the admin.
///
/// # Errors
/// [`SeedError`]
pub async fn seed(
    db: &SqlitePool,
    passwords: &Passwords,
    users: u32,
    tasks: u32,
) -> Result<Seeded, SeedError> {
    // One hash for all: a salt of one's own hides that two passwords are the same, and these are published as that.
    let password_hash = passwords.hash(PASSWORD.to_owned()).await?;
    let mut seeded = Seeded::default();
    for number in 1..=users {
        let username = format!("demo{number}");
        let organization = number.div_ceil(MEMBERS);
        let demo = Person {
            account: Account {
                username: &username,
                password_hash: &password_hash,
                role: Role::Member,
            },
            organization: New {
                id: &format!("demo-{organization}"),
                name: &format!("Demo {organization}"),
                plan: Plan::Pro,
            },
        };
        if demo.seed(db, tasks).await? {
            seeded.made.push(username);
        } else {
            seeded.left.push(username);
        }
    }
    let admin = Person {
        account: Account {
            username: ADMIN,
            password_hash: &password_hash,
            role: Role::Admin,
        },
        organization: New {
            id: "demo-admin",
            name: "Demo admin",
            plan: Plan::Pro,
        },
    };
    seeded.is_admin_made = admin.seed(db, 0).await?;
    Ok(seeded)
}

struct Person<'a> {
    account: Account<'a>,
    organization: New<'a>,
}

impl Person<'_> {
    /// Says whether the user was missing.
    async fn seed(&self, db: &SqlitePool, tasks: u32) -> Result<bool, SeedError> {
        let now = tasks::now();
        let mut transaction = db.begin().await?;
        let user_id =
            match users::insert(&mut transaction, &self.account, &self.organization, now).await {
                Ok(user_id) => user_id,
                Err(InsertError::Taken) => return Ok(false),
                Err(InsertError::Database(error)) => return Err(error.into()),
            };
        insert_tasks(
            &mut transaction,
            &user_id,
            self.account.username,
            tasks,
            now,
        )
        .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn insert_tasks(
    db: &mut SqliteConnection,
    user_id: &str,
    username: &str,
    tasks: u32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ideas = OBJECTS
        .iter()
        .flat_map(|object| VERBS.map(|verb| format!("{verb} {object}")));
    let tasks: Vec<(u32, String)> = (1..=tasks).zip(ideas.cycle()).collect();
    for batch in tasks.chunks(BATCH) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO tasks
             (user_id, title, description, status, priority, due_date, created_at, updated_at) ",
        );
        insert.push_values(batch, |mut row, (number, title)| {
            let status = match number % 6 {
                0 | 3 => Status::Done,
                1 => Status::InProgress,
                _ => Status::Todo,
            };
            let priority = match number % 5 {
                0 => Priority::High,
                1 | 2 => Priority::Low,
                _ => Priority::Medium,
            };
            let due_date = (number % 2 == 0)
                .then(|| {
                    now.date_naive()
                        .checked_add_days(Days::new(u64::from(number % 60)))
                })
                .flatten();
            row.push_bind(user_id)
                .push_bind(title)
                .push_bind(format!("Number {number} on the list of {username}."))
                .push_bind(status)
                .push_bind(priority)
                .push_bind(due_date)
                .push_bind(now)
                .push_bind(now);
        });
        insert.build().execute(&mut *db).await?;
    }
    Ok(())
}
