//! The `loadtest` binary: parse, run, and turn the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use loadtest::cli::{Cli, Command};
use loadtest::{check, compare, hammer, scenario};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Hammer(args) => hammer::run(args),
        Command::Scenario(args) => scenario::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Check(args) => check::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
