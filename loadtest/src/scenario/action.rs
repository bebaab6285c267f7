//! What can be asked of the Task Manager, as requests.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::request::{HeaderLine, InputError, Target, Template, template};
use crate::scenario::plan::account;

/// Something that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// With the right password.
    LogIn,
    /// The tasks, newest first.
    List,
    /// One of the tasks that were listed.
    Get {
        /// Which, counted round.
        nth: usize,
    },
    /// A new task.
    Create {
        /// In its title.
        number: u16,
    },
    /// Tasks with a word.
    Search {
        /// Which word, counted round.
        word: usize,
    },
    /// Somebody's account, with a wrong password.
    GuessPassword {
        /// Whose.
        user: u32,
        /// What the password ends in.
        number: u16,
    },
    /// All tasks with their totals.
    Export,
}

/// What a client knows when it asks.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The server.
    pub target: &'a Target,
    /// The headers it sends with everything.
    pub headers: &'a [HeaderLine],
    /// Its account.
    pub username: &'a str,
    /// The password of every account.
    pub password: &'a str,
    /// The ids of tasks that it has seen.
    pub ids: &'a [i64],
}

/// Words that the tasks of the demo have.
const WORDS: [&str; 7] = [
    "report", "invoice", "chairs", "bicycle", "train", "garden", "coffee",
];

// === impl Action ===

impl Action {
    /// Its name in tables.
    #[must_use]
    pub const fn route(self) -> &'static str {
        match self {
            Self::LogIn | Self::GuessPassword { .. } => "POST /api/v1/auth/login",
            Self::List => "GET /api/v1/tasks",
            Self::Get { .. } => "GET /api/v1/tasks/{id}",
            Self::Create { .. } => "POST /api/v1/tasks",
            Self::Search { .. } => "GET /api/v1/tasks/search",
            Self::Export => "GET /api/v1/tasks/export",
        }
    }

    /// Whether an API that works may answer with this error.
    #[must_use]
    pub fn expects(self, status: StatusCode) -> bool {
        matches!(self, Self::GuessPassword { .. }) && status == StatusCode::UNAUTHORIZED
    }

    /// The same, or what is done in its place by somebody who has seen no task yet.
    #[must_use]
    pub const fn with(self, ids: &[i64]) -> Self {
        match self {
            Self::Get { .. } if ids.is_empty() => Self::List,
            action => action,
        }
    }

    /// The request.
    ///
    /// # Errors
    /// [`InputError`] when the server's URL leads to no valid path.
    pub fn request(self, known: Known<'_>) -> Result<Template, InputError> {
        let (method, path, body) = match self {
            Self::LogIn => {
                let body = json!({ "username": known.username, "password": known.password });
                (Method::POST, "/api/v1/auth/login".to_owned(), Some(body))
            }
            Self::GuessPassword { user, number } => {
                let password = format!("password{number}");
                let body = json!({ "username": account(user), "password": password });
                (Method::POST, "/api/v1/auth/login".to_owned(), Some(body))
            }
            Self::List => (Method::GET, "/api/v1/tasks?limit=20".to_owned(), None),
            Self::Get { nth } => {
                let id = nth_of(known.ids, nth).copied().unwrap_or_default();
                (Method::GET, format!("/api/v1/tasks/{id}"), None)
            }
            Self::Create { number } => {
                let body =
                    json!({ "title": format!("Task {number}"), "description": "Made under load." });
                (Method::POST, "/api/v1/tasks".to_owned(), Some(body))
            }
            Self::Search { word } => {
                let word = nth_of(&WORDS, word).copied().unwrap_or_default();
                (Method::GET, format!("/api/v1/tasks/search?q={word}"), None)
            }
            Self::Export => (Method::GET, "/api/v1/tasks/export".to_owned(), None),
        };
        let target = known.target.join(&path)?;
        let mut headers = known.headers.to_vec();
        let body = match body {
            None => String::new(),
            Some(body) => {
                headers.push("Content-Type: application/json".parse()?);
                body.to_string()
            }
        };
        Ok(template(&target, &method, &headers, &body))
    }
}

/// That of this index, counted round.
fn nth_of<T>(all: &[T], nth: usize) -> Option<&T> {
    all.get(nth.checked_rem(all.len())?)
}
