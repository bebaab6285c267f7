//! A small task manager over HTTP: users register, log in for a bearer token, and keep a list of tasks.
//!
//! It stands behind Bouncer in the demo and in the end-to-end tests, and knows nothing of it: it limits no one. The
//! one thing the two share is the secret that signs the tokens, so that the edge can tell users apart.
//!
//! Contract: JSON in and JSON out, on every path and for every mistake; a task is visible to its owner only.

#![forbid(unsafe_code)]

mod auth;
pub mod db;
mod debug;
mod error;
mod extract;
mod health;
pub mod password;
pub mod seed;
pub mod serve;
mod tasks;
pub mod token;
mod users;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use sqlx::SqlitePool;

use crate::error::ApiError;
use crate::password::Passwords;
use crate::token::TokenKey;

/// The largest request body that is read.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// What every handler shares. Cloning is cheap: all clones are the same database, key and hashing queue.
#[derive(Debug, Clone)]
pub struct App {
    db: SqlitePool,
    tokens: TokenKey,
    passwords: Passwords,
}

/// Whether the routes that exist for tests only are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebugRoutes {
    /// They answer `404`, as any unknown path.
    Hidden,
    /// `GET /api/v1/debug/fail` answers `500`.
    Served,
}

impl App {
    /// An application over an opened database (see [`db::open`]).
    #[must_use]
    pub fn new(db: SqlitePool, tokens: TokenKey, passwords: Passwords) -> Self {
        Self {
            db,
            tokens,
            passwords,
        }
    }
}

/// All routes of the API.
pub fn router(app: App, debug_routes: DebugRoutes) -> Router {
    let mut routes = Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/api/v1/auth/register", post(auth::register))
        .route("/api/v1/auth/login", post(auth::login))
        .route("/api/v1/tasks", get(tasks::list).post(tasks::create))
        .route("/api/v1/tasks/search", get(tasks::search))
        .route(
            "/api/v1/tasks/{id}",
            get(tasks::show).put(tasks::replace).delete(tasks::delete),
        );
    if debug_routes == DebugRoutes::Served {
        routes = routes.route("/api/v1/debug/fail", get(debug::fail));
    }
    // The 405 fallback covers only the routes that are already there, so it has to come after them.
    routes
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .fallback(async || ApiError::NotFound)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .with_state(app)
}
