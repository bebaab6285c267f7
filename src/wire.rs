//! What the policy says of headers, put together: the stamp, and what browsers need to read it.

use crate::cors::Cors;
use crate::facts::Facts;
use crate::head::{Head, value};
use crate::names::{EXPOSED, RETRY_AFTER};
use crate::refusal::{Form, Refusal};
use crate::stamp::{Families, settled};

/// The request headers that are read: the form of a refusal, and whose page is asking.
const ACCEPT: &str = "accept";
const ORIGIN: &str = "origin";
const REQUESTED_METHOD: &str = "access-control-request-method";

/// Which headers are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wire {
    /// What a stamp is made of.
    pub families: Families,
    /// The pages that may read what we answer, if any may.
    pub cors: Option<Cors>,
}

// === impl Wire ===

impl Wire {
    /// The request headers that are read, in lower case.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        let of_browsers = [ORIGIN, REQUESTED_METHOD].into_iter();
        let has_cors = self.cors.is_some();
        [ACCEPT]
            .into_iter()
            .chain(of_browsers.filter(move |_| has_cors))
    }

    /// The response headers that an origin may have set too, joined by commas.
    #[must_use]
    pub fn contested(&self) -> String {
        let exposed = self.cors.iter().map(|_| EXPOSED);
        let names: Vec<_> = self.families.names().chain(exposed).collect();
        names.join(",")
    }

    /// Whether a browser asks with this request what it may send: that is no use of the API, and it cannot wait.
    #[must_use]
    pub fn is_preflight(&self, facts: &Facts<'_>) -> bool {
        let has = |name| value(facts.credentials.headers, name).is_some();
        self.cors.is_some() && facts.method == "OPTIONS" && has(ORIGIN) && has(REQUESTED_METHOD)
    }

    /// What is set on an origin's response. `theirs` are the lines of what it has itself of [`contested`](Self::contested).
    #[must_use]
    pub fn on_response(&self, stamp: &Head, theirs: &str, facts: &Facts<'_>) -> Head {
        let head = settled(stamp, theirs, facts.now_ms / 1_000);
        if self.cors.is_none() || self.is_preflight(facts) {
            return head;
        }
        head.and(&self.exposed(value(theirs, EXPOSED)))
    }

    /// The head and the body of an answer of our own.
    #[must_use]
    pub fn answer(&self, refusal: &Refusal, stamp: &Head, facts: &Facts<'_>) -> (Head, String) {
        let of_request = |name| value(facts.credentials.headers, name).unwrap_or_default();
        let form = Form::preferred(of_request(ACCEPT));
        let mut head = refusal.head(form).and(stamp);
        if let Some(cors) = &self.cors {
            let readable = cors.readable_by(of_request(ORIGIN));
            head = head.and(&readable).and(&self.exposed(None));
        }
        (head, refusal.body(form))
    }

    /// What a page's script may read: our headers, and those that the origin names.
    fn exposed(&self, theirs: Option<&str>) -> Head {
        let theirs: Vec<_> = theirs
            .iter()
            .flat_map(|names| names.split(',').map(str::trim))
            .filter(|name| !name.is_empty())
            .collect();
        let is_new = |name: &&str| !theirs.iter().any(|their| their.eq_ignore_ascii_case(name));
        let ours = self.families.names().chain([RETRY_AFTER]).filter(is_new);
        let names: Vec<_> = theirs.iter().copied().chain(ours).collect();
        let mut head = Head::default();
        head.set(EXPOSED, names.join(", "));
        head
    }
}

#[cfg(test)]
mod tests;
