//! The load: so many requests, so many of them at once, as fast as they are answered.
//!
//! All of it runs on one thread, which leaves the machine to the server and adds only the time it takes to write the
//! requests that are due. Requests are drawn from one pot, so a connection whose answers are quick sends more of them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::client::{Client, Keep, Kept};
use crate::refusal::Refusal;
use crate::request::Template;
use crate::sample::{Outcome, Sample};
use crate::transport::TransportError;

/// What to send, and how much of it.
#[derive(Debug)]
pub struct Load {
    /// The request to send.
    pub request: Template,
    /// How often, in all.
    pub requests: u32,
    /// How many at once.
    pub concurrency: u32,
    /// How long one may take.
    pub timeout: Duration,
    /// Whether to keep the first refusal.
    pub keep: Keep,
}

/// What came of it.
#[derive(Debug)]
pub struct Volley {
    /// One for every request, in no particular order.
    pub samples: Vec<Sample>,
    /// From the first request sent to the last one ended.
    pub wall: Duration,
    /// How many connections were opened, beyond `concurrency` where the server closed some.
    pub connections: u32,
    /// The first refusal to arrive, if it was to be kept.
    pub refusal: Option<Refusal>,
}

/// One connection's share of the load.
struct Lane {
    client: Client,
    /// Set when the connection could not be opened: the sample of the first request, which had nothing to go out on.
    stillborn: Option<Sample>,
}

/// What all lanes share.
struct Pot {
    load: Load,
    left: AtomicU32,
    /// Drawn on stderr, and only on a terminal.
    bar: ProgressBar,
    refusal: OnceLock<Refusal>,
}

/// This machine cannot hold as many connections as were asked for, so what it measured would be itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "only {opened} of {wanted} connections could be opened: lower --concurrency, or raise `ulimit -n`"
)]
pub struct OutOfSockets {
    /// How many connections could be opened.
    pub opened: u32,
    /// How many were needed.
    pub wanted: u32,
}

/// Opens all connections, then sends the load over them.
///
/// # Errors
/// [`OutOfSockets`], before the first request is sent. A server that refuses connections is no error but a result.
pub async fn fire(load: Load, addresses: Arc<[SocketAddr]>) -> Result<Volley, OutOfSockets> {
    let mut opening = JoinSet::new();
    let wanted = load.concurrency.min(load.requests);
    for _ in 0..wanted {
        opening.spawn(Lane::open(Client::new(
            Arc::clone(&addresses),
            load.timeout,
        )));
    }
    let lanes = opening.join_all().await;
    if lanes.iter().any(Lane::lacks_a_socket) {
        let opened = lanes.iter().map(|lane| lane.client.opened()).sum();
        return Err(OutOfSockets { opened, wanted });
    }

    let pot = Arc::new(Pot {
        left: AtomicU32::new(load.requests),
        bar: ProgressBar::new(load.requests.into()),
        refusal: OnceLock::new(),
        load,
    });
    let mut running = JoinSet::new();
    let started = Instant::now();
    for lane in lanes {
        running.spawn(lane.run(Arc::clone(&pot)));
    }
    let ended = running.join_all().await;
    let wall = started.elapsed();
    pot.bar.finish_and_clear();

    Ok(Volley {
        wall,
        connections: ended.iter().map(|(_, opened)| opened).sum(),
        samples: ended.into_iter().flat_map(|(samples, _)| samples).collect(),
        refusal: pot.refusal.get().cloned(),
    })
}

// === impl Lane ===

impl Lane {
    async fn open(mut client: Client) -> Self {
        let stillborn = client.connect().await.err();
        Self { client, stillborn }
    }

    fn lacks_a_socket(&self) -> bool {
        self.stillborn
            .is_some_and(|sample| sample.outcome == Outcome::Broken(TransportError::OutOfSockets))
    }

    /// Sends requests until none is left; gives back their samples and the number of connections it took.
    async fn run(mut self, pot: Arc<Pot>) -> (Vec<Sample>, u32) {
        let mut samples = Vec::new();
        while pot.draw() {
            samples.push(match self.stillborn.take() {
                Some(sample) => sample,
                None => self.send(&pot).await,
            });
            pot.bar.inc(1);
        }
        (samples, self.client.opened())
    }

    async fn send(&mut self, pot: &Pot) -> Sample {
        let keep = match pot.refusal.get() {
            None => pot.load.keep,
            Some(_) => Keep::Nothing,
        };
        let (sample, kept) = self.client.send(&pot.load.request, keep).await;
        if let Some(Kept { head, body }) = kept {
            pot.refusal.get_or_init(|| Refusal::new(&head, &body));
        }
        sample
    }
}

// === impl Pot ===

impl Pot {
    /// Takes one request out of the pot, if one is left.
    fn draw(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}
