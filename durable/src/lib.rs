//! Bouncer's counters.
//!
//! Everything here but `object` is plain Rust: it takes the time as an argument (`now_ms`, Unix time in milliseconds),
//! never reads a clock and never awaits, so it runs and is tested natively. `object` is the Durable Object around it:
//! it reads the clock and the storage, calls the core once, and writes.
//!
//! From the inside out: a [`limit`] is a number of permits per window with an [`algorithm`]; a [`counter`] holds one
//! key's state under one rule's limits; a [`ledger`] holds all counters of one key and decides over them at once.
//! [`message`] is what the edge and the object say to each other, [`snapshot`] what the object keeps on disk.

pub mod algorithm;
pub mod counter;
pub mod ledger;
pub mod limit;
pub mod message;
#[cfg(target_arch = "wasm32")]
pub mod object;
pub mod snapshot;

pub use algorithm::{Algorithm, Refused, Standing};
pub use limit::Limit;
