//! A pattern: the requests that a rule is about, as `METHOD /path`.
//!
//! The methods are names joined by `|`, or `*` for any. In the path, `*` and `{name}` stand for exactly one segment and a
//! final `**` for the rest, which may be empty. HEAD counts as GET.

use std::fmt;

use super::NormalPath;

/// The requests that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    text: String,
    /// Any if empty.
    methods: Vec<String>,
    /// As they were written.
    segments: Vec<Segment>,
    /// Ends in `**`.
    is_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Any,
    Name(String),
}

/// Why a pattern cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not two words.
    #[error(
        "found {0:?}; write a method and a path, as in \"GET /api/v1/tasks\", or \"* /api/**\" for any method"
    )]
    NotTwoWords(String),
    /// A method with characters no method has.
    #[error(
        "found the method {0:?}; write capital letters, as in \"GET\" or \"PUT|PATCH\", or \"*\" for any"
    )]
    BadMethod(String),
    /// HEAD has no rules of its own.
    #[error("found the method \"HEAD\"; HEAD counts as GET, so write \"GET\"")]
    Head,
    /// A path that no request can have once it is normalised.
    #[error(
        "found the path {found:?}; requests are matched in their normal form, so write {normal:?}"
    )]
    NotNormal {
        /// The path as written.
        found: String,
        /// What it would be.
        normal: String,
    },
    /// The parameter of a framework.
    #[error("found {found:?} in {path:?}; write {{{name}}}, which stands for any one segment", name = found.trim_start_matches(':'))]
    Parameter {
        /// The segment.
        found: String,
        /// Where it stands.
        path: String,
    },
    /// A segment that is a parameter in part.
    #[error(
        "found {found:?} in {path:?}; a segment is a name, or {{name}} or \"*\" for any one, as a whole"
    )]
    Mixed {
        /// The segment.
        found: String,
        /// Where it stands.
        path: String,
    },
    /// What is no part of a path.
    #[error("found {0:?}; a query is not matched, so write the path alone, without \"?\" or \"#\"")]
    Query(String),
    /// `**` before the end.
    #[error("found {0:?}; \"**\" stands for the rest of the path and must be its last segment")]
    OpenMiddle(String),
}

/// As it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a segment is written as if a part of it were any text.
fn is_mixed(segment: &str) -> bool {
    let is_whole = matches!(segment, "*" | "**")
        || segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .is_some_and(|name| !name.is_empty() && !name.contains(['{', '}', '*']));
    !is_whole && segment.contains(['{', '}', '*', '<', '>'])
}

// === impl Pattern ===

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`], which says what to write instead.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut words = text.split_ascii_whitespace();
        let (Some(methods), Some(path), None) = (words.next(), words.next(), words.next()) else {
            return Err(PatternError::NotTwoWords(text.to_owned()));
        };
        let methods = match methods {
            "*" => Vec::new(),
            names => names.split('|').map(method).collect::<Result<_, _>>()?,
        };
        if path.contains(['?', '#']) {
            return Err(PatternError::Query(path.to_owned()));
        }
        if let Some(found) = path
            .split('/')
            .find(|segment| segment.len() > 1 && segment.starts_with(':'))
        {
            return Err(PatternError::Parameter {
                found: found.to_owned(),
                path: path.to_owned(),
            });
        }
        if let Some(found) = path.split('/').find(|segment| is_mixed(segment)) {
            return Err(PatternError::Mixed {
                found: found.to_owned(),
                path: path.to_owned(),
            });
        }
        let normal = NormalPath::new(path);
        if !normal.is_plain() {
            let normal = normal.as_str().to_owned();
            return Err(PatternError::NotNormal {
                found: path.to_owned(),
                normal,
            });
        }
        let is_open = path.ends_with("/**");
        let closed = path.strip_suffix("/**").unwrap_or(path);
        if closed.split('/').any(|segment| segment == "**") {
            return Err(PatternError::OpenMiddle(path.to_owned()));
        }
        Ok(Self {
            text: format!(
                "{} {path}",
                if methods.is_empty() {
                    "*".to_owned()
                } else {
                    methods.join("|")
                }
            ),
            methods,
            segments: segments(closed),
            is_open,
        })
    }

    /// `true` if a request with this method and this reading of its path is meant, whatever the letter case and with or without
    /// a slash at the end. `None` stands for any method.
    #[must_use]
    pub fn matches(&self, method: Option<&str>, reading: &str) -> bool {
        let path = reading.strip_suffix('/').unwrap_or(reading);
        self.matches_method(method) && self.matches_path(path, is_same)
    }

    /// The same, in the very letters and with the very end of the pattern.
    #[must_use]
    pub fn matches_exactly(&self, method: Option<&str>, reading: &str) -> bool {
        let path = if reading == "/" { "" } else { reading };
        self.matches_method(method) && self.matches_path(path, |name, found| name == found)
    }

    /// `true` if a request with this method is meant, provided its path is.
    pub(crate) fn matches_method(&self, method: Option<&str>) -> bool {
        let Some(method) = method else { return true };
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.is_empty() || self.methods.iter().any(|name| name == method)
    }

    /// An empty segment is no segment's name, and no parameter's value.
    fn matches_path(&self, path: &str, is_same: impl Fn(&str, &str) -> bool) -> bool {
        let mut rest = split(path);
        let all_match = self
            .segments
            .iter()
            .all(|segment| match (segment, rest.next()) {
                (_, None) => false,
                (Segment::Any, Some(found)) => !found.is_empty(),
                (Segment::Name(name), Some(found)) => is_same(name, found),
            });
        all_match && (self.is_open || rest.next().is_none())
    }

    /// Whether every request that `other` means, in whatever way its path is spelled, is meant by this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let covers_methods = self.methods.is_empty()
            || !other.methods.is_empty()
                && other
                    .methods
                    .iter()
                    .all(|method| self.methods.contains(method));
        let mut rest = other.segments.iter();
        let covers_start = self
            .segments
            .iter()
            .all(|segment| match (segment, rest.next()) {
                (Segment::Any, Some(_)) => true,
                (Segment::Name(name), Some(Segment::Name(found))) => is_same(name, found),
                (_, None) | (Segment::Name(_), Some(Segment::Any)) => false,
            });
        let covers_rest = self.is_open || rest.next().is_none() && !other.is_open;
        covers_methods && covers_start && covers_rest
    }

    /// `true` if some request is meant by both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let shares_method = self.methods.is_empty()
            || other.methods.is_empty()
            || self
                .methods
                .iter()
                .any(|method| other.methods.contains(method));
        let (mine, others) = (self.segments.as_slice(), other.segments.as_slice());
        let is_long_enough = (self.is_open || mine.len() >= others.len())
            && (other.is_open || others.len() >= mine.len());
        let shares_start = mine.iter().zip(others).all(|pair| match pair {
            (Segment::Name(one), Segment::Name(two)) => is_same(one, two),
            _ => true,
        });
        shares_method && is_long_enough && shares_start
    }

    /// The patterns of the paths that this one's become when a parameter is divided into several segments, at most so many;
    /// none if it has no parameter or goes on anyway.
    #[must_use]
    pub fn with_longer_parameters(&self, max_segments: usize) -> Vec<Self> {
        let parameters = self.segments.iter().enumerate();
        let parameters =
            parameters.filter(|(_, segment)| !self.is_open && **segment == Segment::Any);
        let longer = parameters.flat_map(|(at, _)| (1..max_segments).map(move |more| (at, more)));
        longer
            .map(|(at, more)| {
                let (before, after) = self.segments.split_at(at);
                let more = vec![Segment::Any; more];
                Self {
                    segments: [before, &more, after].concat(),
                    ..self.clone()
                }
            })
            .collect()
    }

    /// `true` if the pattern leaves the method open.
    #[must_use]
    pub fn has_any_method(&self) -> bool {
        self.methods.is_empty()
    }

    /// Whether every request is meant: `* /**`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.methods.is_empty() && self.segments.is_empty() && self.is_open
    }
}

fn method(name: &str) -> Result<String, PatternError> {
    match name {
        "HEAD" => Err(PatternError::Head),
        _ if !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-') =>
        {
            Ok(name.to_owned())
        }
        _ => Err(PatternError::BadMethod(name.to_owned())),
    }
}

/// `true` if two names differ at most in letter case.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        // What only looks like a letter of ASCII in capitals is no other spelling of it.
        || !one.is_ascii() && !other.is_ascii() && one.to_lowercase() == other.to_lowercase()
}

/// The segments of a path, also those that are empty. The root has none.
fn split(path: &str) -> impl Iterator<Item = &str> {
    let mut segments = path.split('/');
    // What stands before the first slash.
    segments.next();
    segments
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |name: &str| match name {
        "*" => Segment::Any,
        name if name.starts_with('{') && name.ends_with('}') => Segment::Any,
        name => Segment::Name(name.to_owned()),
    };
    let segments = split(path).filter(|segment| !segment.is_empty());
    segments.map(segment).collect()
}

#[cfg(test)]
mod tests;
