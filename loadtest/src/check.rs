//! `loadtest check`: is this run good enough, and no worse than the one before?
//!
//! The files it reads come from three tools and say the same few things, so [`evidence`] brings them down to those, and
//! [`threshold`] judges them without knowing where they came from.

use std::io::Write;

use crate::check::evidence::Evidence;
use crate::check::threshold::{Grade, verdicts};
use crate::cli::CheckArgs;
use crate::error::Error;

pub mod evidence;
pub mod threshold;

/// Judges a file and prints a line for each threshold.
///
/// # Errors
/// [`Error::Missed`] when a threshold is; [`Error::Unreadable`] when one of the files cannot be judged.
pub fn run(args: &CheckArgs) -> Result<(), Error> {
    let evidence = Evidence::read(&args.file)?;
    let baseline = args.baseline.as_deref().map(Evidence::read_baseline);
    let baseline = baseline.transpose()?;
    let verdicts = verdicts(&evidence, &args.thresholds, baseline.as_ref());

    let mut out = anstream::stdout().lock();
    writeln!(out, "{evidence}")?;
    for verdict in &verdicts {
        writeln!(out, "{verdict}")?;
    }
    match verdicts
        .iter()
        .filter(|each| each.grade == Grade::Fail)
        .count()
    {
        0 => Ok(()),
        missed => Err(Error::Missed {
            missed,
            of: verdicts.len(),
        }),
    }
}
