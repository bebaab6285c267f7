//! The WebSocket on which a user hears of changes of the own tasks.
//!
//! Contract: what a client sends is read and ignored. A socket ends, with a reason, when its token expires, when its
//! client is too slow for what happens and when the server stops; and without one when the client is silent for two
//! pings. So it holds at most what the system buffers and [`BACKLOG`](crate::notices::BACKLOG) notices, and not for long.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use chrono::Utc;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at, sleep, timeout};

use crate::App;
use crate::auth::bearer::HeaderOrQueryUser;
use crate::error::{ApiError, Body};
use crate::notices::Listener;
use crate::token::Verified;

/// Time between two pings. A client that has said nothing from one to the next is gone.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How long a client may take to make room for one message.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A client has nothing to say, but may say it.
const MESSAGE_MAX_BYTES: usize = 4 * 1024;

/// Hear of changes of one's tasks
///
/// A WebSocket. Each change is a text message: a `Notice`. The token may come as the query parameter `access_token`,
/// for browsers, whose WebSockets send no headers of one's own. The close code says why a socket ended: 1001 the server
/// stops, 1008 the token has expired, 1013 this client is too slow.
#[utoipa::path(
    get,
    path = "/api/v1/ws",
    tag = "tasks",
    responses(
        (status = 101, description = "The socket is open; each text message is a `Notice` as JSON"),
        (status = 426, description = "This was no WebSocket handshake", body = Body),
    ),
    security(("bearer" = []), ("access_token" = []))
)]
pub(crate) async fn connect(
    State(app): State<App>,
    HeaderOrQueryUser(Verified { holder, expires_at }): HeaderOrQueryUser,
    handshake: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let handshake =
        handshake.map_err(|rejection| ApiError::WebSocketRequired(rejection.body_text()))?;
    let life = (expires_at - Utc::now()).to_std().unwrap_or_default();
    // From here on, so that whoever is told that the socket is open misses nothing.
    let listener = app.notices.listen(&holder.id);
    Ok(handshake
        .max_message_size(MESSAGE_MAX_BYTES)
        .max_frame_size(MESSAGE_MAX_BYTES)
        .on_upgrade(move |socket| converse(socket, listener, life)))
}

async fn converse(mut socket: WebSocket, listener: Option<Listener>, life: Duration) {
    let goodbye = match listener {
        Some(mut listener) => relay(&mut socket, &mut listener, life).await,
        None => Some(STOPPING),
    };
    if let Some((code, reason)) = goodbye {
        let reason = Utf8Bytes::from_static(reason);
        send(
            &mut socket,
            Message::Close(Some(CloseFrame { code, reason })),
        )
        .await;
    }
}

type Goodbye = (u16, &'static str);
const STOPPING: Goodbye = (close_code::AWAY, "the server is stopping");
const TOO_SLOW: Goodbye = (
    close_code::AGAIN,
    "too slow: read what changed and come back",
);
const EXPIRED: Goodbye = (
    close_code::POLICY,
    "the token has expired: log in and come back",
);

/// Passes notices on until there is a reason to end, which it gives back unless the client is gone already.
async fn relay(socket: &mut WebSocket, listener: &mut Listener, life: Duration) -> Option<Goodbye> {
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let expired = sleep(life);
    tokio::pin!(expired);
    let mut is_alive = true;
    loop {
        tokio::select! {
            notice = listener.next() => match notice {
                Ok(text) => {
                    if !send(socket, Message::Text(text)).await {
                        return None;
                    }
                }
                Err(RecvError::Lagged(_)) => return Some(TOO_SLOW),
                Err(RecvError::Closed) => return Some(STOPPING),
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => is_alive = true,
            },
            _ = pings.tick() => {
                if !is_alive || !send(socket, Message::Ping("".into())).await {
                    return None;
                }
                is_alive = false;
            }
            () = &mut expired => return Some(EXPIRED),
        }
    }
}

/// Whether the client took it in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        timeout(SEND_TIMEOUT, socket.send(message)).await,
        Ok(Ok(()))
    )
}
