//! How the limiter conducts itself: what it does when a counter cannot be asked, where it counts, whether it refuses at
//! all, and which requests it counts in the end.

use serde::Deserialize;

use super::{PolicyError, Result};

/// What becomes of a request whose counter cannot be asked in time. The later, the stricter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// It passes, uncounted.
    Open,
    /// It is counted in the isolate that handles it, under the same limits.
    #[default]
    Local,
    /// It is refused with 503.
    Closed,
}

/// Where is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// In Durable Objects: one count for the whole world.
    #[default]
    Global,
    /// In each isolate by itself.
    Memory,
}

/// Whether a rule is enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It refuses, and stamps.
    #[default]
    Enforce,
    /// It counts, and only reports what it would have refused.
    Shadow,
}

/// Which requests stay counted once the origin has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Counts {
    /// All.
    #[default]
    Every,
    /// Those answered with a status from 400.
    Failures,
    /// Those answered with one of these statuses.
    Statuses(Vec<u16>),
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"every\", \"failures\", or a list of statuses such as [401, 403]"
)]
pub(super) enum CountsSource {
    Word(CountsWord),
    Statuses(Vec<u16>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CountsWord {
    Every,
    Failures,
}

pub(super) fn counts(source: Option<&CountsSource>, path: &str) -> Result<Counts> {
    let statuses = match source {
        None | Some(CountsSource::Word(CountsWord::Every)) => return Ok(Counts::Every),
        Some(CountsSource::Word(CountsWord::Failures)) => return Ok(Counts::Failures),
        Some(CountsSource::Statuses(statuses)) => statuses,
    };
    let at = format!("{path}.count");
    if let Some(status) = statuses
        .iter()
        .find(|status| !(200..=599).contains(*status))
    {
        let problem = format!("found {status}; write statuses from 200 to 599");
        return Err(PolicyError::new(at, problem));
    }
    if statuses.is_empty() {
        let problem = "found an empty list, which would count nothing; write statuses, or limit = \"unlimited\"";
        return Err(PolicyError::new(at, problem));
    }
    Ok(Counts::Statuses(statuses.clone()))
}

/// The statuses by which a network in front of the origin says that it did not reach it.
pub(super) fn refund_unreachable(statuses: Vec<u16>) -> Result<Vec<u16>> {
    match statuses
        .iter()
        .find(|status| !(500..=599).contains(*status))
    {
        None => Ok(statuses),
        Some(status) => {
            let problem = format!(
                "found {status}; write statuses from 500 to 599, such as 521 and 523, with which only the network in front of \
                 your API answers, and only where it has not reached it"
            );
            Err(PolicyError::new("refund_unreachable", problem))
        }
    }
}

// === impl OnError ===

impl OnError {
    /// Its name in a policy.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Local => "local",
            Self::Closed => "closed",
        }
    }
}

// === impl Counts ===

impl Counts {
    /// Whether a request with this answer stays counted.
    #[must_use]
    pub fn includes(&self, status: u16) -> bool {
        match self {
            Self::Every => true,
            Self::Failures => status >= 400,
            Self::Statuses(statuses) => statuses.contains(&status),
        }
    }
}
