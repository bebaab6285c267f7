//! The database: one SQLite file, opened with its settings and brought to the current schema.
//!
//! The log is written ahead (WAL), so readers never wait for a writer; writers wait for each other, up to
//! `BUSY_TIMEOUT`. Every write of the API is a single statement, which SQLite runs atomically, so none can deadlock
//! while turning from reader into writer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Connections open at the same time.
const CONNECTIONS: u32 = 20;

/// How long a writer waits for its turn, and a request for a connection, before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened or created, or is not a database.
    #[error("cannot open the database {}: {source}; see that its folder exists and is writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The file's schema is not one that this version can bring up to date.
    #[error("cannot bring the database {} to the current schema: {source}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The migration that failed.
        source: MigrateError,
    },
}

/// Opens the database at `path`, creating it if need be, and runs the migrations it lacks.
///
/// # Errors
/// [`OpenError`], when the file is unusable or from a newer version.
pub async fn open(path: &Path) -> Result<SqlitePool, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL this loses at most the last commits on a power cut, and never consistency.
        .synchronous(SqliteSynchronous::Normal);
    let db = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|source| OpenError::Open {
            path: path.to_owned(),
            source,
        })?;
    sqlx::migrate!()
        .run(&db)
        .await
        .map_err(|source| OpenError::Migrate {
            path: path.to_owned(),
            source,
        })?;
    Ok(db)
}
