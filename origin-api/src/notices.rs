//! Who listens for changes of a user's tasks, and how they are told.
//!
//! Contract: each user has a channel of its own, which exists while somebody listens, and holds at most [`BACKLOG`]
//! notices for the slowest listener; who falls further behind loses the channel and not the memory of everybody. Telling
//! never waits. The map is behind a lock that is held for a lookup and never across an await: a channel is removed in the
//! same breath in which it is seen to have no listener left, so nobody can begin to listen to one on its way out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;

use crate::tasks::store::Task;

/// Notices that wait for the slowest listener of a user.
pub(crate) const BACKLOG: usize = 64;

/// A change of a task.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notice<'a> {
    event: Event,
    /// Id of the task
    id: i64,
    /// The task as it is now; not there once it is deleted
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Task>)]
    task: Option<&'a Task>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Event {
    Created,
    Updated,
    Deleted,
}

/// All channels. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Notices(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// By user id; none once the server is stopping.
    channels: Mutex<Option<HashMap<String, broadcast::Sender<Utf8Bytes>>>>,
    listeners: watch::Sender<usize>,
}

/// Somebody who listens, until dropped.
pub(crate) struct Listener {
    notices: Notices,
    user_id: String,
    receiver: broadcast::Receiver<Utf8Bytes>,
}

// === impl Notice ===

impl<'a> Notice<'a> {
    pub(crate) fn created(task: &'a Task) -> Self {
        Self::of(Event::Created, task)
    }

    pub(crate) fn updated(task: &'a Task) -> Self {
        Self::of(Event::Updated, task)
    }

    pub(crate) fn deleted(id: i64) -> Self {
        Self {
            event: Event::Deleted,
            id,
            task: None,
        }
    }

    fn of(event: Event, task: &'a Task) -> Self {
        Self {
            event,
            id: task.id,
            task: Some(task),
        }
    }
}

// === impl Notices ===

impl Notices {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            channels: Mutex::new(Some(HashMap::new())),
            listeners: watch::Sender::new(0),
        }))
    }

    /// Tells whoever listens for this user, if anybody does.
    pub(crate) fn tell(&self, user_id: &str, notice: &Notice<'_>) {
        let channel = match &*self.channels() {
            Some(channels) => channels.get(user_id).cloned(),
            None => None,
        };
        let Some(channel) = channel else { return };
        match serde_json::to_string(notice) {
            // An error says that the last listener has just left.
            Ok(text) => drop(channel.send(text.into())),
            Err(error) => tracing::error!(%error, "cannot write a notice"),
        }
    }

    /// Begins to listen; nothing if the server is stopping.
    pub(crate) fn listen(&self, user_id: &str) -> Option<Listener> {
        let receiver = self
            .channels()
            .as_mut()?
            .entry(user_id.to_owned())
            .or_insert_with(|| broadcast::Sender::new(BACKLOG))
            .subscribe();
        self.0.listeners.send_modify(|count| *count += 1);
        Some(Listener {
            notices: self.clone(),
            user_id: user_id.to_owned(),
            receiver,
        })
    }

    /// Tells every listener that this is the end, and lets nobody begin.
    pub(crate) fn close(&self) {
        self.channels().take();
    }

    /// Resolves when the last listener is gone, or after `patience`.
    pub(crate) async fn drained(&self, patience: Duration) {
        let mut listeners = self.0.listeners.subscribe();
        let gone = listeners.wait_for(|count| *count == 0);
        if tokio::time::timeout(patience, gone).await.is_err() {
            tracing::warn!("stopped with WebSockets still open");
        }
    }

    fn channels(&self) -> MutexGuard<'_, Option<HashMap<String, broadcast::Sender<Utf8Bytes>>>> {
        // A map is whole whatever panicked beside it.
        self.0
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Listener ===

impl Listener {
    /// The next notice.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] when this listener is too slow, [`RecvError::Closed`] when the server is stopping.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, RecvError> {
        self.receiver.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(channels) = &mut *self.notices.channels() {
            let is_last = |channel: &broadcast::Sender<_>| channel.receiver_count() == 1;
            if channels.get(&self.user_id).is_some_and(is_last) {
                channels.remove(&self.user_id);
            }
        }
        self.notices.0.listeners.send_modify(|count| *count -= 1);
    }
}
