//! Header lines on their way to JavaScript and back: one string, so that they cost one crossing.

use std::fmt::{Display, Write as _};

/// Headers to set, as `Name: value` lines; those to append to what is there begin with a `+`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head(String);

// === impl Head ===

impl Head {
    /// Adds a header. Neither name nor value may contain a line break: ours do not, and a received header cannot.
    pub fn set(&mut self, name: &str, value: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{name}: {value}");
    }

    /// Adds a value behind what the header has. The same holds for its name and value.
    pub fn append(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "+{name}: {value}");
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

/// The names and values of such lines.
pub fn headers(lines: &str) -> impl Iterator<Item = (&str, &str)> {
    lines.lines().filter_map(|line| line.split_once(": "))
}

/// The members that are there, as a header's list.
#[must_use]
pub fn list(members: &[&str]) -> String {
    let mut text = String::new();
    for member in members.iter().filter(|member| !member.is_empty()) {
        if !text.is_empty() {
            text += ", ";
        }
        text += member;
    }
    text
}

/// The value of the header of this name, in whatever letter case.
#[must_use]
pub fn value<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    headers(lines)
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
