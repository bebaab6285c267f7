//! A small task manager over HTTP: users register, log in for a bearer token, and keep a list of tasks.
//!
//! It stands behind Bouncer in the demo and in the end-to-end tests, and limits no one. The two share the secret that
//! signs the tokens, so that the edge can tell users apart, and if so wished another by which the API knows that a
//! request came through the edge.
//!
//! Contract: JSON in and JSON out, for every mistake on every path; a task is visible to its owner only; what the
//! OpenAPI document says is what is served, since one makes the other.

#![forbid(unsafe_code)]

pub mod accounts;
mod admin;
mod auth;
pub mod db;
mod debug;
mod error;
mod extract;
mod fields;
pub mod gate;
mod health;
mod notices;
mod openapi;
mod organizations;
mod paging;
pub mod password;
mod request_log;
mod routes;
pub mod seed;
pub mod serve;
mod tasks;
pub mod token;
mod users;
mod ws;

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use tokio::sync::Semaphore;

use crate::gate::EdgeSecret;
use crate::notices::Notices;
use crate::password::Passwords;
use crate::token::TokenKey;

pub use crate::routes::{DebugRoutes, router};

/// The largest request body that is read.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// How long open WebSockets may take to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// What every handler shares. Cloning is cheap: all clones are the same database, key and queues.
#[derive(Clone)]
pub struct App {
    db: SqlitePool,
    tokens: TokenKey,
    passwords: Passwords,
    edge: Option<EdgeSecret>,
    notices: Notices,
    exports: Arc<Semaphore>,
}

impl App {
    /// An application over an opened database (see [`db::open`]).
    #[must_use]
    pub fn new(db: SqlitePool, tokens: TokenKey, passwords: Passwords) -> Self {
        Self {
            db,
            tokens,
            passwords,
            edge: None,
            notices: Notices::new(),
            exports: Arc::new(Semaphore::new(tasks::export::EXPORTS_AT_ONCE)),
        }
    }

    /// The same, which from now on answers nobody who does not know the secret (see [`gate`]).
    #[must_use]
    pub fn behind(self, edge: EdgeSecret) -> Self {
        Self {
            edge: Some(edge),
            ..self
        }
    }

    /// Ends all WebSockets, each with a goodbye, and lets no new one begin.
    pub fn close_sockets(&self) {
        self.notices.close();
    }

    /// Resolves when the last WebSocket is closed, or when that takes longer than a goodbye should.
    pub async fn sockets_closed(&self) {
        self.notices.drained(GOODBYE_TIMEOUT).await;
    }
}
