//! How long a response took, as `Server-Timing` tells it (W3C Server Timing).

use std::fmt::{self, Display, Formatter};

/// What a response waited for, in milliseconds. The clock of an isolate moves only while something is awaited, so this is
/// what the counters and the origin took, and not what was computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// From the request's arrival to its answer, but for the origin.
    pub bouncer_ms: u64,
    /// From the request to the origin to the head of its response; nothing where the origin was not asked.
    pub origin_ms: Option<u64>,
}

// === impl Timing ===

impl Timing {
    /// Of a request that came at `arrived_ms` and is answered at `now_ms`.
    #[must_use]
    pub fn new(arrived_ms: u64, now_ms: u64, origin_ms: Option<u64>) -> Self {
        let whole_ms = now_ms.saturating_sub(arrived_ms);
        Self {
            bouncer_ms: whole_ms.saturating_sub(origin_ms.unwrap_or_default()),
            origin_ms,
        }
    }
}

/// The metrics, in the order in which they begin.
impl Display for Timing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "bouncer;dur={}", self.bouncer_ms)?;
        match self.origin_ms {
            None => Ok(()),
            Some(origin_ms) => write!(f, ", origin;dur={origin_ms}"),
        }
    }
}
