//! Why a run has nothing to show. A failed *request* is never one of these: it is data, see [`crate::sample`].

use std::io;
use std::path::PathBuf;

use crate::check::evidence::Unreadable;
use crate::request::InputError;
use crate::transport::TransportError;
use crate::volley::OutOfSockets;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The results have nowhere to go; found out before the first request is sent.
    #[error("cannot write {argument} {}: {source}; name a file in a folder that exists and that you may write to", path.display())]
    File {
        /// The argument that names it.
        argument: &'static str,
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The host has no address.
    #[error("no address found for host '{host}': {source}; check the host name in the URL")]
    UnknownHost {
        /// The host as written in the URL.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// A URL that leads to no valid request.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Somebody of a scenario has no account.
    #[error(
        "{username} cannot log in (401): the scenario needs the accounts {first} to {last} with one password (--password); \
         make them with `origin-api seed --users {accounts}`, or ask for fewer with --users and --attackers"
    )]
    NoAccount {
        /// Who.
        username: String,
        /// The first account that is needed.
        first: String,
        /// The last.
        last: String,
        /// How many.
        accounts: u32,
    },
    /// A server that is busy before the load begins, so that something else would be measured.
    #[error(
        "{url} does not come to rest: see that nothing else uses it, and that GET /health answers there"
    )]
    Restless {
        /// The server's URL.
        url: String,
    },
    /// More concurrency than this machine can carry.
    #[error(transparent)]
    OutOfSockets(#[from] OutOfSockets),
    /// Every single request ended in a transport error.
    #[error(
        "no request got an HTTP answer ({most_common}): check the URL, and that an HTTP server listens on {host} port {port}"
    )]
    NoAnswer {
        /// The transport error that most requests ended with.
        most_common: TransportError,
        /// The host as written in the URL.
        host: String,
        /// The port the requests went to.
        port: u16,
    },
    /// A file that was to be checked cannot be.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A run is not good enough.
    #[error("{missed} of {of} thresholds missed; each is a line above that begins with FAIL")]
    Missed {
        /// How many.
        missed: usize,
        /// How many there were.
        of: usize,
    },
    /// The results could not be serialised.
    #[error("cannot turn the results into JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The results could not be written in Locust's format.
    #[error("cannot write the results as CSV: {0}")]
    Csv(#[from] csv::Error),
    /// The latency histogram could not be made.
    #[error("cannot keep latencies: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The runtime could not start, or the results could not be printed.
    #[error("input/output failed: {0}")]
    Io(#[from] io::Error),
}

// === impl Error ===

impl Error {
    /// The exit code that tells a script what to do: 2, change an argument; 1, look at the error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::OutOfSockets(_) | Self::Input(_) | Self::Unreadable(_) => 2,
            Self::UnknownHost { .. }
            | Self::NoAccount { .. }
            | Self::Restless { .. }
            | Self::NoAnswer { .. }
            | Self::Missed { .. }
            | Self::Json(_)
            | Self::Csv(_)
            | Self::Histogram(_)
            | Self::Io(_) => 1,
        }
    }
}
