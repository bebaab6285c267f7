//! Header lines on their way to JavaScript: one string, so that they cost one crossing.

use std::fmt::{Display, Write as _};

/// Headers to set, as `Name: value` lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head(String);

// === impl Head ===

impl Head {
    /// Adds a header. Neither name nor value may contain a line break: ours do not, and a received header cannot.
    pub fn set(&mut self, name: &str, value: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{name}: {value}");
    }

    /// Adds the headers of another head.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0 += &other.0;
        self
    }

    /// The lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
