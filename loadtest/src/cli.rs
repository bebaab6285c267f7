//! The command line. What clap cannot parse never reaches the rest; its messages say what to change, and exit with 2.

use clap::{Parser, Subcommand};

mod check;
mod hammer;
mod scenario;

pub use check::CheckArgs;
pub use hammer::HammerArgs;
pub use scenario::{CompareArgs, LoadArgs, OutputArgs, ScenarioArgs};

/// Loads an HTTP API and shows what its clients felt: percentiles, with refusals (429) apart from failures.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    // What clap shows is the documentation of the arguments.
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Hammer(HammerArgs),
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Scenario(ScenarioArgs),
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Compare(CompareArgs),
    #[expect(
        missing_docs,
        reason = "clap would show it in place of the arguments' own"
    )]
    Check(CheckArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use hyper::Method;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_options_two_hundred_requests_are_sent_at_once() {
        let cli = Cli::parse_from(["loadtest", "hammer", "http://localhost/"]);
        let Command::Hammer(args) = cli.command else {
            panic!("another command");
        };
        assert_eq!(
            (args.requests, args.concurrency, args.timeout_ms),
            (200, 200, 30_000)
        );
        assert_eq!(args.method, Method::GET);
    }
}
