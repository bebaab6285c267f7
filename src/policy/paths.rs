//! How the origin reads paths: `encoded_slashes`, `path_suffixes`, `front_controllers`, `strict_paths`.

use super::{PolicyError, Result};
use crate::route::{ANY_SUFFIX, Reader};

/// Takes over what the operator wrote, if it can be part of a path.
pub(super) fn reader(reader: Reader) -> Result<Reader> {
    let is_part = |text: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"/\\%;?#".contains(&byte);
        !text.is_empty() && text.bytes().all(is_allowed)
    };
    for (index, suffix) in reader.suffixes.iter().enumerate() {
        if suffix != ANY_SUFFIX && !(is_part(suffix) && suffix.starts_with('.')) {
            let problem = format!(
                "found {suffix:?}; write the ending with its dot, as in \".json\", or {ANY_SUFFIX:?} for any"
            );
            return Err(PolicyError::new(format!("path_suffixes[{index}]"), problem));
        }
    }
    for (index, name) in reader.front_controllers.iter().enumerate() {
        if !is_part(name) || matches!(name.as_str(), "." | "..") {
            let problem = format!("found {name:?}; write a file name, as in \"index.php\"");
            let path = format!("front_controllers[{index}]");
            return Err(PolicyError::new(path, problem));
        }
    }
    Ok(reader)
}
