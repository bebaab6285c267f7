//! `loadtest compare`: the same load straight at the API and through Bouncer, side by side.
//!
//! Three runs of one plan, with the same seed and the same arrivals: through Bouncer without the attack, which is as good
//! as it can be on this machine; through Bouncer with it; and with it straight at the API. That one comes last, since it
//! leaves the API busy.

use crate::cli::CompareArgs;
use crate::client;
use crate::compare::report::Comparison;
use crate::compare::table::Table;
use crate::error::Error;
use crate::html;
use crate::outputs::Outputs;
use crate::request::Target;
use crate::scenario::{Play, rest, shape};

pub mod report;
pub mod table;

/// Sends the load three times, shows what came of it.
///
/// # Errors
/// [`Error`] when the runs could not take place or their results could not be written.
pub fn run(args: &CompareArgs) -> Result<(), Error> {
    let outputs = Outputs::open(&args.outputs)?;
    let comparison = client::runtime()?.block_on(compare(args))?;
    let csv = &comparison.protected;
    outputs.write(&comparison, &Table(&comparison), html::comparison, csv)
}

async fn compare(args: &CompareArgs) -> Result<Comparison, Error> {
    let play = async |label: &str, target: &Target, attackers: u32| {
        rest(&args.origin).await?;
        let play = Play {
            label,
            target,
            origin: Some(&args.origin),
            shape: shape(&args.load, attackers),
            timeout: args.load.timeout(),
            password: &args.load.password,
        };
        play.through().await
    };
    let calm = play("calm", &args.through, 0).await?;
    let protected = play("protected", &args.through, args.attackers).await?;
    let unprotected = play("unprotected", &args.origin, args.attackers).await?;
    Ok(Comparison::new(unprotected, protected, calm))
}
