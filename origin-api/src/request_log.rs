//! A request's id and its line in the log.
//!
//! Contract: a request has one id, the client's own if it is sane and else a new one; it is in every line of the log
//! that the request causes, and in the response's `X-Request-Id`. A line tells method, path, status and time. It never
//! tells a query, a header or a body: tokens and passwords travel there.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Response};
use axum::middleware::{Next, from_fn};
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;
use tracing::{Span, error_span, info};

static HEADER: HeaderName = HeaderName::from_static("x-request-id");

const ID_MAX_BYTES: usize = 128;

/// The routes with ids and a log around them; the layer that is written last is the outermost.
pub(crate) fn around(routes: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(log)
        // A failure of ours is logged with its cause where it becomes a response.
        .on_failure(());
    routes
        .layer(PropagateRequestIdLayer::new(HEADER.clone()))
        .layer(trace)
        .layer(SetRequestIdLayer::new(HEADER.clone(), MakeRequestUuid))
        .layer(from_fn(drop_insane_id))
}

fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok());
    // Of the highest level, so that it is there whatever level is logged.
    error_span!(
        "request",
        request_id = id.unwrap_or_default(),
        method = %request.method(),
        path = request.uri().path(),
    )
}

fn log<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    info!(status = response.status().as_u16(), latency_us, "answered");
}

/// An id from outside is repeated in logs and headers, so it may be neither long nor anything but plain.
async fn drop_insane_id(mut request: Request, next: Next) -> axum::response::Response {
    let is_sane = |id: &[u8]| {
        (1..=ID_MAX_BYTES).contains(&id.len())
            && id
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(byte))
    };
    let mut ids = request.headers().get_all(&HEADER).iter();
    let is_one_sane = ids.next().is_some_and(|id| is_sane(id.as_bytes())) && ids.next().is_none();
    if !is_one_sane {
        request.headers_mut().remove(&HEADER);
    }
    next.run(request).await
}
