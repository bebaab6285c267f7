//! What to send, from the words of the command line: the URL, headers, and the request that is sent again and again.
//!
//! Everything is validated here, before the first connection is opened, and every error says what to change.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri};
use tokio::net::lookup_host;

use crate::error::Error;

/// A request that can be sent any number of times.
pub type Template = Request<Full<Bytes>>;

/// Where requests go.
#[derive(Debug, Clone)]
pub struct Target {
    /// The URL as it was written.
    pub url: String,
    /// The host name or address, without the brackets of an IPv6 address.
    pub host: String,
    /// The port, 80 when the URL names none.
    pub port: u16,
    authority: HeaderValue,
    path: PathAndQuery,
}

/// A header as written on the command line, `Name: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLine {
    name: HeaderName,
    value: HeaderValue,
}

/// What is wrong with an argument, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No scheme, or one that is not HTTP.
    #[error("a URL must begin with http://, for example http://127.0.0.1:8787/")]
    NotHttp,
    /// TLS would be measured along with the API.
    #[error("https:// is not supported: name the plain http:// port of the server, without TLS")]
    Https,
    /// A URL that cannot be parsed.
    #[error("this is not a valid URL ({0}): percent-encode spaces and special characters")]
    BadUrl(String),
    /// User and password in the URL would go nowhere.
    #[error("a user name in the URL is not sent: use --header 'Authorization: ...'")]
    UserInfo,
    /// No colon in a header.
    #[error("a header must be written 'Name: value', with a colon after the name")]
    NoColon,
    /// A header name that HTTP does not allow.
    #[error("'{0}' is not a valid header name: use letters, digits and dashes")]
    HeaderName(String),
    /// A header value that HTTP does not allow.
    #[error(
        "the value of header '{0}' has characters that HTTP does not allow: remove line breaks and control characters"
    )]
    HeaderValue(String),
}

/// The request that `method`, `headers` and `body` describe, in the form a server expects it (path, then `Host`).
///
/// `Host` and `User-Agent` are filled in unless `headers` name them.
#[must_use]
pub fn template(target: &Target, method: &Method, headers: &[HeaderLine], body: &str) -> Template {
    let mut request = Request::new(Full::from(body.to_owned()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = Uri::from(target.path.clone());
    for header in headers {
        request
            .headers_mut()
            .append(header.name.clone(), header.value.clone());
    }
    let filled_in = [
        (HOST, target.authority.clone()),
        (
            USER_AGENT,
            HeaderValue::from_static(concat!("loadtest/", env!("CARGO_PKG_VERSION"))),
        ),
    ];
    for (name, value) in filled_in {
        request.headers_mut().entry(name).or_insert(value);
    }
    request
}

// === impl Target ===

impl Target {
    /// The addresses of the server.
    ///
    /// # Errors
    /// [`Error::UnknownHost`] when there are none.
    pub async fn addresses(&self) -> Result<Arc<[SocketAddr]>, Error> {
        match lookup_host((self.host.as_str(), self.port)).await {
            Ok(addresses) => Ok(addresses.collect()),
            Err(source) => Err(Error::UnknownHost {
                host: self.host.clone(),
                source,
            }),
        }
    }

    /// A path of the same server, behind the path of this URL.
    ///
    /// # Errors
    /// [`InputError::BadUrl`] when it is none.
    pub fn join(&self, path: &str) -> Result<Self, InputError> {
        let base = self.path.path().trim_end_matches('/');
        let path = format!("{base}{path}");
        Ok(Self {
            url: format!(
                "http://{}{path}",
                self.authority.to_str().unwrap_or_default()
            ),
            path: path.parse().map_err(bad_url)?,
            ..self.clone()
        })
    }
}

impl FromStr for Target {
    type Err = InputError;

    fn from_str(url: &str) -> Result<Self, InputError> {
        match url
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase())
            .as_deref()
        {
            Some("http") => {}
            Some("https") => return Err(InputError::Https),
            _ => return Err(InputError::NotHttp),
        }
        let uri: Uri = url.parse().map_err(bad_url)?;
        let parts = uri.into_parts();
        let authority = parts.authority.ok_or(InputError::NotHttp)?;
        if authority.as_str().contains('@') {
            return Err(InputError::UserInfo);
        }
        Ok(Self {
            url: url.to_owned(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: HeaderValue::from_str(authority.as_str()).map_err(bad_url)?,
            path: parts
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }
}

fn bad_url(error: impl std::error::Error) -> InputError {
    InputError::BadUrl(error.to_string())
}

// === impl HeaderLine ===

impl FromStr for HeaderLine {
    type Err = InputError;

    fn from_str(line: &str) -> Result<Self, InputError> {
        let (name, value) = line.split_once(':').ok_or(InputError::NoColon)?;
        Ok(Self {
            name: name
                .parse()
                .map_err(|_| InputError::HeaderName(name.to_owned()))?,
            value: value
                .trim()
                .parse()
                .map_err(|_| InputError::HeaderValue(name.to_owned()))?,
        })
    }
}

#[cfg(test)]
mod tests;
