//! Where allowed requests go, and how long an answer may take.

use std::fmt::{self, Display};

use serde::Deserialize;

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

/// The `Host` that the origin gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Host {
    /// That of its own address.
    #[default]
    Origin,
    /// The one that the client asked, while the request still goes to the origin's address.
    Client,
}

/// How the origin is told that a PUT, a DELETE or an OPTIONS has no body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// By a `Content-Length` of 0.
    #[default]
    Length,
    /// By a last chunk alone, which keeps the runtime from sending the request again.
    Chunked,
}

/// What the proxy does beside forwarding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forwarding {
    /// Milliseconds the origin has to take each part of the request, then to begin its response.
    pub origin_timeout_ms: u32,
    /// Milliseconds for which a client can send nothing of a body.
    pub upload_timeout_ms: u32,
    /// The `Host` that the origin gets.
    pub host: Host,
    /// `true` if the origin's own address in a response becomes the client's.
    pub rewrites_locations: bool,
    /// `true` if the zone's cache can answer requests without credentials.
    pub zone_cache: bool,
    /// The framing of bodies that are empty.
    pub empty_bodies: Framing,
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

/// Whether there is a choice: a bound Worker gets the client's own URL.
pub(super) fn host(host: Option<Host>, origin: &Origin) -> Result<Host> {
    match (host, origin) {
        (Some(_), Origin::Binding) => {
            let problem = "the Worker bound as ORIGIN gets the client's own URL and Host; remove this field, or write an origin";
            Err(PolicyError::new("origin_host", problem))
        }
        (host, _) => Ok(host.unwrap_or_default()),
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
