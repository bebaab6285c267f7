//! The back door, closed: an API that must only be reached through the edge asks for a secret that the edge adds.
//!
//! Contract: with a secret set, every request without exactly it is a `403`, except for the two that orchestrators ask
//! without the edge in between. How long the comparison takes does not depend on what was sent, its length excepted.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::error::ApiError;

/// The header in which the edge sends the secret.
pub const HEADER: &str = "x-bouncer-secret";

/// Paths that are open to all.
const OPEN: [&str; 2] = ["/health", "/ready"];

/// The secret shared with the edge. Without `Debug`, so that it ends in no log.
#[derive(Clone)]
pub struct EdgeSecret(std::sync::Arc<[u8]>);

/// A secret without a byte would be everybody's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret shared with the edge needs at least one byte")]
pub struct EmptySecret;

impl EdgeSecret {
    /// A secret from its bytes.
    ///
    /// # Errors
    /// [`EmptySecret`]
    pub fn new(secret: &[u8]) -> Result<Self, EmptySecret> {
        if secret.is_empty() {
            return Err(EmptySecret);
        }
        Ok(Self(secret.into()))
    }
}

/// Lets a request pass if it knows the secret.
pub(crate) async fn check(
    State(EdgeSecret(secret)): State<EdgeSecret>,
    request: Request,
    next: Next,
) -> Response {
    let sent = request.headers().get(HEADER);
    let knows = sent.is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(&secret)));
    if knows || OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    ApiError::NotThroughBouncer.into_response()
}
