//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The Task Manager API: users, tokens and tasks over HTTP, kept in SQLite.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API; needs the environment variable `JWT_SECRET`, of at least 32 bytes
    ///
    /// With the environment variable `BOUNCER_SECRET`, it answers only requests that carry it as `X-Bouncer-Secret`.
    Serve(Serve),
    /// Make demo users with tasks; those already there are left alone
    Seed(Seed),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// SQLite file, created if missing
    #[arg(long, default_value = "tasks.sqlite")]
    pub(crate) database: PathBuf,
    /// Also serve `GET /api/v1/debug/fail`, which answers 500, and `/api/v1/debug/load`, which counts
    #[arg(long)]
    pub(crate) debug_routes: bool,
    /// How the log is written, to standard error; `RUST_LOG` chooses what is in it
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines to read: warnings and errors, unless `RUST_LOG` says more
    Text,
    /// A JSON object on each line: every request too, unless `RUST_LOG` says less
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// SQLite file, created if missing
    #[arg(long, default_value = "tasks.sqlite")]
    pub(crate) database: PathBuf,
    /// How many users: demo1, demo2 and so on, five to an organisation; an admin comes on top
    #[arg(long, default_value_t = 3)]
    pub(crate) users: u32,
    /// How many tasks each
    #[arg(long, default_value_t = 200)]
    pub(crate) tasks: u32,
}
