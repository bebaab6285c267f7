//! The proxy: where a request goes, which headers pass, and why there may be no answer.

mod address;
mod failure;
mod outgoing;
mod passage;

pub use address::{ADDRESSES, exchanged};
pub use failure::Failure;
pub use outgoing::{Outgoing, Pseudonym};
pub use passage::Passage;
