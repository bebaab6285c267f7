//! The document as a page: HTML alone, without scripts, fonts or anything else from elsewhere.
//!
//! It reads the document as JSON, which is what it is; what is not there is left out.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{font:600 1.05rem ui-monospace,monospace;margin-bottom:0}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #ddd;padding:.25rem .5rem;text-align:left;vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f5f5f5;padding:.75rem;overflow:auto}
.lock{font-size:.85rem;color:#666}";

/// The page.
pub(super) fn render(document: &Value) -> String {
    let title = text(&document["info"], "title");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width";
            title { (title) }
            style { (PreEscaped(STYLE)) }
            h1 { (title) }
            p { (text(&document["info"], "description")) }
            p { "For programs: " a href="openapi.json" { "openapi.json" } }
            @for tag in items(&document["tags"]) { (show_tag(document, tag)) }
            h2 { "Schemas" }
            @for (name, schema) in fields(at(document, "/components/schemas")) { (show_definition(name, schema)) }
        }
    };
    page.into_string()
}

/// The operations of a tag; nothing if there are none.
fn show_tag(document: &Value, tag: &Value) -> Markup {
    let name = text(tag, "name");
    let mut operations = operations(document)
        .filter(|(_, _, operation)| items(&operation["tags"]).any(|tag| tag == name))
        .peekable();
    html! {
        @if operations.peek().is_some() {
            h2 { (name) }
            p { (text(tag, "description")) }
            @for (method, path, operation) in operations { (show_operation(method, path, operation)) }
        }
    }
}

fn show_definition(name: &str, schema: &Value) -> Markup {
    html! {
        h3 id=(name) { (name) }
        pre { (serde_json::to_string_pretty(schema).unwrap_or_default()) }
    }
}

fn show_operation(method: &str, path: &str, operation: &Value) -> Markup {
    let mut parameters = items(&operation["parameters"]).peekable();
    html! {
        h3 { (method.to_uppercase()) " " (path) }
        p { (text(operation, "summary")) }
        @if let Some(more) = operation["description"].as_str() { p { (more) } }
        @if operation["security"].is_array() { p.lock { "Needs a token." } }
        @if parameters.peek().is_some() {
            table {
                tr { th { "parameter" } th { "in" } th { "type" } th {} }
                @for parameter in parameters { (show_parameter(parameter)) }
            }
        }
        @if let Some(content) = at(operation, "/requestBody/content").as_object() {
            p { "Body: " (show_content(content)) }
        }
        table {
            tr { th { "status" } th { "meaning" } th { "body" } }
            @for (status, response) in fields(&operation["responses"]) {
                tr {
                    td { (status) }
                    td { (text(response, "description")) }
                    td { @if let Some(content) = response["content"].as_object() { (show_content(content)) } }
                }
            }
        }
    }
}

fn show_parameter(parameter: &Value) -> Markup {
    html! {
        tr {
            td {
                code { (text(parameter, "name")) }
                @if parameter["required"] == true { " (required)" }
            }
            td { (text(parameter, "in")) }
            td { (show_schema(&parameter["schema"])) }
            td { (text(parameter, "description")) }
        }
    }
}

fn show_content(content: &Map<String, Value>) -> Markup {
    html! {
        @for (index, (media, form)) in content.iter().enumerate() {
            @if index > 0 { br; }
            code { (media) } " " (show_schema(&form["schema"]))
        }
    }
}

/// A schema in a word: its name, which is a link, its values or its type.
fn show_schema(schema: &Value) -> Markup {
    let reference = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit_once('/'));
    if let Some((_, name)) = reference {
        return html! { a href={ "#" (name) } { (name) } };
    }
    if schema["type"] == "array" {
        return html! { "array of " (show_schema(&schema["items"])) };
    }
    let values: Vec<&str> = items(&schema["enum"]).filter_map(Value::as_str).collect();
    let word = schema["format"].as_str().unwrap_or(text(schema, "type"));
    html! {
        @if values.is_empty() { (word) } @else { (values.join(" | ")) }
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    fields(&document["paths"]).flat_map(|(path, item)| {
        fields(item).map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
