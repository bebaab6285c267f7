//! One client with one connection: sends a request, reads the whole response, and says how long that took.
//!
//! The clock starts when a request is handed to an open connection and stops at the last byte. Opening a connection is
//! on nobody's clock, but within the time a request may take. Nothing is retried: only a request that never left, because
//! the server had closed an idle connection, moves on to a new one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::request::Template;
use crate::sample::{Outcome, Sample};
use crate::transport::TransportError;

/// A client with at most one connection, kept alive between requests.
#[derive(Debug)]
pub struct Client {
    addresses: Arc<[SocketAddr]>,
    timeout: Duration,
    connection: Option<Connection>,
    opened: u32,
}

/// Which responses are worth keeping, and not only counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None: each is read and dropped.
    Nothing,
    /// Every 429.
    Refusals,
    /// All.
    Everything,
}

/// A response that was kept.
#[derive(Debug)]
pub struct Kept {
    /// Its status and headers.
    pub head: Parts,
    /// Its body.
    pub body: Bytes,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

/// What runs clients: one thread, which leaves the machine to the server.
///
/// # Errors
/// When the system has nothing to run them with.
pub fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

// === impl Client ===

impl Client {
    /// A client without a connection yet; `timeout` is what one request may take.
    #[must_use]
    pub fn new(addresses: Arc<[SocketAddr]>, timeout: Duration) -> Self {
        Self {
            addresses,
            timeout,
            connection: None,
            opened: 0,
        }
    }

    /// How many connections this client has opened.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.opened
    }

    /// Opens the connection ahead of the first request.
    ///
    /// # Errors
    /// The sample of a request that failed because there was no connection to send it on.
    pub async fn connect(&mut self) -> Result<(), Sample> {
        let started = Instant::now();
        match timeout(self.timeout, self.ready()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(sample(started, Outcome::Broken(error))),
            Err(_) => Err(sample(started, Outcome::Broken(TransportError::Timeout))),
        }
    }

    /// Sends one request and reads its response to the end.
    pub async fn send(&mut self, request: &Template, keep: Keep) -> (Sample, Option<Kept>) {
        let mut sent_at = Instant::now();
        let exchange = timeout(
            self.timeout,
            self.exchange(request.clone(), keep, &mut sent_at),
        )
        .await;
        match exchange.unwrap_or(Err(TransportError::Timeout)) {
            Ok((status, kept)) => (sample(sent_at, Outcome::Answered(status)), kept),
            Err(error) => {
                // Its response may still be on its way; the next request must not wait behind it.
                self.connection = None;
                (sample(sent_at, Outcome::Broken(error)), None)
            }
        }
    }

    async fn exchange(
        &mut self,
        request: Template,
        keep: Keep,
        sent_at: &mut Instant,
    ) -> Result<(StatusCode, Option<Kept>), TransportError> {
        let (head, mut body) = self.response(request, sent_at).await?.into_parts();
        let is_kept = match keep {
            Keep::Nothing => false,
            Keep::Refusals => head.status == StatusCode::TOO_MANY_REQUESTS,
            Keep::Everything => true,
        };
        if is_kept {
            let body = body.collect().await?.to_bytes();
            return Ok((head.status, Some(Kept { head, body })));
        }
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok((head.status, None))
    }

    async fn response(
        &mut self,
        mut request: Template,
        sent_at: &mut Instant,
    ) -> Result<Response<Incoming>, TransportError> {
        loop {
            let reused = self.connection.is_some();
            let sender = self.ready().await?;
            *sent_at = Instant::now();
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => request = unsent,
                    _ => return Err(error.into_error().into()),
                },
            }
            self.connection = None;
        }
    }

    async fn ready(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, TransportError> {
        if let Some(connection) = &mut self.connection
            && connection.sender.ready().await.is_err()
        {
            self.connection = None;
        }
        let connection = if let Some(open) = self.connection.take() {
            open
        } else {
            let open = Connection::open(&self.addresses).await?;
            self.opened = self.opened.saturating_add(1);
            open
        };
        Ok(&mut self.connection.insert(connection).sender)
    }
}

/// What ends now, having begun at `sent_at`.
fn sample(sent_at: Instant, outcome: Outcome) -> Sample {
    let latency_us = u32::try_from(sent_at.elapsed().as_micros()).unwrap_or(u32::MAX);
    Sample {
        outcome,
        latency_us,
    }
}

// === impl Connection ===

impl Connection {
    async fn open(addresses: &[SocketAddr]) -> Result<Self, TransportError> {
        let stream = TcpStream::connect(addresses)
            .await
            .map_err(|error| TransportError::from(&error))?;
        // Without this a small request may wait for the acknowledgement of the one before.
        stream
            .set_nodelay(true)
            .map_err(|error| TransportError::from(&error))?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(driver).abort_handle();
        Ok(Self { sender, driver })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests;
