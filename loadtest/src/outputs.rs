//! Where the results of a scenario or a comparison go: the terminal, and whichever files were asked for.

use std::fmt::Display;
use std::fs::File;
use std::io::Write;

use serde::Serialize;

use crate::cli::OutputArgs;
use crate::error::Error;
use crate::locust::write as locust;
use crate::output::{Output, create};
use crate::scenario::report::ScenarioReport;

/// What will be written once the run is over.
#[derive(Debug)]
pub struct Outputs {
    output: Output,
    html: Option<File>,
    csv: Option<File>,
}

// === impl Outputs ===

impl Outputs {
    /// Opens what is to be written, so that a wrong path is found before the run and not after it.
    ///
    /// # Errors
    /// [`Error::File`] when one of the files cannot be created.
    pub fn open(args: &OutputArgs) -> Result<Self, Error> {
        let csv = args.csv.as_deref().map(locust::path);
        Ok(Self {
            output: Output::open(args.json.clone())?,
            html: args
                .html
                .as_deref()
                .map(|path| create("--html", path))
                .transpose()?,
            csv: csv
                .as_deref()
                .map(|path| create("--csv", path))
                .transpose()?,
        })
    }

    /// Writes the results as a table, and as JSON, a page and Locust's CSV where those were asked for.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::Csv`] and [`Error::Io`] when writing fails.
    pub fn write<D: Serialize>(
        self,
        document: &D,
        table: &impl Display,
        page: impl FnOnce(&D) -> String,
        csv: &ScenarioReport,
    ) -> Result<(), Error> {
        self.output.write(document, table)?;
        if let Some(mut file) = self.html {
            file.write_all(page(document).as_bytes())?;
        }
        if let Some(file) = self.csv {
            locust::write(csv, file)?;
        }
        Ok(())
    }
}
