//! Where allowed requests go, and how long an answer may take.

use std::fmt::{self, Display};

use super::{PolicyError, Result};

/// The name of the service binding that is the origin of a policy that gives no address.
const BINDING: &str = "ORIGIN";

/// Where allowed requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// To this address: scheme, authority and base path, without a slash at the end.
    Url(String),
    /// To the Worker that is bound as `ORIGIN`, under the client's own URL.
    Binding,
}

// === impl Origin ===

impl Origin {
    /// Whether it is there, given what is bound.
    ///
    /// # Errors
    /// [`PolicyError`], when it is the binding and that is missing.
    pub fn check(&self, is_bound: impl Fn(&str) -> bool) -> Result<()> {
        if *self != Self::Binding || is_bound(BINDING) {
            return Ok(());
        }
        let problem = "missing, and no service is bound as ORIGIN; write the address of your API, as in origin = \
                       \"https://api.example.com\", or bind the Worker that is your API: [[services]] with binding = \
                       \"ORIGIN\" and service = its name";
        Err(PolicyError::new("origin", problem))
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Binding => write!(f, "is the service bound as {BINDING}"),
        }
    }
}

pub(super) fn origin(text: Option<&str>) -> Result<Origin> {
    let Some(text) = text else {
        return Ok(Origin::Binding);
    };
    let authority_and_path = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_origin = authority_and_path.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#@\\".contains(&byte))
            && has_good_port(rest)
    });
    if is_origin {
        Ok(Origin::Url(text.trim_end_matches('/').to_owned()))
    } else {
        let problem = format!(
            "found {text:?}; write the address of your API, as in \"https://api.example.com\" or \
             \"http://127.0.0.1:8000\", with a base path if it has one"
        );
        Err(PolicyError::new("origin", problem))
    }
}

fn has_good_port(authority_and_path: &str) -> bool {
    let authority = authority_and_path.split('/').next().unwrap_or_default();
    // The colons of an IPv6 address are in brackets.
    match authority
        .rsplit(']')
        .next()
        .and_then(|rest| rest.split_once(':'))
    {
        Some((_, port)) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => true,
    }
}
