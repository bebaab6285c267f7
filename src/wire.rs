//! What the policy says of headers, put together: the stamp, and what browsers need to read it.

use crate::cors::Cors;
use crate::facts::Facts;
use crate::head::{Head, list, value};
use crate::names::{EXPOSED, RETRY_AFTER, SERVER_TIMING};
use crate::refusal::{Form, Refusal};
use crate::stamp::{Families, settled};
use crate::timing::Timing;

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
    /// Whether responses say how long they took.
    pub server_timing: bool,
}

// === impl Wire ===

impl Wire {
    /// The request headers that are read, in lower case.
    #[must_use]
    pub const fn reads(&self) -> &'static [&'static str] {
        match self.cors {
            None => &[ACCEPT],
            Some(_) => &[ACCEPT, ORIGIN, REQUESTED_METHOD],
        }
    }

    /// The response headers that an origin may have set too, joined by commas.
    #[must_use]
    pub fn contested(&self) -> String {
        let mut names = self.families.names().to_vec();
        if self.cors.is_some() {
            names.push(EXPOSED);
        }
        if self.server_timing {
            names.push(SERVER_TIMING);
        }
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
    pub fn on_response(
        &self,
        stamp: &Head,
        theirs: &str,
        timing: Timing,
        facts: &Facts<'_>,
    ) -> Head {
        let of_theirs = |name| value(theirs, name).unwrap_or_default();
        let head = settled(stamp, theirs, facts.now_ms / 1_000);
        let head = head.and(&self.timed(of_theirs(SERVER_TIMING), timing));
        if self.cors.is_none() || self.is_preflight(facts) {
            return head;
        }
        head.and(&self.exposed(of_theirs(EXPOSED)))
    }

    /// The head and the body of an answer of our own.
    #[must_use]
    pub fn answer(
        &self,
        refusal: &Refusal,
        stamp: &Head,
        timing: Timing,
        facts: &Facts<'_>,
    ) -> (Head, String) {
        let of_request = |name| value(facts.credentials.headers, name).unwrap_or_default();
        let form = Form::preferred(of_request(ACCEPT));
        let timed = self.timed("", timing);
        let mut head = refusal.head(form).and(stamp).and(&timed);
        if let Some(cors) = &self.cors {
            head = head.and(&cors.readable_by(of_request(ORIGIN)));
            if !self.is_preflight(facts) {
                head = head.and(&self.exposed(""));
            }
        }
        (head, refusal.body(form))
    }

    /// What the origin says of the time it took, and then what we do.
    fn timed(&self, theirs: &str, timing: Timing) -> Head {
        let mut head = Head::default();
        if self.server_timing {
            head.set(SERVER_TIMING, list(&[theirs, &timing.to_string()]));
        }
        head
    }

    /// What a page's script may read: what the origin names, and our headers.
    fn exposed(&self, theirs: &str) -> Head {
        let is_named = |name: &str| {
            let mut theirs = theirs.split(',');
            theirs.any(|their| their.trim().eq_ignore_ascii_case(name))
        };
        let ours = self.families.names().iter().chain(&[RETRY_AFTER]);
        let mut names = vec![theirs];
        names.extend(ours.filter(|name| !is_named(name)));
        let mut head = Head::default();
        head.set(EXPOSED, list(&names));
        head
    }
}

#[cfg(test)]
mod tests;
