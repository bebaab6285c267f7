//! The parser of limit strings: one pass over the text, and errors that know where it stopped.

use std::fmt;
use std::num::NonZeroU32;

use super::{Limit, Unit};

const SEPARATORS: [char; 3] = [';', ',', '|'];

/// A limit string that cannot be read: the string, with the place marked, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{before}▸{after}\": {problem} at ▸")]
pub struct SyntaxError {
    before: String,
    after: String,
    /// What is wrong at the marked place.
    pub problem: Problem,
}

/// What is wrong with a limit string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// No count where one must be.
    ExpectedCount,
    /// Neither `/` nor `per` after the count.
    ExpectedPer,
    /// No unit where one must be.
    ExpectedUnit,
    /// Text after a limit that is not a separator.
    ExpectedSeparator,
    /// A count or multiple above 2³²−1.
    NumberTooLarge,
    /// A window of no length.
    ZeroWindow,
    /// A window above [`MAX_WINDOW_MS`](super::MAX_WINDOW_MS).
    WindowTooLong,
}

struct Cursor<'a> {
    text: &'a str,
    rest: &'a str,
}

pub(super) fn limits(text: &str) -> Result<Vec<Limit>, SyntaxError> {
    let mut cursor = Cursor { text, rest: text };
    let mut limits = vec![cursor.limit()?];
    while !cursor.rest.is_empty() {
        let Some(rest) = cursor.rest.strip_prefix(SEPARATORS) else {
            return Err(cursor.error(Problem::ExpectedSeparator));
        };
        cursor.rest = rest;
        limits.push(cursor.limit()?);
    }
    Ok(limits)
}

// === impl Cursor ===

impl Cursor<'_> {
    /// One limit with the whitespace around it.
    fn limit(&mut self) -> Result<Limit, SyntaxError> {
        self.skip_whitespace();
        let permits = self
            .number()?
            .ok_or_else(|| self.error(Problem::ExpectedCount))?;
        self.skip_whitespace();
        if !self.skip_word("/") && !self.skip_word("per") {
            return Err(self.error(Problem::ExpectedPer));
        }
        self.skip_whitespace();
        let at_multiple = self.rest;
        let multiple = match self.number()? {
            None => NonZeroU32::MIN,
            Some(number) => NonZeroU32::new(number)
                .ok_or_else(|| self.error_at(at_multiple, Problem::ZeroWindow))?,
        };
        self.skip_whitespace();
        let unit = Unit::ALL
            .into_iter()
            .find(|unit| self.skip_word(unit.name()))
            .ok_or_else(|| self.error(Problem::ExpectedUnit))?;
        self.skip_word("s");
        self.skip_whitespace();
        Limit::new(permits, multiple, unit)
            .map_err(|_| self.error_at(at_multiple, Problem::WindowTooLong))
    }

    /// A run of ASCII digits, if there is one.
    fn number(&mut self) -> Result<Option<u32>, SyntaxError> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = self.rest.strip_suffix(rest).unwrap_or_default();
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits
            .parse()
            .map_err(|_| self.error(Problem::NumberTooLarge))?;
        self.rest = rest;
        Ok(Some(number))
    }

    /// Skips `word` in any letter case, if it comes next.
    fn skip_word(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((next, rest)) if next.eq_ignore_ascii_case(word) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_whitespace(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn error(&self, problem: Problem) -> SyntaxError {
        self.error_at(self.rest, problem)
    }

    fn error_at(&self, rest: &str, problem: Problem) -> SyntaxError {
        let before = self.text.strip_suffix(rest).unwrap_or_default();
        SyntaxError {
            before: before.to_owned(),
            after: rest.to_owned(),
            problem,
        }
    }
}

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpectedCount => "expected a whole number of permits, as in 5/minute,",
            Self::ExpectedPer => "expected \"/\" or \"per\"",
            Self::ExpectedUnit => "expected second, minute, hour, day, month or year",
            Self::ExpectedSeparator => {
                "expected the end, or another limit after \";\", \",\" or \"|\""
            }
            Self::NumberTooLarge => "a number is at most 4294967295, and this one is larger,",
            Self::ZeroWindow => "a window is at least 1 unit long, and this one is 0,",
            Self::WindowTooLong => "a window is at most 100 years long, and this one is longer,",
        })
    }
}
