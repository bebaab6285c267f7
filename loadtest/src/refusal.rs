//! A 429 kept whole, so that a person can see what a refused client is told.

use std::fmt;

use hyper::ext::ReasonPhrase;
use hyper::http::response::Parts;
use serde::Serialize;

/// A refusal as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// For example `HTTP/1.1 429 Too Many Requests`.
    pub status_line: String,
    /// Name (in lower case) and value of each header, in the order received; a repeated header follows its first.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 is replaced by U+FFFD.
    pub body: String,
}

// === impl Refusal ===

impl Refusal {
    /// Keeps a response for showing.
    #[must_use]
    pub fn new(head: &Parts, body: &[u8]) -> Self {
        let reason = match head.extensions.get::<ReasonPhrase>() {
            Some(unusual) => String::from_utf8_lossy(unusual.as_bytes()),
            None => head.status.canonical_reason().unwrap_or_default().into(),
        };
        Self {
            status_line: format!("{:?} {} {reason}", head.version, head.status.as_u16())
                .trim_end()
                .to_owned(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status_line)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f, "\n{}", self.body.trim_end_matches('\n'))
    }
}
