//! Passwords: hashed with Argon2id, verified, and never stored.
//!
//! One hash costs tens of milliseconds and 19 MiB, on purpose. So it never runs on the threads that serve requests,
//! and no more run at once than there are cores: more would not be faster, and a flood of logins would take all the
//! memory. The others wait in line.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

/// Hashes and verifies passwords. Clones share one queue.
#[derive(Clone)]
pub struct Passwords {
    cores: Arc<Semaphore>,
    decoy: Arc<str>,
}

/// Why a password could be neither hashed nor verified. The password itself is not at fault.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Argon2 refused its input, or a stored hash is damaged.
    #[error("argon2 failed")]
    Argon2(#[from] password_hash::Error),
    /// The thread that worked on it died.
    #[error("the hashing thread died")]
    Worker(#[from] JoinError),
    /// The queue is closed: the process is going down.
    #[error("the hashing queue is closed")]
    Queue(#[from] AcquireError),
}

// === impl Passwords ===

impl Passwords {
    /// Takes one hash's time, to have a decoy that costs exactly what a real hash does.
    ///
    /// # Errors
    /// [`PasswordError::Argon2`], when the system has no randomness to offer.
    pub fn new() -> Result<Self, PasswordError> {
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Self {
            cores: Arc::new(Semaphore::new(cores)),
            decoy: hash("nobody's password")?.into(),
        })
    }

    /// The hash to store, as a PHC string with its salt and parameters.
    ///
    /// # Errors
    /// [`PasswordError`]
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash, when there is no such user, the answer
    /// is no and takes just as long, so that the time does not tell which names exist.
    ///
    /// # Errors
    /// [`PasswordError`]
    pub async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move || {
            let matches = verify(&password, stored.as_deref().unwrap_or(&decoy))?;
            Ok(matches && stored.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let core = Arc::clone(&self.cores).acquire_owned().await?;
        spawn_blocking(move || {
            // Held by the work and not by the request, which may be gone long before the core is free again.
            let _core = core;
            work()
        })
        .await?
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

fn hash(password: &str) -> Result<String, PasswordError> {
    Ok(Argon2::default()
        .hash_password(password.as_bytes())?
        .to_string())
}

fn verify(password: &str, stored: &str) -> Result<bool, PasswordError> {
    match Argon2::default().verify_password(password.as_bytes(), stored) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
