//! The request line as an origin may understand it: the method and the path, and what else in a request claims to be them.
//!
//! Some frameworks let a POST say that it is meant as another method, in a header or in the query. Some servers take the
//! path from a header that a rewriting server in front of them is supposed to set. Each is a further reading: the request
//! counts under what it is and under what it says it is.

use std::borrow::Cow;

use crate::head;

/// The headers that name another method. They are part of an API, and are always passed on.
pub const METHOD_HEADERS: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// The headers that name another path. They are dropped on the way to the origin unless the policy keeps them.
pub const PATH_HEADERS: [&str; 4] = [
    "x-forwarded-uri",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];

/// The parameter of the query that names another method.
const METHOD_PARAMETER: &str = "_method";

/// Methods, or paths, that one request may claim before it counts as any.
const MAX_CLAIMS: usize = 4;

/// The value of a header that was too long to be passed on.
const TOO_LONG: &str = "\0";

/// The method and path of a request, and everything that may claim others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The path, as sent.
    pub path: &'a str,
    /// The query, without its `?`.
    pub query: &'a str,
    /// The headers that are read, as `name: value` lines.
    pub headers: &'a str,
}

/// Methods or paths, or that there may be any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claims<'a> {
    These(Vec<Cow<'a, str>>),
    Any,
}

// === impl RequestLine ===

impl<'a> RequestLine<'a> {
    /// A request of which nothing else is known.
    #[must_use]
    pub const fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: "",
            headers: "",
        }
    }

    /// The methods that it claims beside its own, in capital letters.
    pub(crate) fn other_methods(&self) -> Claims<'a> {
        let mut claims = Claims::NONE;
        for name in METHOD_HEADERS {
            for value in self.header(name) {
                claims.add_each(value);
            }
        }
        for pair in self.query.split(['&', ';']) {
            let (name, value) = pair.split_once('=').unwrap_or_default();
            if !value.is_empty() && is_method_parameter(&decoded(name)) {
                claims.add(decoded(value));
            }
        }
        if let Claims::These(methods) = &mut claims {
            for method in methods.iter_mut() {
                if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
                    *method = Cow::Owned(method.to_ascii_uppercase());
                }
            }
            methods.retain(|method| method != self.method);
        }
        claims
    }

    /// The paths that it claims beside its own, without what is no path in them.
    pub(crate) fn other_paths(&self) -> Claims<'a> {
        let mut claims = Claims::NONE;
        for name in PATH_HEADERS {
            for value in self.header(name) {
                claims.add_each(value);
            }
        }
        if let Claims::These(paths) = &mut claims {
            for path in paths {
                *path = path_of(path).into();
            }
        }
        claims
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        head::value(self.headers, name)
            .into_iter()
            .filter(|value| !value.is_empty())
    }
}

// === impl Claims ===

impl<'a> Claims<'a> {
    pub(crate) const NONE: Self = Self::These(Vec::new());

    /// A value, and if it is a list the members of it: two lines arrive as one.
    fn add_each(&mut self, value: &'a str) {
        self.add(Cow::Borrowed(value.trim()));
        if value.contains(',') {
            for member in value.split(',') {
                self.add(Cow::Borrowed(member.trim()));
            }
        }
    }

    fn add(&mut self, claim: Cow<'a, str>) {
        let Self::These(claims) = self else { return };
        if claim == TOO_LONG || claims.len() == MAX_CLAIMS && !claims.contains(&claim) {
            *self = Self::Any;
        } else if !claim.is_empty() && !claims.contains(&claim) {
            claims.push(claim);
        }
    }
}

/// The path in a URL or a target.
fn path_of(target: &str) -> String {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    let path = match target.split_once("://") {
        // Behind the first slash it is a part of the path.
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!("/{path}"),
    }
}

/// Whether some origin takes a parameter of this name for the one that names a method. PHP ends a name at a NUL, and writes
/// `_` for characters that its names cannot have.
fn is_method_parameter(name: &str) -> bool {
    let name = name.split('\0').next().unwrap_or_default();
    let name = name
        .trim_start_matches(' ')
        .replace(['.', ' ', '+', '['], "_");
    name.eq_ignore_ascii_case(METHOD_PARAMETER)
}

/// A name or value of a query, decoded.
fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        let whole = super::pass::Pass {
            decode: super::pass::Decode::All,
            ..super::pass::Pass::NOTHING
        };
        let path = whole.apply(text, None);
        Cow::Owned(path.strip_prefix('/').unwrap_or_default().to_owned())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
