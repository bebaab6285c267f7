//! Which fields of a body are wrong, and what would be right: gathered, so that a client mends all of them at once.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::ApiError;

/// What is wrong, by the name of the field.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// One field that is wrong.
    pub(crate) fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(BTreeMap::from([(field.into(), message.into())]))
    }

    /// Notes what would be right, unless the field is.
    pub(crate) fn check(&mut self, field: &str, is_right: bool, rule: impl Into<String>) {
        if !is_right {
            self.0.insert(field.to_owned(), rule.into());
        }
    }

    /// The refusal that they make up, unless every field was right.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::ValidationFailed(self))
        }
    }
}

/// All of it in one line.
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, message)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {message}")?;
        }
        Ok(())
    }
}

/// Whether a text is one line that says something: 1 to `max_chars` characters, none of them a control character, and
/// not only blanks.
pub(crate) fn is_line(text: &str, max_chars: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= max_chars
        && !text.chars().any(char::is_control)
}
