//! A ledger on disk: one value of versioned bytes.

use crate::ledger::Ledger;
use crate::message::{self, MessageError};

const VERSION: u8 = 1;

/// The ledger as bytes.
#[must_use]
pub fn encode(ledger: &Ledger) -> Vec<u8> {
    message::encode(VERSION, ledger)
}

/// The ledger from bytes.
///
/// # Errors
/// [`MessageError`]; no bytes whatever make it panic.
pub fn decode(bytes: &[u8]) -> Result<Ledger, MessageError> {
    message::decode(VERSION, bytes)
}
