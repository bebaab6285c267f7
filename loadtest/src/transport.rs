//! How a request can end without an HTTP answer, as one small set of kinds that can be counted.

use std::error::Error as _;
use std::io;

use serde::{Deserialize, Serialize};

/// Why a request got no complete HTTP answer.
///
/// Its `Display` is for people; its serialised form (`connection_refused`) is a stable key of the JSON output.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum TransportError {
    /// The response was not complete within the time a request may take.
    #[error("timeout")]
    Timeout,
    /// Nothing listens on the port.
    #[error("connection refused")]
    ConnectionRefused,
    /// The other side, or something in between, broke the connection off.
    #[error("connection reset")]
    ConnectionReset,
    /// The connection was closed before the response was complete.
    #[error("closed early")]
    ClosedEarly,
    /// What came back is not HTTP/1.
    #[error("not HTTP")]
    NotHttp,
    /// This machine has no more sockets or ports to give: ask for less concurrency or raise `ulimit -n`.
    #[error("out of sockets")]
    OutOfSockets,
    /// Anything else, such as no route to the host.
    #[error("other")]
    Other,
}

/// The system's error numbers for too many open files, in this process and in the whole system: the standard library
/// has no stable error kind for them.
const OPEN_FILE_LIMITS: [i32; 2] = [24, 23];

// === impl TransportError ===

impl From<&io::Error> for TransportError {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::ConnectionReset,
            io::ErrorKind::UnexpectedEof => Self::ClosedEarly,
            io::ErrorKind::AddrNotAvailable => Self::OutOfSockets,
            _ if error
                .raw_os_error()
                .is_some_and(|number| OPEN_FILE_LIMITS.contains(&number)) =>
            {
                Self::OutOfSockets
            }
            _ => Self::Other,
        }
    }
}

impl From<hyper::Error> for TransportError {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse() {
            return Self::NotHttp;
        }
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            return Self::ClosedEarly;
        }
        error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>())
            .map_or(Self::Other, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_sockets_is_told_apart_from_a_broken_server() {
        for number in OPEN_FILE_LIMITS {
            assert_eq!(
                TransportError::from(&io::Error::from_raw_os_error(number)),
                TransportError::OutOfSockets
            );
        }
        assert_eq!(
            TransportError::from(&io::Error::other("?")),
            TransportError::Other
        );
    }
}
