//! A pass: what one server makes of a path before it looks for a handler.
//!
//! Servers differ in when they decode (before they divide the path into segments, after, or not at all) and in what they
//! tidy up. A pass is one such choice, a function of the whole path, and linear in its length.

use super::EncodedSlashes;
use super::path::hex;

/// One way to read a path. In every pass a raw `/` divides segments.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "servers choose each of them by itself"
)]
pub(super) struct Pass {
    pub(super) params: Params,
    pub(super) decode: Decode,
    /// Ends the path at a control character: a string of C ends at a NUL, and `$` in many a regular expression matches
    /// before a line feed.
    pub(super) cuts: bool,
    /// Divides at `\` too.
    pub(super) backslash: bool,
    /// Drops empty segments.
    pub(super) merge: bool,
    /// Resolves `.` and `..`.
    pub(super) dots: bool,
    /// Takes a path that begins with `//` for a URL without its scheme, and so the first name for a host.
    pub(super) authority: bool,
}

/// The fate of a raw `;` and of what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Params {
    Keep,
    /// It is dropped up to the next `/`.
    Drop,
    /// It is no more part of the path, as if it were a query.
    Cut,
}

/// The way in which escapes are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decode {
    Not,
    /// Once, within segments: an encoded separator is data. It stays encoded, so that it is told from a separator.
    Data,
    /// Once, before the path is divided.
    All,
}

/// A path while it is put together.
struct Path {
    bytes: Vec<u8>,
    /// The start of the last segment, behind a `/`.
    segment_at: usize,
}

// === impl Pass ===

impl Pass {
    /// Nothing is changed.
    pub(super) const NOTHING: Self = Self {
        params: Params::Keep,
        decode: Decode::Not,
        cuts: false,
        backslash: false,
        merge: false,
        dots: false,
        authority: false,
    };

    /// The path as this server has it then. What the operator says of encoded slashes goes for every server.
    pub(super) fn apply(self, path: &str, slashes: Option<EncodedSlashes>) -> String {
        let decode = match (self.decode, slashes) {
            (Decode::Not, _) | (_, None) => self.decode,
            (_, Some(EncodedSlashes::Data)) => Decode::Data,
            (_, Some(EncodedSlashes::Separator)) => Decode::All,
        };
        let mut read = Path::new(path.len());
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        if self.authority && rest.starts_with('/') {
            let behind = rest.trim_start_matches('/').split_once('/');
            rest = behind.map_or("", |(_, rest)| rest);
        }
        let mut rest = rest.as_bytes();
        let mut is_param = false;
        while let Some((&next, after)) = rest.split_first() {
            let mut byte = next;
            rest = after;
            if byte == b'/' {
                is_param = false;
                self.divide(&mut read);
                continue;
            }
            if is_param {
                continue;
            }
            match self.params {
                Params::Drop if byte == b';' => {
                    is_param = true;
                    continue;
                }
                Params::Cut if byte == b';' => break,
                _ => {}
            }
            if byte == b'%'
                && decode != Decode::Not
                && let [high, low, after @ ..] = rest
                && let (Some(high), Some(low)) = (hex(*high), hex(*low))
            {
                let decoded = high << 4 | low;
                if decode == Decode::All || !matches!(decoded, b'/' | b'\\') {
                    (byte, rest) = (decoded, after);
                }
            }
            if self.cuts && byte.is_ascii_control() {
                break;
            }
            if byte == b'/' || byte == b'\\' && self.backslash {
                self.divide(&mut read);
            } else {
                read.bytes.push(byte);
            }
        }
        self.resolve_dots(&mut read);
        match String::from_utf8(read.bytes) {
            Ok(path) => path,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// Ends a segment, and begins the next.
    fn divide(self, path: &mut Path) {
        let is_dots = self.resolve_dots(path);
        let is_dropped = self.merge && path.segment().is_empty();
        if !is_dots && !is_dropped {
            path.bytes.push(b'/');
            path.segment_at = path.bytes.len();
        }
    }

    /// Removes the last segment if it is a dot, and the one before it if it is two.
    fn resolve_dots(self, path: &mut Path) -> bool {
        let levels = match path.segment() {
            b"." if self.dots => 0,
            b".." if self.dots => 1,
            _ => return false,
        };
        path.bytes.truncate(path.segment_at);
        // The root has no parent.
        if levels == 1 && path.segment_at > 1 {
            path.bytes.pop();
            let slash = path.bytes.iter().rposition(|byte| *byte == b'/');
            path.segment_at = slash.map_or(0, |at| at + 1);
            path.bytes.truncate(path.segment_at);
        }
        true
    }
}

// === impl Path ===

impl Path {
    fn new(length: usize) -> Self {
        let mut bytes = Vec::with_capacity(length + 1);
        bytes.push(b'/');
        Self {
            bytes,
            segment_at: 1,
        }
    }

    fn segment(&self) -> &[u8] {
        self.bytes.get(self.segment_at..).unwrap_or_default()
    }
}
