//! Locust's `*_stats.csv`: written for tools that know it, read so that its runs can be checked like ours.
//!
//! Two things do not map. Locust knows no refusals: here they are part of `Request Count` and no part of `Failure Count`.
//! And its latencies are those of all requests: ours are those of the requests served, as everywhere in this crate.
//! The format demands an average; nothing else of ours shows one, and [`crate::statistics::finer`] says why.

pub mod read;
pub mod write;
