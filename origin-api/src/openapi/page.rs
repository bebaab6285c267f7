//! The document as a page: HTML alone, without scripts, fonts or anything else from elsewhere.
//!
//! It reads the document as JSON, which is what it is; what is not there is left out. Every text is escaped.

use serde_json::{Map, Value};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{font:600 1.05rem ui-monospace,monospace;margin-bottom:0}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #ddd;padding:.25rem .5rem;text-align:left;vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f5f5f5;padding:.75rem;overflow:auto}
.lock{font-size:.85rem;color:#666}";

/// The page.
pub(super) fn render(document: &Value) -> String {
    let title = escape(text(&document["info"], "title"));
    let about = escape(text(&document["info"], "description"));
    let chapters: String = items(&document["tags"])
        .map(|tag| show_tag(document, tag))
        .collect();
    let schemas: String = fields(at(document, "/components/schemas"))
        .map(|(name, schema)| show_definition(name, schema))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p>{about}</p><p>For programs: <a href=\"openapi.json\">openapi.json</a></p>\
         {chapters}<h2>Schemas</h2>{schemas}</html>\n"
    )
}

/// The operations of a tag; nothing if there are none.
fn show_tag(document: &Value, tag: &Value) -> String {
    let name = text(tag, "name");
    let operations: String = operations(document)
        .filter(|(_, _, operation)| items(&operation["tags"]).any(|tag| tag == name))
        .map(|(method, path, operation)| show_operation(method, path, operation))
        .collect();
    if operations.is_empty() {
        return operations;
    }
    let (name, about) = (escape(name), escape(text(tag, "description")));
    format!("<h2>{name}</h2><p>{about}</p>{operations}")
}

fn show_definition(name: &str, schema: &Value) -> String {
    let name = escape(name);
    let json = serde_json::to_string_pretty(schema).unwrap_or_default();
    format!("<h3 id=\"{name}\">{name}</h3><pre>{}</pre>", escape(&json))
}

fn show_operation(method: &str, path: &str, operation: &Value) -> String {
    let (method, path) = (method.to_uppercase(), escape(path));
    let summary = escape(text(operation, "summary"));
    let more = operation["description"]
        .as_str()
        .map(|more| format!("<p>{}</p>", escape(more)));
    let lock = operation["security"]
        .is_array()
        .then_some("<p class=\"lock\">Needs a token.</p>");
    let parameters: String = items(&operation["parameters"])
        .map(show_parameter)
        .collect();
    let parameters = (!parameters.is_empty())
        .then(|| format!("<table><tr><th>parameter<th>in<th>type<th>{parameters}</table>"));
    let body = at(operation, "/requestBody/content")
        .as_object()
        .map(|content| format!("<p>Body: {}</p>", show_content(content)));
    let responses: String = fields(&operation["responses"])
        .map(|(status, response)| show_response(status, response))
        .collect();
    [
        format!("<h3>{method} {path}</h3><p>{summary}</p>"),
        more.unwrap_or_default(),
        lock.unwrap_or_default().to_owned(),
        parameters.unwrap_or_default(),
        body.unwrap_or_default(),
        format!("<table><tr><th>status<th>meaning<th>body{responses}</table>"),
    ]
    .concat()
}

fn show_response(status: &str, response: &Value) -> String {
    let meaning = escape(text(response, "description"));
    let content = response["content"].as_object().map(show_content);
    format!(
        "<tr><td>{}<td>{meaning}<td>{}",
        escape(status),
        content.unwrap_or_default()
    )
}

fn show_parameter(parameter: &Value) -> String {
    let is_required = parameter["required"] == true;
    format!(
        "<tr><td><code>{}</code>{}<td>{}<td>{}<td>{}",
        escape(text(parameter, "name")),
        if is_required { " (required)" } else { "" },
        escape(text(parameter, "in")),
        show_schema(&parameter["schema"]),
        escape(text(parameter, "description"))
    )
}

fn show_content(content: &Map<String, Value>) -> String {
    let forms = content.iter().map(|(media, form)| {
        let schema = show_schema(&form["schema"]);
        format!("<code>{}</code> {schema}", escape(media))
    });
    forms.collect::<Vec<_>>().join("<br>")
}

/// A schema in a word: its name, which is a link, its values or its type.
fn show_schema(schema: &Value) -> String {
    if let Some((_, name)) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit_once('/'))
    {
        let name = escape(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if schema["type"] == "array" {
        return format!("array of {}", show_schema(&schema["items"]));
    }
    let values: Vec<_> = items(&schema["enum"])
        .filter_map(Value::as_str)
        .map(escape)
        .collect();
    if !values.is_empty() {
        return values.join(" | ");
    }
    escape(schema["format"].as_str().unwrap_or(text(schema, "type")))
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
