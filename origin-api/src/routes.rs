//! Which path leads where, and what stands around all of them.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::openapi::{self, Document, Written};
use crate::{App, BODY_LIMIT_BYTES, admin, auth, debug, gate, health, request_log, tasks, ws};

/// Whether the routes that exist for tests only are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebugRoutes {
    /// They answer `404`, as any unknown path.
    Hidden,
    /// `GET /api/v1/debug/fail` answers `500`, `GET /api/v1/debug/load` what the process has done.
    Served,
}

/// All routes of the API.
///
/// # Errors
/// When the description of the routes cannot be written as JSON.
pub fn router(app: App, debug_routes: DebugRoutes) -> Result<Router, serde_json::Error> {
    let mut routes = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(tasks::list, tasks::create))
        .routes(routes!(tasks::search::search))
        .routes(routes!(tasks::export::export))
        .routes(routes!(tasks::show, tasks::replace, tasks::delete))
        .routes(routes!(ws::connect))
        .routes(routes!(admin::list_users))
        .routes(routes!(openapi::json))
        .routes(routes!(openapi::html));
    if debug_routes == DebugRoutes::Served {
        routes = routes
            .routes(routes!(debug::fail))
            .routes(routes!(debug::load));
    }
    let edge = app.edge.clone();
    let (routes, document) = routes.split_for_parts();
    // The 405 fallback covers only the routes that are already there, so it has to come after them.
    let mut routes = routes
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .fallback(async || ApiError::NotFound)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(Extension(Written::new(document)?))
        .with_state(app);
    if let Some(edge) = edge {
        routes = routes.layer(from_fn_with_state(edge, gate::check));
    }
    if debug_routes == DebugRoutes::Served {
        routes = routes
            .layer(from_fn(debug::count))
            .layer(Extension(debug::Answered::default()));
    }
    Ok(request_log::around(routes))
}
