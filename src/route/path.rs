//! A path in its normal form: the reading in which everything is folded that any origin might overlook.
//!
//! It is the form in which patterns are written, and one of a path's readings: the one of a server that decodes as often as
//! it can, takes `\` for `/` and drops `;parameters`.

/// A path with everything folded that an origin might overlook; and whether there was anything to fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath {
    folded: String,
    is_plain: bool,
}

// === impl NormalPath ===

impl NormalPath {
    /// Normalises the path of a request target, without its query: percent-decoded until nothing is left to decode,
    /// `\` as `/`, empty and `.` segments dropped, `..` resolved, parameters after `;` and control characters dropped, no
    /// trailing slash, lower case. Takes time linear in the length of the path.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self::read(raw, false)
    }

    /// The same, with `%2F` and `%5C` left as they are if they are data.
    pub(super) fn read(raw: &str, keeps_slashes: bool) -> Self {
        let decoded = decode(raw.as_bytes(), keeps_slashes);
        let decoded = String::from_utf8_lossy(&decoded).into_owned();
        let mut segments = Vec::new();
        for segment in decoded.split(['/', '\\']) {
            match segment.split(';').next().unwrap_or_default() {
                "" | "." => {}
                ".." => {
                    segments.pop();
                }
                name => segments.push(name),
            }
        }
        let resolved = format!("/{}", segments.join("/"));
        Self {
            is_plain: resolved == raw,
            folded: resolved.to_lowercase(),
        }
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// Whether the path was in its normal form already, but for letter case.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }
}

/// Percent-decodes until nothing is left to decode, in one pass: a byte that completes an escape is replaced together
/// with it, and so may complete another. Control characters vanish as they appear.
fn decode(raw: &[u8], keeps_slashes: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(raw.len());
    for &byte in raw {
        let mut next = Some(byte);
        while let Some(byte) = next.take().filter(|byte| !byte.is_ascii_control()) {
            decoded.push(byte);
            if let [.., b'%', high, low] = decoded[..]
                && let (Some(high), Some(low)) = (hex(high), hex(low))
                && !(keeps_slashes && matches!(high << 4 | low, b'/' | b'\\'))
            {
                decoded.truncate(decoded.len() - 3);
                next = Some(high << 4 | low);
            }
        }
    }
    decoded
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
