//! What of policies in files of their own goes into the Worker: each as JSON in a text module, and a module that has them by name.

use std::fmt::Write;
use std::path::Path;

use crate::written::Written;

/// Writes them into a folder. What is there and the same stays as it is.
pub(crate) fn write<'a>(
    folder: &str,
    policies: impl Iterator<Item = &'a Written>,
) -> Result<(), String> {
    let folder = Path::new(folder);
    let mut names: Vec<&str> = Vec::new();
    let (mut imports, mut entries) = (String::new(), String::new());
    let mut files = Vec::new();
    for written in policies {
        let Some(name) = written
            .own_file
            .as_deref()
            .filter(|name| !names.contains(name))
        else {
            continue;
        };
        let index = names.len();
        names.push(name);
        files.push((format!("policy-{index}.txt"), written.json.clone()));
        // Writing into a string never fails.
        let _ = writeln!(
            imports,
            "import policy{index} from \"./policy-{index}.txt\";"
        );
        let _ = write!(entries, " {name:?}: policy{index},");
    }
    files.push((
        "policies.mjs".to_owned(),
        format!("{imports}export default {{{entries} }};\n"),
    ));
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
    for (name, text) in files {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        std::fs::write(&path, text)
            .map_err(|error| format!("{}: cannot be written: {error}", path.display()))?;
    }
    Ok(())
}
