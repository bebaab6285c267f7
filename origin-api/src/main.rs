//! The program `origin-api`: reads its command line, then serves or seeds.
//!
//! Standard output carries results only; the log and errors go to standard error. It exits with 1 when it cannot do
//! its work and with 2 when the command line is wrong.

mod args;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use origin_api::gate::{EdgeSecret, EmptySecret};
use origin_api::password::{PasswordError, Passwords};
use origin_api::seed::{self, SeedError, Seeded};
use origin_api::serve::{self, ServeError};
use origin_api::token::{TokenKey, WeakSecret};
use origin_api::{App, DebugRoutes, db};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::args::{Cli, Command, LogFormat, Seed, Serve};

/// Why the program gave up.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(
        "JWT_SECRET is not set: set it to the secret that the edge verifies tokens with, 32 bytes or more"
    )]
    NoSecret,
    #[error("JWT_SECRET is too short: {0}")]
    WeakSecret(#[from] WeakSecret),
    #[error("BOUNCER_SECRET is empty: set it to what Bouncer sends, or do not set it: {0}")]
    EmptySecret(#[from] EmptySecret),
    #[error(transparent)]
    Open(#[from] db::OpenError),
    #[error("cannot hash passwords: {0}")]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("{0}")]
    Io(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(args) => {
            log(args.log_format);
            run_server(args).await
        }
        Command::Seed(args) => {
            log(LogFormat::Text);
            run_seed(args).await
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the log from here on.
fn log(format: LogFormat) {
    let level = match format {
        LogFormat::Text => LevelFilter::WARN,
        LogFormat::Json => LevelFilter::INFO,
    };
    let filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
}

async fn run_server(args: Serve) -> Result<(), Failure> {
    let secret = std::env::var_os("JWT_SECRET").ok_or(Failure::NoSecret)?;
    let tokens = TokenKey::new(secret.as_encoded_bytes())?;
    let edge = std::env::var_os("BOUNCER_SECRET")
        .map(|secret| EdgeSecret::new(secret.as_encoded_bytes()))
        .transpose()?;
    let debug_routes = if args.debug_routes {
        DebugRoutes::Served
    } else {
        DebugRoutes::Hidden
    };
    // Before the database, so that a port in use leaves no file behind.
    let listener = serve::bind(args.listen).await?;
    let db = db::open(&args.database).await?;
    let mut app = App::new(db.clone(), tokens, Passwords::new()?);
    if let Some(edge) = edge {
        app = app.behind(edge);
    }
    let stop = stop_signal()?;

    writeln!(
        io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    serve::run(listener, app, debug_routes, stop).await?;
    db.close().await;
    Ok(())
}

async fn run_seed(args: Seed) -> Result<(), Failure> {
    let db = db::open(&args.database).await?;
    let Seeded {
        made,
        left,
        is_admin_made,
    } = seed::seed(&db, &Passwords::new()?, args.users, args.tasks).await?;
    db.close().await;

    let mut out = io::stdout();
    if !left.is_empty() {
        writeln!(out, "left as they were: {}", names(&left))?;
    }
    if made.is_empty() && !is_admin_made {
        writeln!(out, "nothing to do")?;
    }
    if !made.is_empty() {
        let (names, tasks, password) = (names(&made), args.tasks, seed::PASSWORD);
        writeln!(
            out,
            "made: {names}, with {tasks} tasks each and the password \"{password}\""
        )?;
    }
    if is_admin_made {
        let (name, password) = (seed::ADMIN, seed::PASSWORD);
        writeln!(
            out,
            "made: {name}, an admin, with the password \"{password}\""
        )?;
    }
    Ok(())
}

/// Names in a line that stays one.
fn names(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > 10 => {
            format!("{first} to {last} ({} users)", names.len())
        }
        _ => names.join(", "),
    }
}

/// Resolves at the first SIGINT or SIGTERM. Both are caught from the call on, not from the first poll.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
