//! A ledger on disk: one value of versioned bytes. Every version that was ever written can be read.

use crate::ledger::Ledger;
use crate::message::{self, MessageError};

mod v1;

const VERSION: u8 = 2;

/// The ledger as bytes.
#[must_use]
pub fn encode(ledger: &Ledger) -> Vec<u8> {
    message::encode(VERSION, ledger)
}

/// The ledger from bytes.
///
/// # Errors
/// [`MessageError`]; never panics, whatever the bytes.
pub fn decode(bytes: &[u8]) -> Result<Ledger, MessageError> {
    if bytes.first() == Some(&v1::VERSION) {
        return message::decode(v1::VERSION, bytes).map(v1::Ledger::into);
    }
    message::decode(VERSION, bytes)
}
