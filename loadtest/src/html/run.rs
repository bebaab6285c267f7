//! A run on a page: what it is called and how it is drawn, the same everywhere.

use maud::{Markup, html};

use crate::scenario::report::ScenarioReport;

/// A run and its looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) name: &'static str,
    pub(super) tone: Tone,
    pub(super) report: &'a ScenarioReport,
}

/// How a run is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Unprotected,
    Protected,
    Calm,
}

// === impl Tone ===

impl Tone {
    /// The class that gives it its colour and its dashes.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Unprotected => "unprotected",
            Self::Protected => "protected",
            Self::Calm => "calm",
        }
    }
}

/// Which line is which run; nothing where there is only one.
pub(super) fn legend(runs: &[Run<'_>]) -> Markup {
    html! {
        @if runs.len() > 1 {
            ul.legend {
                @for run in runs {
                    li { span.key.(run.tone.class()) {} (run.name) }
                }
            }
        }
    }
}
