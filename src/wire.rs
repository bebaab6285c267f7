//! What the policy says of headers, put together: the stamp, and what browsers need to read it.

use crate::cors::Cors;
use crate::facts::{Facts, TOO_LONG};
use crate::head::{Head, list, value};
use crate::names::{EXPOSED, RETRY_AFTER, SERVER_TIMING};
use crate::refusal::{Form, Refusal};
use crate::route::Claims;
use crate::stamp::{Families, contested, settled};
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

    /// The response headers of an origin with which ours are settled.
    #[must_use]
    pub fn contested(&self) -> Vec<&'static str> {
        let mut names = contested(self.families);
        if self.cors.is_some() {
            names.push(EXPOSED);
        }
        if self.server_timing {
            names.push(SERVER_TIMING);
        }
        names
    }

    /// Whether a browser asks with this request, for a page that is allowed, what it may send: that is no use of the API, and
    /// it cannot wait. Anybody can send as much, so nothing that a browser would not send passes for it.
    #[must_use]
    pub fn is_preflight(&self, facts: &Facts<'_>) -> bool {
        let Some(cors) = self.cors.as_ref().filter(|_| facts.method == "OPTIONS") else {
            return false;
        };
        let of_request = |name| value(facts.credentials.headers, name).unwrap_or_default();
        let claims_another = facts.line().other_methods() != Claims::NONE
            || facts.line().other_paths() != Claims::NONE;
        !facts.has_body
            && !claims_another
            && cors.lists(of_request(ORIGIN))
            && is_token(of_request(REQUESTED_METHOD))
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
            let ours = timing.to_string();
            match theirs {
                TOO_LONG => head.append(SERVER_TIMING, ours),
                _ => head.set(SERVER_TIMING, list(&[theirs, &ours])),
            }
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
        let mut head = Head::default();
        if theirs == TOO_LONG {
            let ours: Vec<_> = ours.copied().collect();
            head.append(EXPOSED, list(&ours));
        } else {
            let mut names = vec![theirs];
            names.extend(ours.filter(|name| !is_named(name)));
            head.set(EXPOSED, list(&names));
        }
        head
    }
}

/// Whether this can be a method (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

#[cfg(test)]
mod tests;
