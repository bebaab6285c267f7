//! The server's life: bind, serve, and leave without dropping what has been started.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::{App, DebugRoutes, router};

/// How long requests under way may take to finish once the server is told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error(
        "{listen} is already in use: stop the program that listens there, or choose another --listen address"
    )]
    InUse {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// The address is not ours to listen on.
    #[error("cannot listen on {listen}: {source}")]
    Bind {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The routes cannot be described.
    #[error("cannot write the description of the API: {0}")]
    Description(#[from] serde_json::Error),
    /// The network failed while serving.
    #[error("the server stopped: {0}")]
    Serve(#[from] io::Error),
}

/// Listens on an address. From here on connections are accepted, and wait for [`run`].
///
/// # Errors
/// [`ServeError::InUse`] or [`ServeError::Bind`]
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(listen)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse { listen },
            _ => ServeError::Bind { listen, source },
        })
}

/// Serves until `stop` resolves, then finishes the requests under way, at most `DRAIN_TIMEOUT` long: a client that
/// never ends its request must not keep the process alive. WebSockets have no end of their own, so they are told at once.
///
/// # Errors
/// [`ServeError::Description`] or [`ServeError::Serve`]
pub async fn run(
    listener: TcpListener,
    app: App,
    debug_routes: DebugRoutes,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (stopping, stopped) = oneshot::channel();
    let router = router(app.clone(), debug_routes)?;
    let sockets = app.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        sockets.close_sockets();
        // Nobody listens any more only when the serving is over, and then nothing is left to stop.
        let _ = stopping.send(());
    });
    let overtime = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(DRAIN_TIMEOUT).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serving => served?,
        () = overtime => tracing::warn!("stopped with requests still under way"),
    }
    app.sockets_closed().await;
    Ok(())
}
