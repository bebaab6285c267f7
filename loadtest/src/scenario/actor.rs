//! One client at work: sends what is due when it is due, whatever became of what it sent before.
//!
//! A latency is counted from when a request was due and not from when it was sent, so a server that stands still cannot
//! hide it: what would have been sent meanwhile is late too. Nobody clicks before he is logged in, so a late login makes
//! all that follows it due later; and for a polite client nothing is due while it has been told to wait.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::client::{Client, Keep, Kept};
use crate::error::Error;
use crate::request::{HeaderLine, InputError, Target};
use crate::sample::{Class, Outcome, Sample};
use crate::scenario::action::{Action, Known};
use crate::scenario::plan::{Actor, Manner, Step, account};
use crate::scenario::progress::Progress;
use crate::scenario::report::Record;
use crate::transport::TransportError;

/// What all clients share.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub target: Target,
    /// Its addresses.
    pub addresses: Arc<[SocketAddr]>,
    /// The password of every account.
    pub password: String,
    /// How many accounts there must be.
    pub accounts: u32,
    /// How long a request may take from when it is due.
    pub timeout: Duration,
    /// When the load began.
    pub begun: Instant,
    /// How long it lasts.
    pub duration: Duration,
    /// Who is told of each request that has ended.
    pub progress: Progress,
}

/// How long somebody whose login failed waits before the next one, where nothing says how long.
const LOG_IN_AGAIN: Duration = Duration::from_secs(1);

/// A client and what it has learned.
struct Session {
    stage: Arc<Stage>,
    manner: Manner,
    username: String,
    lanes: Semaphore,
    idle: Mutex<Vec<Client>>,
    learned: Mutex<Learned>,
}

struct Learned {
    headers: Vec<HeaderLine>,
    ids: Vec<i64>,
    /// Until when it has been told to wait.
    held_until: Instant,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
}

#[derive(Deserialize)]
struct Listed {
    id: i64,
}

/// Does all that a client has planned. The last request ends when it is answered, or too late.
///
/// # Errors
/// [`Error::Input`] when the server's URL leads to no valid path, or its token is no header; [`Error::NoAccount`] when it cannot
/// log in.
pub async fn act(actor: Actor, stage: Arc<Stage>) -> Result<Vec<Record>, Error> {
    let arrives = stage.begun + Duration::from_micros(actor.arrives_us);
    let ends = stage.begun + stage.duration;
    let logs_in = actor.logs_in();
    let mut steps = VecDeque::from(actor.steps);
    let session = Arc::new(Session {
        lanes: Semaphore::new(actor.manner.connections()),
        manner: actor.manner,
        username: actor.username,
        idle: Mutex::default(),
        learned: Mutex::new(Learned {
            headers: vec![format!("CF-Connecting-IP: {}", actor.address).parse()?],
            ids: Vec::new(),
            held_until: stage.begun,
        }),
        stage,
    });

    let mut records = Vec::new();
    let mut late = Duration::ZERO;
    if logs_in {
        let mut due = arrives;
        loop {
            sleep_until(due).await;
            let record = session.ask(Action::LogIn, due).await?;
            records.push(record);
            match record.sample.outcome {
                Outcome::Answered(StatusCode::UNAUTHORIZED) => {
                    return Err(session.stage.no_account(&session.username));
                }
                outcome if outcome.class() == Class::Served => break,
                _ => {}
            }
            due = session.held_until().max(Instant::now() + LOG_IN_AGAIN);
            if due >= ends {
                return Ok(records);
            }
        }
        late = arrives.elapsed();
    }
    let mut under_way = JoinSet::new();
    while let Some(Step { due_us, action }) = steps.pop_front() {
        let mut due = session.stage.begun + Duration::from_micros(due_us) + late;
        sleep_until(due).await;
        if session.manner == Manner::Polite {
            while due < session.held_until() {
                let until = session.held_until();
                late += until - due;
                due = until;
                // Told to wait for longer than it lasts, it does not wait to find that out.
                if due >= ends {
                    break;
                }
                sleep_until(due).await;
            }
        }
        if due >= ends {
            break;
        }
        let session = Arc::clone(&session);
        under_way.spawn(async move { session.ask(action, due).await });
    }
    for record in under_way.join_all().await {
        records.push(record?);
    }
    Ok(records)
}

// === impl Session ===

impl Session {
    /// Asks, and learns from the answer.
    async fn ask(&self, action: Action, due: Instant) -> Result<Record, InputError> {
        let (action, request) = {
            let learned = held(&self.learned);
            let action = action.with(&learned.ids);
            let request = action.request(Known {
                target: &self.stage.target,
                headers: &learned.headers,
                username: &self.username,
                password: &self.stage.password,
                ids: &learned.ids,
            });
            (action, request?)
        };
        let keep = match action {
            Action::LogIn | Action::List => Keep::Everything,
            _ => Keep::Refusals,
        };
        let exchange = async {
            // The semaphore is never closed.
            let _lane = self.lanes.acquire().await;
            let mut client = self.idle_client();
            let (sample, kept) = client.send(&request, keep).await;
            held(&self.idle).push(client);
            (sample.outcome, kept)
        };
        let (outcome, kept) = timeout_at(due + self.stage.timeout, exchange)
            .await
            .unwrap_or((Outcome::Broken(TransportError::Timeout), None));
        let outcome = match outcome {
            Outcome::Answered(status) if action.expects(status) => Outcome::Expected(status),
            outcome => outcome,
        };
        if let Some(kept) = kept {
            self.learn(action, &kept)?;
        }
        self.stage
            .progress
            .ended(self.manner.side(), outcome.class());
        Ok(Record {
            side: self.manner.side(),
            route: action.route(),
            due_us: micros(due - self.stage.begun),
            sample: Sample {
                outcome,
                latency_us: u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX),
            },
        })
    }

    fn idle_client(&self) -> Client {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.unwrap_or_else(|| Client::new(Arc::clone(&self.stage.addresses), self.stage.timeout))
    }

    fn learn(&self, action: Action, kept: &Kept) -> Result<(), InputError> {
        let mut learned = held(&self.learned);
        if kept.head.status == StatusCode::TOO_MANY_REQUESTS {
            let wait_s = kept
                .head
                .headers
                .get(RETRY_AFTER)
                .and_then(|wait| wait.to_str().ok()?.parse().ok());
            let until = Instant::now() + Duration::from_secs(wait_s.unwrap_or(1));
            learned.held_until = learned.held_until.max(until);
        }
        match action {
            Action::LogIn => {
                if let Ok(Grant { access_token }) = serde_json::from_slice(&kept.body) {
                    learned
                        .headers
                        .push(format!("Authorization: Bearer {access_token}").parse()?);
                }
            }
            Action::List => {
                if let Ok(listed) = serde_json::from_slice::<Vec<Listed>>(&kept.body) {
                    learned.ids = listed.into_iter().map(|task| task.id).collect();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn held_until(&self) -> Instant {
        held(&self.learned).held_until
    }
}

// === impl Stage ===

impl Stage {
    fn no_account(&self, username: &str) -> Error {
        let last = self.accounts.saturating_sub(1);
        Error::NoAccount {
            username: username.to_owned(),
            first: account(0),
            last: account(last),
            accounts: self.accounts,
        }
    }
}

/// What is behind a lock, which nobody holds while he waits for anything.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
