//! Which pages' scripts may read what Bouncer answers itself (Fetch, section 3.3). What the origin answers, it allows itself.

use crate::facts::TOO_LONG;
use crate::head::Head;
use crate::names::{ALLOWED_CREDENTIALS, ALLOWED_ORIGIN};

/// Whose pages may read our answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// Where the pages come from.
    pub origins: Origins,
    /// Whether also when the request came with cookies or such.
    pub credentials: bool,
}

/// Where pages come from, as browsers name it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Anywhere.
    Any,
    /// One of these.
    Listed(Vec<String>),
}

// === impl Cors ===

impl Cors {
    /// Whether pages from this origin may read our answers.
    #[must_use]
    pub fn lists(&self, origin: &str) -> bool {
        match &self.origins {
            Origins::Any => !origin.is_empty() && origin != TOO_LONG,
            Origins::Listed(origins) => origins.iter().any(|listed| listed == origin),
        }
    }

    /// The headers that let a page from this origin read the answer.
    #[must_use]
    pub fn readable_by(&self, origin: &str) -> Head {
        let mut head = Head::default();
        match &self.origins {
            Origins::Any => head.set(ALLOWED_ORIGIN, "*"),
            Origins::Listed(_) => {
                head.set("Vary", "Origin");
                if self.lists(origin) {
                    head.set(ALLOWED_ORIGIN, origin);
                    if self.credentials {
                        head.set(ALLOWED_CREDENTIALS, true);
                    }
                }
            }
        }
        head
    }
}
