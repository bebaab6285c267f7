//! A scenario as a person reads it in a terminal: each side by class and by route, served, refused and failed apart.

use std::fmt;

use anstyle::Style;

use crate::figures;
use crate::scenario::report::{Party, ScenarioReport};
use crate::table::{HEADINGS, alarm, cells, endings};

/// Draws a [`ScenarioReport`]. The only colour marks failures; whoever prints it strips that where it does not belong.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a ScenarioReport);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        writeln!(f, "{}", report.label)?;
        writeln!(f, "{}", report.url)?;
        writeln!(
            f,
            "{} users who arrive in {} s, {} attackers, {} s, seed {}",
            report.users, report.ramp_s, report.attackers, report.duration_s, report.seed
        )?;
        if let Some(origin) = report.origin {
            let (requests, cpu_ms) = (origin.requests, origin.cpu_ms);
            writeln!(f, "origin: {requests} requests, {cpu_ms} ms of CPU")?;
        }
        party(f, "victims", &report.victims)?;
        party(f, "attackers", &report.attack)
    }
}

/// One side: a line for each class, and one for each route of what was served there.
fn party(f: &mut fmt::Formatter<'_>, name: &str, party: &Party) -> fmt::Result {
    let statistics = &party.statistics;
    if statistics.requests() == 0 {
        return writeln!(f, "\n{name}: no requests");
    }
    writeln!(f, "\n{name}: {} requests", statistics.requests())?;
    writeln!(f, "{}", endings(statistics))?;

    // A route may be longer than any name of our own.
    let routes = party.routes.keys().map(|route| route.chars().count());
    let width = routes.max().unwrap_or_default().max(11) + 1;
    heading(f, width, "latency, ms", "count", &[])?;
    for (style, class, group) in [
        (Style::new(), "served", &statistics.served),
        (Style::new(), "refused", &statistics.refused),
        (alarm(statistics), "failed", &statistics.failed),
    ] {
        write!(f, "{style}{class:<width$}{:>8}", group.count)?;
        latencies(f, group.latency.as_ref())?;
        writeln!(f, "{style:#}")?;
    }

    heading(f, width, "by route", "served", &["refused", "failed"])?;
    for (route, of_route) in &party.routes {
        let style = alarm(of_route);
        write!(f, "{style}{route:<width$}{:>8}", of_route.served.count)?;
        latencies(f, of_route.served.latency.as_ref())?;
        writeln!(
            f,
            "{:>9}{:>9}{style:#}",
            of_route.refused.count, of_route.failed.count
        )?;
    }
    Ok(())
}

fn heading(
    f: &mut fmt::Formatter<'_>,
    width: usize,
    first: &str,
    count: &str,
    last: &[&str],
) -> fmt::Result {
    write!(f, "\n{first:<width$}{count:>8}")?;
    for heading in HEADINGS.iter().chain(last) {
        write!(f, "{heading:>9}")?;
    }
    writeln!(f)
}

fn latencies(
    f: &mut fmt::Formatter<'_>,
    latency: Option<&crate::statistics::Percentiles>,
) -> fmt::Result {
    for cell in cells(latency, figures::ms) {
        write!(f, "{cell:>9}")?;
    }
    Ok(())
}
