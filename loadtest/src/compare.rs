//! `loadtest compare`: the same load straight at the API and through Bouncer, side by side.

pub mod report;
pub mod table;
