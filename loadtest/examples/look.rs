//! Leaves the pages and the tables of a comparison in target/look: of the one in the file that is named, or of an invented
//! one. With the invented one come the two runs that the tests of `check` read.
//!
//! `cargo run -p loadtest --example look [target/compare/report.json]`

use std::error::Error;
use std::fs;
use std::path::Path;

use loadtest::compare::report::Comparison;
use loadtest::compare::table::Table as ComparisonTable;
use loadtest::html;
use loadtest::scenario::table::Table as ScenarioTable;

#[path = "../tests/output/synthetic.rs"]
#[expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "it is written for tests"
)]
mod synthetic;

fn main() -> Result<(), Box<dyn Error>> {
    let out = Path::new("target/look");
    fs::create_dir_all(out)?;
    let comparison: Comparison = if let Some(file) = std::env::args().nth(1) {
        serde_json::from_str(&fs::read_to_string(file)?)?
    } else {
        for (name, mood) in [
            ("good", synthetic::PROTECTED),
            ("bad", synthetic::UNPROTECTED),
        ] {
            let short = synthetic::Mood {
                duration_s: 5,
                attack_per_s: 20,
                ..mood
            };
            let run = serde_json::to_string(&synthetic::report(short))?;
            fs::write(out.join(format!("{name}.json")), run + "\n")?;
        }
        synthetic::comparison()
    };
    let (scenario, both) = (
        ScenarioTable(&comparison.protected),
        ComparisonTable(&comparison),
    );
    fs::write(out.join("tables.txt"), format!("{scenario}\n\n{both}"))?;
    fs::write(
        out.join("scenario.html"),
        html::scenario(&comparison.protected),
    )?;
    fs::write(out.join("comparison.html"), html::comparison(&comparison))?;
    println!("left in {}", out.display());
    Ok(())
}
