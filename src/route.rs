//! Which rule a request falls under: paths brought to their normal form, and the patterns they are matched against.
//!
//! Limits are matched leniently: a path is compared in its normal form, so that no spelling of it escapes its limit.
//! Exemptions are matched strictly: only the very bytes of the pattern, in a path that is already in normal form but for
//! its letter case, are exempt.

mod path;
mod pattern;

pub use path::NormalPath;
pub use pattern::{Pattern, PatternError};
