//! Draws the pictures of docs/algorithms.md from what the counters really decide.
//!
//! `cargo run -p bouncer-durable --example draw` writes them to docs/algorithms/ and prints what they show. With
//! `-- --check` it writes nothing and exits 1 if a picture is not current, and so do the tests.

use std::path::Path;
use std::process::ExitCode;

mod chart;
mod replay;
#[cfg(test)]
mod tests;

use replay::{Replay, Stage};

const FOLDER: &str = "docs/algorithms";

fn main() -> ExitCode {
    let is_check = std::env::args().any(|argument| argument == "--check");
    match pictures().and_then(|pictures| draw(&pictures, is_check)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Every picture: what happened, and the name of its file.
fn pictures() -> Result<Vec<Replay>, String> {
    Stage::ALL.iter().map(Replay::of).collect()
}

fn draw(pictures: &[Replay], is_check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for picture in pictures {
        let name = format!("{FOLDER}/{}.svg", picture.stage.name);
        let (path, svg) = (root.join(&name), chart::svg(picture));
        if !is_check {
            std::fs::write(path, svg).map_err(|error| format!("{name}: {error}"))?;
            println!("{}", picture.summary());
        } else if std::fs::read_to_string(path).ok() != Some(svg) {
            return Err(format!(
                "{name} is not current; write it by: cargo run -p bouncer-durable --example draw"
            ));
        }
    }
    Ok(())
}
