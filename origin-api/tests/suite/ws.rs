//! WebSockets need a real connection: the router is served on a port.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use futures_util::{SinkExt, StreamExt};
use origin_api::DebugRoutes;
use origin_api::serve;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Api, holder};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(20);

/// Of 10 KB each: more than the system buffers and the backlog hold together.
const CHANGES: usize = 1_500;

struct Server {
    api: Api,
    address: String,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let api = Api::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let app = api.app.clone();
        let running = tokio::spawn(async move {
            let stop = async { stopped.await.unwrap() };
            serve::run(listener, app, DebugRoutes::Hidden, stop)
                .await
                .unwrap();
        });
        Self {
            api,
            address,
            stop,
            running,
        }
    }

    async fn open(&self, query: &str, token: &str) -> Result<Socket, Error> {
        let url = format!("ws://{}/api/v1/ws{query}", self.address);
        let mut request = url.into_client_request().unwrap();
        if !token.is_empty() {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("Authorization", value);
        }
        let (socket, _) = connect_async(request).await?;
        Ok(socket)
    }
}

async fn next(socket: &mut Socket) -> Value {
    let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap();
    serde_json::from_str(message.unwrap().to_text().unwrap()).unwrap()
}

/// Reads to the end, and gives back how many messages there were and the code of the close.
async fn end(socket: &mut Socket) -> (usize, Option<CloseCode>) {
    let mut messages = 0;
    while let Some(Ok(message)) = timeout(PATIENCE, socket.next()).await.unwrap() {
        match message {
            Message::Text(_) => messages += 1,
            Message::Close(frame) => return (messages, frame.map(|frame| frame.code)),
            _ => {}
        }
    }
    (messages, None)
}

#[tokio::test]
async fn a_user_hears_what_becomes_of_the_own_tasks_and_of_no_others() {
    let server = Server::start().await;
    let api = &server.api;
    let (ada, eve) = (api.user("ada").await, api.user("eve").await);
    let mut by_header = server.open("", &ada).await.unwrap();
    let mut by_query = server
        .open(&format!("?access_token={ada}"), "")
        .await
        .unwrap();

    api.task(&eve, json!({"title": "not yours"})).await;
    let created = api.post("/api/v1/tasks", &ada, json!({"title": "a"})).await;
    let created = created.json();
    let id = &created["id"];
    let path = format!("/api/v1/tasks/{id}");
    let updated = api.put(&path, &ada, json!({"title": "b"})).await.json();
    api.delete(&path, &ada).await;
    // What fails changes nothing.
    api.delete(&path, &ada).await;
    let last = api.task(&ada, json!({"title": "last"})).await;

    for socket in [&mut by_header, &mut by_query] {
        let expected = json!({"event": "created", "id": id, "task": created});
        assert_eq!(next(socket).await, expected);
        let expected = json!({"event": "updated", "id": id, "task": updated});
        assert_eq!(next(socket).await, expected);
        let expected = json!({"event": "deleted", "id": id});
        assert_eq!(next(socket).await, expected);
        assert_eq!(next(socket).await["id"], last);
    }
}

#[tokio::test]
async fn without_a_genuine_token_no_socket_opens() {
    let server = Server::start().await;
    let an_hour_ago = Utc::now() - TimeDelta::seconds(3_602);
    let expired = server
        .api
        .tokens
        .issue(&holder("ada"), an_hour_ago)
        .unwrap();
    for (query, token) in [
        (String::new(), ""),
        (String::new(), "x"),
        ("?access_token=x".to_owned(), ""),
        (format!("?access_token={expired}"), ""),
    ] {
        match server.open(&query, token).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), StatusCode::UNAUTHORIZED),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_opens_nothing_but_the_socket() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    api.get(&format!("/api/v1/tasks?access_token={token}"), "")
        .await
        .assert_error(401, "unauthorized");
}

#[tokio::test]
async fn a_plain_request_is_told_that_a_websocket_belongs_here() {
    let api = Api::start().await;
    let token = api.user("ada").await;
    let reply = api.get("/api/v1/ws", &token).await;
    reply.assert_error(426, "websocket_required");
    assert_eq!(reply.headers["upgrade"], "websocket");
}

#[tokio::test]
async fn what_a_client_says_is_ignored_and_a_ping_is_answered() {
    let server = Server::start().await;
    let token = server.api.user("ada").await;
    let mut socket = server.open("", &token).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    socket.send(Message::Ping("x".into())).await.unwrap();
    let pong = timeout(PATIENCE, socket.next()).await.unwrap().unwrap();
    assert_eq!(pong.unwrap(), Message::Pong("x".into()));
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    let server = Server::start().await;
    server.api.user("ada").await;
    let almost_an_hour_ago = Utc::now() - TimeDelta::milliseconds(3_598_500);
    let token = server.api.tokens.issue(&holder("ada"), almost_an_hour_ago);
    let mut socket = server.open("", &token.unwrap()).await.unwrap();
    assert_eq!(end(&mut socket).await, (0, Some(CloseCode::Policy)));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_and_holds_up_nobody() {
    let server = Server::start().await;
    let token = server.api.user("ada").await;
    let mut slow = server.open("", &token).await.unwrap();
    let mut quick = server.open("", &token).await.unwrap();
    let task = json!({"title": "x", "description": "x".repeat(10_000)});
    let id = server.api.task(&token, task.clone()).await;
    let path = format!("/api/v1/tasks/{id}");
    for _ in 0..CHANGES {
        let changed = server.api.put(&path, &token, task.clone()).await;
        assert_eq!(changed.status, 200);
        next(&mut quick).await;
    }
    let (received, code) = end(&mut slow).await;
    assert!(received < CHANGES, "{received}");
    assert!(matches!(code, None | Some(CloseCode::Again)), "{code:?}");
    assert_eq!(next(&mut quick).await["event"], "updated");
}

#[tokio::test]
async fn a_stopping_server_says_goodbye_to_its_sockets_and_does_not_wait_for_them() {
    let server = Server::start().await;
    let token = server.api.user("ada").await;
    let mut polite = server.open("", &token).await.unwrap();
    let _deaf = server.open("", &token).await.unwrap();
    server.stop.send(()).unwrap();
    assert_eq!(end(&mut polite).await, (0, Some(CloseCode::Away)));
    timeout(Duration::from_secs(5), server.running)
        .await
        .unwrap()
        .unwrap();
}
