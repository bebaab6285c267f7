//! Models of origins: which handler would run, by what each documents of how it reads a path.
//!
//! They share nothing with the code under test. A model is given the path as it arrives and answers with the path as its
//! router compares it, in which `/` divides segments and [`DATA_SLASH`] is a slash inside one; or with nothing where the
//! server answers by itself (400, a redirect).

/// A slash that is part of a segment.
const DATA_SLASH: char = '\u{2044}';

/// An origin.
#[expect(
    clippy::struct_excessive_bools,
    reason = "routers choose each of them by itself"
)]
pub(crate) struct Origin {
    pub(crate) name: &'static str,
    /// The path as the router has it.
    pub(crate) read: fn(&str) -> Option<String>,
    pub(crate) ignores_case: bool,
    /// A slash at the end makes no difference.
    pub(crate) ignores_end: bool,
    /// A regular expression's `$` matches before a line feed.
    pub(crate) ignores_line_feed: bool,
    /// `.format` at the end is no part of the name.
    pub(crate) has_formats: bool,
}

const STRICT: Origin = Origin {
    name: "",
    read: |_| None,
    ignores_case: false,
    ignores_end: false,
    ignores_line_feed: false,
    has_formats: false,
};

pub(crate) const ORIGINS: [Origin; 15] = [
    // Express 5: the router compares the path as it came, whatever its letter case, and decodes parameters afterwards.
    Origin {
        name: "express",
        read: |path| Some(path.to_owned()),
        ignores_case: true,
        ignores_end: true,
        ..STRICT
    },
    // nginx: `ngx_http_parse_complex_uri` decodes, merges slashes and resolves dots at once; a NUL, a broken escape and a
    // `..` above the root are 400.
    Origin {
        name: "nginx",
        read: |path| nginx(path, true),
        ..STRICT
    },
    Origin {
        name: "nginx merge_slashes off",
        read: |path| nginx(path, false),
        ..STRICT
    },
    // Apache httpd 2.4: everything is decoded, then slashes are merged and dots resolved. `AllowEncodedSlashes` is Off (404), On,
    // or NoDecode.
    Origin {
        name: "apache",
        read: |path| apache(path).filter(|_| !has_escape(path, "2f")),
        ..STRICT
    },
    Origin {
        name: "apache AllowEncodedSlashes On",
        read: apache,
        ..STRICT
    },
    Origin {
        name: "apache AllowEncodedSlashes NoDecode",
        read: |path| apache(&hide_slashes(path)),
        ..STRICT
    },
    // Starlette under uvicorn: `scope["path"]` is decoded once, and routes are regular expressions over it.
    Origin {
        name: "starlette",
        read: |path| decode(path, false),
        ignores_line_feed: true,
        ..STRICT
    },
    // axum: `matchit` over the path as it came; a parameter that is not UTF-8 is a 400.
    Origin {
        name: "axum",
        read: |path| Some(path.to_owned()),
        ..STRICT
    },
    // Rails: `Journey::Router::Utils.normalize_path` squeezes slashes and drops the last; the path is compared as it came, a
    // `.format` may follow any route.
    Origin {
        name: "rails",
        read: |path| Some(squeeze(path)),
        ignores_end: true,
        has_formats: true,
        ..STRICT
    },
    // Spring: `PathPatternParser` divides the path as it came, drops what is behind a `;`, then decodes each segment.
    Origin {
        name: "spring",
        read: |path| {
            let segments = path
                .split('/')
                .map(|segment| segment.split(';').next().unwrap());
            decode(
                &hide_slashes(&segments.collect::<Vec<_>>().join("/")),
                false,
            )
        },
        ..STRICT
    },
    // Go's ServeMux since 1.22: a path that is not clean is redirected; each segment of the escaped path is decoded.
    Origin {
        name: "go",
        read: |path| decode(&hide_slashes(path), true).filter(|_| !path.contains("//")),
        ..STRICT
    },
    // A PHP front controller: `rawurldecode(parse_url($_SERVER["REQUEST_URI"], PHP_URL_PATH))`, without `/index.php`.
    Origin {
        name: "php",
        read: |path| {
            let path = without_host(path)?;
            let path = decode(&path, false)?;
            match path.strip_prefix("/index.php") {
                Some("") => Some("/".to_owned()),
                Some(rest) if rest.starts_with('/') => Some(rest.to_owned()),
                _ => Some(path),
            }
        },
        ignores_end: true,
        ignores_line_feed: true,
        ..STRICT
    },
    // A Worker behind a binding, or anything that compares `new URL(request.url).pathname`.
    Origin {
        name: "worker",
        read: |path| Some(path.to_owned()),
        ..STRICT
    },
    // nginx with a `proxy_pass` that has a path: it sends on what it has read, escaped anew.
    Origin {
        name: "nginx in front of express",
        read: |path| nginx(path, true).map(|path| escape(&path)),
        ignores_case: true,
        ignores_end: true,
        ..STRICT
    },
    // The same with a rewrite to `$uri`, which is not escaped.
    Origin {
        name: "nginx in front of starlette, decoding twice",
        read: |path| decode(&nginx(path, true)?, false),
        ignores_line_feed: true,
        ..STRICT
    },
];

impl Origin {
    /// The index of the handler that runs: its path has these segments, of which `*` is any one and `**` the rest. The length
    /// of the list stands for the origin's fallback.
    pub(crate) fn handler(&self, handlers: &[&str], path: &str) -> Option<usize> {
        let path = (self.read)(path)?;
        let is_it = |handler: &&str| self.runs(handler, &path);
        Some(handlers.iter().position(is_it).unwrap_or(handlers.len()))
    }

    fn runs(&self, handler: &str, path: &str) -> bool {
        let mut path = path.to_owned();
        if self.ignores_case {
            path = path.to_ascii_lowercase();
        }
        if self.ignores_end && path.len() > 1 && path.ends_with('/') {
            path.pop();
        }
        let fits = |path: &str| fits(handler, path);
        let without_line_feed = path.strip_suffix('\n').filter(|_| self.ignores_line_feed);
        // A route that ends in a slash, as the root does, has no format.
        let is_format =
            |(stem, format): &(&str, &str)| !format.contains('/') && !stem.ends_with('/');
        let format = path.rsplit_once('.');
        let format = format.filter(|parts| self.has_formats && is_format(parts));
        fits(&path)
            || without_line_feed.is_some_and(fits)
            || format.is_some_and(|(stem, _)| fits(stem))
    }
}

fn fits(handler: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let mut names = handler.split('/').peekable();
    while let Some(name) = names.next() {
        if name == "**" {
            return true;
        }
        // `/public/**` has `/public` too.
        match segments.next() {
            Some(segment) if name == "*" && !segment.is_empty() => {}
            Some(segment) if name == segment => {}
            _ => return false,
        }
        if names.peek() == Some(&"**") && segments.clone().next().is_none() {
            return true;
        }
    }
    segments.next().is_none()
}

/// Every escape decoded once. What is not UTF-8 becomes a sign for it, or is an error, as broken escapes are.
fn decode(path: &str, is_strict: bool) -> Option<String> {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let escape = part.split_at_checked(2);
        let byte = escape.and_then(|(digits, _)| u8::from_str_radix(digits, 16).ok());
        match (byte, escape) {
            (Some(byte), Some((_, rest))) => {
                bytes.push(byte);
                bytes.extend(rest.bytes());
            }
            _ if is_strict => return None,
            _ => {
                bytes.push(b'%');
                bytes.extend(part.bytes());
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(path) => Some(path),
        Err(_) if is_strict => None,
        Err(error) => Some(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn has_escape(path: &str, digits: &str) -> bool {
    path.to_lowercase().contains(&format!("%{digits}"))
}

/// Encoded slashes as data.
fn hide_slashes(path: &str) -> String {
    let slash = DATA_SLASH.to_string();
    path.replace("%2f", &slash).replace("%2F", &slash)
}

fn squeeze(path: &str) -> String {
    let mut path = path.to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

/// `..` takes the segment before it, empty or not. Nothing if there is none.
fn resolve_dots(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    segments.pop().filter(|_| !segments.is_empty())?;
                }
            }
            _ => segments.push(segment),
        }
    }
    let is_folder = path.ends_with("/.") || path.ends_with("/..");
    Some(segments.join("/") + if is_folder { "/" } else { "" })
}

fn nginx(path: &str, merges: bool) -> Option<String> {
    let path = decode_bytes_strictly(path)?;
    let path = if merges { squeeze(&path) } else { path };
    resolve_dots(&path).filter(|path| !path.contains('\0'))
}

/// As nginx has it: a broken escape is an error, and bytes are bytes.
fn decode_bytes_strictly(path: &str) -> Option<String> {
    let is_broken = |part: &str| {
        let digits = part.split_at_checked(2).map(|(digits, _)| digits);
        digits.is_none_or(|digits| u8::from_str_radix(digits, 16).is_err())
    };
    if path.split('%').skip(1).any(is_broken) {
        return None;
    }
    decode(path, false)
}

fn apache(path: &str) -> Option<String> {
    let path = decode_bytes_strictly(path)?;
    resolve_dots(&squeeze(&path)).filter(|path| !path.contains('\0'))
}

/// A path that begins with two slashes begins with a host.
fn without_host(path: &str) -> Option<String> {
    if path.starts_with("///") {
        return None;
    }
    match path.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map(|(_, path)| format!("/{path}")),
        None => Some(path.to_owned()),
    }
}

/// What nginx escapes in a path (`NGX_ESCAPE_URI`).
fn escape(path: &str) -> String {
    let escaped = path.bytes().map(|byte| match byte {
        b' ' | b'%' | b'?' | b'#' | 0..=31 | 127.. => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    });
    escaped.collect()
}
