//! A small real HTTP server on a port of its own, gone when dropped.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::sleep;

pub(crate) type Answer = Response<BoxBody<Bytes, io::Error>>;

/// A request, read to its end.
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) struct Server {
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A complete answer; its headers, in this order, are what a refusal is checked for.
pub(crate) fn answer(status: u16, body: &'static str) -> Answer {
    Response::builder()
        .status(status)
        .header("x-first", "1")
        .header("retry-after", "45")
        .header("a-last", "2")
        .body(Full::from(body).map_err(|never| match never {}).boxed())
        .unwrap()
}

/// How a slow answer ends.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    /// With its last byte, this much later than the rest.
    Late(Duration),
    /// With a closed connection, its last byte unsent.
    Cut,
}

/// An answer whose head and first bytes come at once, and whose end is another matter.
pub(crate) fn unhurried(ending: Ending) -> Answer {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        sender.send_data(Bytes::from("begun, ")).await.unwrap();
        match ending {
            Ending::Late(wait) => {
                sleep(wait).await;
                sender.send_data(Bytes::from("done")).await.unwrap();
            }
            Ending::Cut => sender.abort(io::Error::other("cut")),
        }
    });
    Response::new(body.boxed())
}

/// A URL whose port nothing listens on, and that port.
pub(crate) fn dead_url() -> (String, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    (format!("http://127.0.0.1:{port}/"), port)
}

// === impl Server ===

impl Server {
    /// Serves the first `quota` requests and refuses the rest.
    pub(crate) fn serving_only(quota: u32) -> Self {
        let asked = AtomicU32::new(0);
        Self::start(move |_| {
            let refused = asked.fetch_add(1, Ordering::Relaxed) >= quota;
            async move {
                if refused {
                    answer(429, r#"{"error":"rate_limit_exceeded"}"#)
                } else {
                    answer(200, "[]")
                }
            }
        })
    }

    /// Answers every request, on any number of connections, with `handler`.
    pub(crate) fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        // Connections still open when the runtime ends are dropped with it.
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, Arc::new(handler)) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            url,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

async fn accept<H, F>(listener: TcpListener, handler: Arc<H>)
where
    H: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request: Request<Incoming>| {
            let handler = Arc::clone(&handler);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                Ok::<_, hyper::Error>(
                    handler(Received {
                        method: head.method,
                        path: head.uri.path().to_owned(),
                        headers: head.headers,
                        body,
                    })
                    .await,
                )
            }
        });
        // A connection that breaks is what some tests are about.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
