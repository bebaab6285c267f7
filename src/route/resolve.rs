//! The path of a request target as a URL parser writes it down.
//!
//! The runtime sends every request through its URL parser (the WHATWG's, for `http` and `https`), which divides the path at
//! `/` and `\`, resolves `.` and `..`, also where they are spelled with `%2e`, and percent-encodes what no path may hold. It
//! decodes nothing, so `a%2Fb` stays one segment. Matching anything but its result would be matching another request than
//! the one that is sent.

use std::borrow::Cow;

/// Resolves a path, without its query, as the runtime's URL parser does. What has been resolved stays as it is.
///
/// Linear in the length of the path; allocates only if there is something to resolve.
#[must_use]
pub fn resolve(raw: &str) -> Cow<'_, str> {
    if is_resolved(raw) {
        return Cow::Borrowed(raw);
    }
    let mut path = String::with_capacity(raw.len() + 1);
    path.push('/');
    let mut segment_at = path.len();
    for character in raw.strip_prefix(['/', '\\']).unwrap_or(raw).chars() {
        match character {
            // A URL parser drops them wherever they stand.
            '\t' | '\n' | '\r' => {}
            '/' | '\\' => {
                if !resolve_dots(&mut path, segment_at) {
                    path.push('/');
                }
                segment_at = path.len();
            }
            character if is_allowed(character) => path.push(character),
            character => encode(character, &mut path),
        }
    }
    resolve_dots(&mut path, segment_at);
    Cow::Owned(path)
}

/// `true` if resolving a path may do more than percent-encode it: there are backslashes, or segments that begin with a dot.
#[must_use]
pub fn is_divided_anew(path: &str) -> bool {
    let marks = ["\\", "/.", "/%2e", "/%2E"];
    marks.iter().any(|mark| path.contains(mark))
}

/// `true` if there is surely nothing to do.
fn is_resolved(path: &str) -> bool {
    path.starts_with('/') && path.chars().all(is_allowed) && !is_divided_anew(path)
}

/// Removes the last segment, which begins there, if it is a dot, and also the one before it if it is two.
fn resolve_dots(path: &mut String, segment_at: usize) -> bool {
    let Some(dots) = path.get(segment_at..).and_then(dots) else {
        return false;
    };
    path.truncate(segment_at);
    // The root has no parent.
    if dots == 2 && path.len() > 1 {
        path.pop();
        let parent_end = path.rfind('/').map_or(0, |at| at + 1);
        path.truncate(parent_end);
    }
    true
}

/// The number of dots in a segment that is nothing else, one or two.
fn dots(segment: &str) -> Option<usize> {
    let mut rest = segment;
    let mut dots = 0;
    while !rest.is_empty() && dots < 3 {
        let escape = || {
            rest.strip_prefix("%2e")
                .or_else(|| rest.strip_prefix("%2E"))
        };
        rest = rest.strip_prefix('.').or_else(escape)?;
        dots += 1;
    }
    (1..=2).contains(&dots).then_some(dots)
}

/// Everything outside the path percent-encode set (URL Standard, section 1.3).
const fn is_allowed(character: char) -> bool {
    matches!(character, '!'..='~')
        && !matches!(
            character,
            '"' | '#' | '<' | '>' | '?' | '^' | '`' | '{' | '}'
        )
}

fn encode(character: char, path: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        path.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

#[cfg(test)]
mod tests;
