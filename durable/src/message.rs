//! What the edge and the object say to each other, as bytes.
//!
//! The first byte is the version; what follows is `postcard`. The message carries the limits, so the two sides need
//! not know the same policy, and a side that does not know a version says so instead of guessing.

use std::num::NonZeroU32;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ledger::{Claim, Decision};

const VERSION: u8 = 1;

/// A request for permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Permits to take under every limit.
    pub cost: NonZeroU32,
    /// What they are taken from, all or nothing.
    pub claims: Vec<Claim>,
}

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not a version this side knows.
    #[error(
        "message version {0} is not known here (this side speaks {VERSION}); deploy the same release everywhere"
    )]
    UnknownVersion(u8),
    /// Not what the version says it is.
    #[error("message is damaged")]
    Damaged,
}

/// A message of the current version.
pub trait Message: Serialize + DeserializeOwned {
    /// The message as bytes.
    fn encode(&self) -> Vec<u8> {
        encode(VERSION, self)
    }

    /// The message from bytes.
    ///
    /// # Errors
    /// [`MessageError`]; no bytes whatever make it panic.
    fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        decode(VERSION, bytes)
    }
}

impl Message for Take {}
impl Message for Decision {}

/// `value` behind a version byte.
pub(crate) fn encode(version: u8, value: &impl Serialize) -> Vec<u8> {
    // Serialising into a growing vector fails for no value of ours: every length is known in advance.
    postcard::to_extend(value, vec![version]).unwrap_or_default()
}

/// The value behind a version byte.
pub(crate) fn decode<T: DeserializeOwned>(known: u8, bytes: &[u8]) -> Result<T, MessageError> {
    match bytes.split_first() {
        Some((version, rest)) if *version == known => {
            postcard::from_bytes(rest).map_err(|_| MessageError::Damaged)
        }
        Some((version, _)) => Err(MessageError::UnknownVersion(*version)),
        None => Err(MessageError::Damaged),
    }
}

#[cfg(test)]
mod tests;
