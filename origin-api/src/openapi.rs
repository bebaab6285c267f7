//! The API's description: an OpenAPI 3.1 document made from the handlers themselves, and a page to read it on.
//!
//! What a handler's annotation tells is what only that handler knows; what follows from the shape of an operation (it
//! takes a body, so it may answer 415) is added by [`errors`], once for all.

mod errors;
mod page;

use std::sync::Arc;

use axum::extract::Extension;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::notices::Notice;

/// What the document says beside the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Task Manager",
        description = "The API that Bouncer protects in the demo and the tests. It limits nobody: whatever it answers \
                       with 429 comes from Bouncer. Errors are JSON with `error`, for programs, and `message`, for \
                       people. A path with another method is a 405 that lists the methods in `Allow`; HEAD is answered \
                       wherever GET is. Every response has an `X-Request-Id`."
    ),
    tags(
        (name = "auth", description = "Accounts and tokens"),
        (name = "tasks", description = "One's own tasks, which nobody else sees"),
        (name = "admin", description = "For admins only"),
        (name = "health", description = "For whoever runs this; always open"),
        (name = "docs", description = "This description"),
        (name = "debug", description = "For tests; not there unless the server is told to"),
    ),
    components(schemas(Notice, crate::error::Body, crate::error::FieldsBody)),
    modifiers(&Schemes)
)]
pub(crate) struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The `access_token` of a login"));
        let in_query = ApiKeyValue::with_description(
            "access_token",
            "The same token, where a browser cannot send the header",
        );
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme(
            "access_token",
            SecurityScheme::ApiKey(ApiKey::Query(in_query)),
        );
    }
}

/// The document in the two forms in which it is served.
#[derive(Clone)]
pub(crate) struct Written {
    json: Arc<str>,
    html: Arc<str>,
}

impl Written {
    /// Completes a document and writes it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn new(mut document: utoipa::openapi::OpenApi) -> serde_json::Result<Self> {
        errors::complete(&mut document);
        let value = serde_json::to_value(&document)?;
        Ok(Self {
            json: serde_json::to_string(&document)?.into(),
            html: page::render(&value).into(),
        })
    }
}

/// This description, as OpenAPI 3.1
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "describe",
    tag = "docs",
    responses((status = 200, description = "The document", body = Object, content_type = "application/json"))
)]
pub(crate) async fn json(
    Extension(written): Extension<Written>,
) -> ([(HeaderName, &'static str); 1], String) {
    (
        [(CONTENT_TYPE, "application/json")],
        written.json.to_string(),
    )
}

/// This description, to read
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "describe_for_people",
    tag = "docs",
    responses((status = 200, description = "A page without scripts", body = String, content_type = "text/html"))
)]
pub(crate) async fn html(
    Extension(written): Extension<Written>,
) -> ([(HeaderName, &'static str); 2], String) {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
    ];
    (headers, written.html.to_string())
}
