//! `loadtest hammer`: one client, one kind of request, many at once.

use std::time::Duration;

use crate::cli::HammerArgs;
use crate::client::{self, Keep};
use crate::error::Error;
use crate::output::Output;
use crate::report::Report;
use crate::request::{Target, template};
use crate::statistics::Statistics;
use crate::table::Table;
use crate::volley::{self, Load, Volley};

/// Sends the load, shows what came of it.
///
/// # Errors
/// [`Error::NoAnswer`] after showing the results, when every request ended in a transport error; other variants when
/// the run could not take place or its results could not be written.
pub fn run(args: HammerArgs) -> Result<(), Error> {
    let output = Output::open(args.json.clone())?;
    let volley = client::runtime()?.block_on(fire(&args))?;

    let show_refusal = args.show_refusal;
    let target = args.url.clone();
    let report = report(args, volley)?;
    output.write(&report, &page(&report, show_refusal))?;
    answered(&report, target)
}

async fn fire(args: &HammerArgs) -> Result<Volley, Error> {
    let load = Load {
        request: template(&args.url, &args.method, &args.headers, &args.body),
        requests: args.requests,
        concurrency: args.concurrency,
        timeout: args.timeout(),
        keep: if args.show_refusal {
            Keep::Refusals
        } else {
            Keep::Nothing
        },
    };
    Ok(volley::fire(load, args.url.addresses().await?).await?)
}

fn report(args: HammerArgs, volley: Volley) -> Result<Report, Error> {
    let statistics = Statistics::of(&volley.samples)?;
    Ok(Report {
        label: args.label,
        method: args.method.to_string(),
        url: args.url.url,
        requests: args.requests,
        concurrency: args.concurrency.min(args.requests),
        timeout_ms: args.timeout_ms,
        connections: volley.connections,
        wall_ms: thousandths(volley.wall.as_secs_f64() * 1_000.0),
        requests_per_s: per_second(args.requests, volley.wall),
        served_per_s: per_second(statistics.served.count, volley.wall),
        statistics,
        refusal: volley.refusal,
    })
}

fn per_second(count: u32, wall: Duration) -> f64 {
    // A run too short for the clock still took some time.
    thousandths(f64::from(count) / wall.max(Duration::from_micros(1)).as_secs_f64())
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn page(report: &Report, show_refusal: bool) -> String {
    let table = Table(report);
    match &report.refusal {
        Some(refusal) => format!("{table}\nThe first refusal:\n\n{refusal}"),
        None if show_refusal => format!("{table}\nNo request was refused.\n"),
        None => table.to_string(),
    }
}

fn answered(report: &Report, target: Target) -> Result<(), Error> {
    let Statistics {
        status_counts,
        transport_errors,
        ..
    } = &report.statistics;
    match transport_errors.iter().max_by_key(|(_, count)| **count) {
        Some((most_common, _)) if status_counts.is_empty() => Err(Error::NoAnswer {
            most_common: *most_common,
            host: target.host,
            port: target.port,
        }),
        _ => Ok(()),
    }
}
