//! Which rule a request falls under: the path as it is sent, its readings, and the patterns they are matched against.
//!
//! What is matched is what is sent: a path is first resolved as the runtime's URL parser does. Limits are matched leniently,
//! in every reading that an origin could have, so that no spelling of a path escapes its limit. Exemptions are matched
//! strictly: only a path that has no other reading, in the very letters of the pattern, is exempt.

mod line;
#[cfg(test)]
pub(crate) mod origins;
mod pass;
mod path;
mod pattern;
mod readings;
mod resolve;

pub(crate) use line::Claims;
pub use line::{METHOD_HEADERS, PATH_HEADERS, RequestLine};
pub use path::NormalPath;
pub use pattern::{Pattern, PatternError};
pub use readings::{ANY_SUFFIX, EncodedSlashes, Reader};
pub use resolve::{is_divided_anew, resolve};
