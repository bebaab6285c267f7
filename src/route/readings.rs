//! The readings of a path: everything that some server might make of it.
//!
//! A limit must hold whatever the origin is, and origins differ in how they read a path: some decode it before they divide
//! it into segments and some after, some resolve `..` once more, drop `;parameters`, end at a NUL. Each entry of [`PASSES`] is
//! what one such server does; a request that passes two of them, a proxy and what stands behind it, is read by one and then
//! by another. A reading is therefore one pass, or one after another.
//!
//! Their number does not depend on the path, and each is linear in its length. A path without any character that servers
//! disagree about has one reading: itself.

use std::borrow::Cow;

use super::pass::{Decode, Params, Pass};
use super::path::{NormalPath, hex};

/// How the origin of a policy reads paths, as far as the operator has said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    /// The meaning of an encoded slash; both, if not given.
    pub encoded_slashes: Option<EncodedSlashes>,
    /// Endings that the origin takes off the last segment, such as `.json`; [`ANY_SUFFIX`] is any.
    pub suffixes: Vec<String>,
    /// File names that the origin takes out of a path, such as `index.php`.
    pub front_controllers: Vec<String>,
    /// `true` if the origin tells `/login` from `/Login` and `/login/`.
    pub is_strict: bool,
}

/// The meaning of `%2F` and `%5C` to an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodedSlashes {
    /// Characters like any other within a segment.
    Data,
    /// The same as `/`.
    Separator,
}

/// The suffix that is everything from the last dot of the last segment.
pub const ANY_SUFFIX: &str = ".*";

/// The readings that were told, so that none is told twice while there is room to remember it.
struct Seen {
    readings: Vec<String>,
    spare_bytes: usize,
}

/// Bytes of second readings that are remembered. Of first ones there are at most a dozen.
const MAX_REMEMBERED_BYTES: usize = 65_536;

/// The servers. (One more is [`NormalPath`], which folds whatever can be folded.)
const PASSES: [Pass; 12] = {
    const NOT: Pass = Pass::NOTHING;
    const DATA: Pass = Pass {
        decode: Decode::Data,
        ..NOT
    };
    const ALL: Pass = Pass {
        decode: Decode::All,
        ..NOT
    };
    [
        // Rails squeezes slashes before it looks for a route, and decodes the parameters it finds.
        Pass { merge: true, ..NOT },
        // Go's ServeMux and many routers decode segment by segment.
        DATA,
        // Starlette, Django, Flask and most of PHP are given, or make, the whole path decoded.
        ALL,
        // nginx with `merge_slashes off`.
        Pass { dots: true, ..ALL },
        // nginx.
        Pass {
            merge: true,
            dots: true,
            ..ALL
        },
        // Apache with `AllowEncodedSlashes NoDecode`, Kestrel.
        Pass {
            merge: true,
            dots: true,
            ..DATA
        },
        // Spring drops what is behind a `;` and then decodes each segment.
        Pass {
            params: Params::Drop,
            ..DATA
        },
        // Tomcat, and whatever takes `\` for `/`, drops, decodes, resolves.
        Pass {
            params: Params::Drop,
            backslash: true,
            merge: true,
            dots: true,
            ..ALL
        },
        // A server on Windows.
        Pass {
            backslash: true,
            ..ALL
        },
        // Fastify up to 4 takes a `;` for a `?`.
        Pass {
            params: Params::Cut,
            ..DATA
        },
        // Strings that end at a NUL, patterns that match before a line feed.
        Pass { cuts: true, ..ALL },
        // `new URL(request.url, base)` in Node, `parse_url` in PHP.
        Pass {
            authority: true,
            ..NOT
        },
    ]
};

// === impl Reader ===

impl Reader {
    /// Tells every reading of a path, itself first. It has been resolved, or is read as it is.
    pub fn each_reading(&self, path: &str, tell: &mut dyn FnMut(&str)) {
        let path = self.prepared(path);
        self.tell_endings(&path, tell);
        if is_plain(&path) {
            return;
        }
        let mut seen = Seen {
            readings: vec![path.into_owned()],
            spare_bytes: usize::MAX,
        };
        self.tell_passes(0, &mut seen, tell);
        seen.spare_bytes = MAX_REMEMBERED_BYTES;
        for index in 1..seen.readings.len() {
            if seen.readings.get(index).is_some_and(|path| !is_plain(path)) {
                self.tell_passes(index, &mut seen, tell);
            }
        }
    }

    /// Tells every further reading of one that was told.
    fn tell_passes(&self, index: usize, seen: &mut Seen, tell: &mut dyn FnMut(&str)) {
        for pass in 0..=PASSES.len() {
            let Some(path) = seen.readings.get(index) else {
                return;
            };
            let reading = self.pass(pass, path);
            if seen.readings.contains(&reading) {
                continue;
            }
            self.tell_endings(&reading, tell);
            if let Some(spare_bytes) = seen.spare_bytes.checked_sub(reading.len()) {
                seen.spare_bytes = spare_bytes;
                seen.readings.push(reading);
            }
        }
    }

    /// `true` if every server reads this path as it stands, except for a suffix and a front controller.
    #[must_use]
    pub fn is_plain(path: &str) -> bool {
        is_plain(path) && (path == "/" || !path.ends_with('/'))
    }

    fn pass(&self, index: usize, path: &str) -> String {
        match PASSES.get(index) {
            Some(pass) => pass.apply(path, self.encoded_slashes),
            None => NormalPath::read(path, self.encoded_slashes == Some(EncodedSlashes::Data))
                .as_str()
                .to_owned(),
        }
    }

    /// The path with those of its escapes decoded about which servers cannot differ: of bytes beyond ASCII, which divide and
    /// mean nothing; and of slashes, if the operator says that they are some.
    fn prepared<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let is_meant = |byte: u8| {
            !byte.is_ascii()
                || byte == b'/' && self.encoded_slashes == Some(EncodedSlashes::Separator)
        };
        if !path.contains('%') {
            return Cow::Borrowed(path);
        }
        let mut decoded = Vec::new();
        let mut rest = path.as_bytes();
        while let [byte, after @ ..] = rest {
            if let [b'%', high, low, behind @ ..] = rest
                && let (Some(high), Some(low)) = (hex(*high), hex(*low))
                && is_meant(high << 4 | low)
            {
                if decoded.is_empty() {
                    decoded.reserve(path.len());
                    let before = path.len() - rest.len();
                    decoded.extend(path.bytes().take(before));
                }
                decoded.push(high << 4 | low);
                rest = behind;
                continue;
            }
            if !decoded.is_empty() {
                decoded.push(*byte);
            }
            rest = after;
        }
        match decoded.as_slice() {
            [] => Cow::Borrowed(path),
            decoded => Cow::Owned(String::from_utf8_lossy(decoded).into_owned()),
        }
    }

    /// Tells a reading, and what is left of it without a suffix, a front controller, or both.
    fn tell_endings(&self, path: &str, tell: &mut dyn FnMut(&str)) {
        self.tell_without_suffix(path, tell);
        for name in &self.front_controllers {
            if let Some(path) = without_segment(path, name) {
                self.tell_without_suffix(&path, tell);
            }
        }
    }

    fn tell_without_suffix(&self, path: &str, tell: &mut dyn FnMut(&str)) {
        tell(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        for suffix in &self.suffixes {
            if let Some(stem) = without_suffix(path, suffix) {
                tell(stem);
            }
        }
    }
}

/// `true` if there is nothing in the path that one server sees and another does not.
fn is_plain(path: &str) -> bool {
    let is_odd = |byte: u8| matches!(byte, b'%' | b';' | b'\\') || byte.is_ascii_control();
    if path.bytes().any(is_odd) || !path.starts_with('/') {
        return false;
    }
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment.is_empty() && !is_last || matches!(segment, "." | "..") {
            return false;
        }
    }
    true
}

/// The path without its suffix, if a name is left.
fn without_suffix<'a>(path: &'a str, suffix: &str) -> Option<&'a str> {
    let stem_end = match suffix {
        ANY_SUFFIX => path.rfind('.')?,
        _ => path.len().checked_sub(suffix.len())?,
    };
    let (stem, end) = path.split_at_checked(stem_end)?;
    let is_it = suffix == ANY_SUFFIX && !end.contains('/') || end.eq_ignore_ascii_case(suffix);
    (is_it && !stem.ends_with('/') && !stem.is_empty()).then_some(stem)
}

/// The path without the first of its segments that has this name.
fn without_segment(path: &str, name: &str) -> Option<String> {
    let mut at = 0;
    for segment in path.split('/') {
        let end = at + segment.len();
        if segment.eq_ignore_ascii_case(name) {
            let before = path.get(..at)?.strip_suffix('/')?;
            let rest = path.get(end..)?;
            let is_root = before.is_empty() && rest.is_empty();
            return Some(if is_root {
                "/".to_owned()
            } else {
                format!("{before}{rest}")
            });
        }
        at = end + 1;
    }
    None
}

#[cfg(test)]
mod tests;
