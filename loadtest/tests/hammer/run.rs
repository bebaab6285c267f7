//! Runs the binary and keeps what it said.

use std::process::Command;

use serde_json::Value;

const LOADTEST: &str = env!("CARGO_BIN_EXE_loadtest");

/// A finished run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `loadtest hammer` with these arguments.
pub(crate) fn hammer(arguments: &[&str]) -> Run {
    Run::of(Command::new(LOADTEST).arg("hammer").args(arguments))
}

/// A run of `loadtest scenario` with these arguments.
pub(crate) fn scenario(arguments: &[&str]) -> Run {
    Run::of(Command::new(LOADTEST).arg("scenario").args(arguments))
}

/// The results of a run that must succeed and print nothing but JSON.
pub(crate) fn scenario_json(arguments: &[&str]) -> Value {
    let run = scenario(&[&["--json", "-"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

/// The same in a process that may have only so many files and sockets open.
pub(crate) fn with_open_files(limit: u32, arguments: &[&str]) -> Run {
    let script = format!("ulimit -n {limit}; exec \"$0\" hammer \"$@\"");
    Run::of(
        Command::new("sh")
            .args(["-c", &script, LOADTEST])
            .args(arguments),
    )
}

/// The results of a run that must succeed and print nothing but JSON.
pub(crate) fn hammer_json(arguments: &[&str]) -> Value {
    let run = hammer(&[arguments, &["--json", "-"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

// === impl Run ===

impl Run {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it printed, which must be JSON and nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}
