//! Where results go: the terminal, a file, or JSON alone on stdout.

use std::convert::Infallible;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::error::Error;

/// Where `--json` points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonOutput {
    /// `-`: JSON and nothing else on stdout.
    Stdout,
    /// A file, replaced if it exists.
    File(PathBuf),
}

/// What will be written once the run is over.
#[derive(Debug)]
pub enum Output {
    /// JSON on stdout.
    Json,
    /// A page for people on stdout, and JSON in a file if one was named.
    Page(Option<File>),
}

// === impl JsonOutput ===

impl FromStr for JsonOutput {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        Ok(match argument {
            "-" => Self::Stdout,
            path => Self::File(path.into()),
        })
    }
}

// === impl Output ===

impl Output {
    /// Opens what is to be written, so that a wrong path is found before the run and not after it.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be created.
    pub fn open(json: Option<JsonOutput>) -> Result<Self, Error> {
        Ok(match json {
            None => Self::Page(None),
            Some(JsonOutput::Stdout) => Self::Json,
            Some(JsonOutput::File(path)) => Self::Page(Some(create("--json", &path)?)),
        })
    }

    /// Writes `report`, or `page`, or both. Colour is kept only where stdout is a terminal.
    ///
    /// # Errors
    /// [`Error::Json`] and [`Error::Io`] when writing fails.
    pub fn write(self, report: &impl Serialize, page: &impl Display) -> Result<(), Error> {
        match self {
            Self::Json => write_json(io::stdout().lock(), report),
            Self::Page(file) => {
                write!(anstream::stdout().lock(), "{page}")?;
                file.map_or(Ok(()), |file| write_json(file, report))
            }
        }
    }
}

/// Creates the file that an argument names.
pub(crate) fn create(argument: &'static str, path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|source| Error::File {
        argument,
        path: path.to_owned(),
        source,
    })
}

fn write_json(mut to: impl Write, report: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report)?;
    Ok(writeln!(to, "{text}")?)
}
