//! What a user decides about a task, and what of it may be stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::fields::{Fields, is_line};
use crate::tasks::due_date::DueDate;

const TITLE_MAX_CHARS: usize = 200;
const DESCRIPTION_MAX_CHARS: usize = 10_000;

/// How far a task is.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Status {
    #[default]
    Todo,
    InProgress,
    Done,
}

/// How much a task matters.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Priority {
    Low,
    #[default]
    Medium,
    High,
}

/// A task as a client sends it. What is left out is as in a new task: `todo`, `medium`, no description and no day.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with a title")]
pub(crate) struct Draft {
    /// One line, not only blanks
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Write the report"
    )]
    pub(crate) title: String,
    #[serde(default)]
    #[schema(
        max_length = 10_000,
        pattern = r"^[^\x00]*$",
        example = "By the end of the week."
    )]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) priority: Priority,
    #[serde(default)]
    pub(crate) due_date: Option<DueDate>,
}

impl Status {
    /// As it is stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::InProgress => "in_progress",
            Self::Done => "done",
        }
    }
}

impl Priority {
    /// As it is stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Draft {
    /// # Errors
    /// [`ApiError::ValidationFailed`], with every field that is out of range.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let mut wrong = Fields::default();
        wrong.check(
            "title",
            is_line(&self.title, TITLE_MAX_CHARS),
            format!("1 to {TITLE_MAX_CHARS} characters on one line, and not only blanks"),
        );
        wrong.check(
            "description",
            self.description.chars().count() <= DESCRIPTION_MAX_CHARS
                // SQLite's own functions take it for the end of the text.
                && !self.description.contains('\0'),
            format!("at most {DESCRIPTION_MAX_CHARS} characters, none of them NUL"),
        );
        wrong.into_result()
    }
}
