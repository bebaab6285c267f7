//! The errors that follow from the shape of an operation, so that no handler has to repeat them and none can forget.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Content, HeaderBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Response,
    ResponseBuilder, Type,
};

const OPEN: [&str; 2] = ["/health", "/ready"];

/// Adds to every operation what it may answer because of what it takes.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            let is_open = OPEN.contains(&path.as_str());
            complete_operation(operation, is_open);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

fn complete_operation(operation: &mut Operation, is_open: bool) {
    let has_body = operation.request_body.is_some();
    // Headers and cookies are never parameters here: whatever is one can be wrong.
    let has_parameters = operation.parameters.iter().flatten().next().is_some();
    let needs_token = operation.security.is_some();

    let mut add = |status: u16, description: &str, schema: &str| {
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert_with(|| RefOr::T(error(status, description, schema)));
    };
    match (has_body, has_parameters) {
        (true, _) => add(400, "The body is not JSON, or the path is wrong", "Error"),
        (false, true) => add(400, "The path or the query is wrong", "Error"),
        (false, false) => {}
    }
    if has_body {
        add(413, "The body is larger than 64 KiB", "Error");
        add(415, "The body is not declared as JSON", "Error");
        add(422, "Fields of the body are wrong", "ValidationError");
    }
    if needs_token {
        add(401, "No token, or one that is worth nothing", "Error");
    }
    if !is_open {
        add(
            403,
            "The request did not come through Bouncer, where it must",
            "Error",
        );
        add(500, "Something went wrong in the server", "Error");
    }
}

fn error(status: u16, description: &str, schema: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name(schema)));
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/json", body);
    if status == 401 {
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some("Always `Bearer`"));
        return response.header("WWW-Authenticate", header.build()).build();
    }
    response.build()
}
