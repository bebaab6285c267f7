//! Which pages' scripts may read what Bouncer answers itself (Fetch, section 3.3). What the origin answers, it allows itself.

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
    /// The headers that let a page from this origin read the answer.
    #[must_use]
    pub fn readable_by(&self, origin: &str) -> Head {
        let mut head = Head::default();
        match &self.origins {
            Origins::Any => head.set(ALLOWED_ORIGIN, "*"),
            Origins::Listed(origins) => {
                head.set("Vary", "Origin");
                if origins.iter().any(|listed| listed == origin) {
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
