//! What the policy means, in words.

use bouncer::policy::{Allowance, Allowances, Counts, Holder, OnError, algorithm_name};
use bouncer_durable::Algorithm;

/// An allowance and whose it is: `plan pro: 500 per 1 minute`.
pub(crate) fn limits(holder: Holder<'_>, allowance: &Allowance) -> String {
    let limits = match allowance {
        Allowance::Unlimited => "unlimited".to_owned(),
        Allowance::Limits(limits) => {
            let limits: Vec<_> = limits.iter().map(ToString::to_string).collect();
            limits.join("; ")
        }
    };
    match holder {
        Holder::Role(role) => format!("role {role}: {limits}"),
        Holder::Plan(plan) => format!("plan {plan}: {limits}"),
        Holder::Anybody => limits,
    }
}

/// The algorithm that all limits of a rule are counted by, if there is any.
pub(crate) fn algorithm(allowances: &Allowances) -> Option<String> {
    let limit = allowances
        .each()
        .find_map(|(_, allowance)| match allowance {
            Allowance::Limits(limits) => limits.first(),
            Allowance::Unlimited => None,
        });
    Some(match limit?.algorithm() {
        Algorithm::TokenBucket { burst: Some(burst) } => format!("token-bucket, burst {burst}"),
        algorithm => algorithm_name(algorithm).to_owned(),
    })
}

/// Which requests stay counted, where not all do.
pub(crate) fn counts(counts: &Counts) -> Option<String> {
    match counts {
        Counts::Every => None,
        Counts::Failures => Some("only what is answered with a status from 400".to_owned()),
        Counts::Statuses(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(ToString::to_string).collect();
            Some(format!(
                "only what is answered with {}",
                statuses.join(", ")
            ))
        }
    }
}

/// What happens when the counter cannot be asked.
pub(crate) fn on_error(on_error: OnError) -> String {
    let meaning = match on_error {
        OnError::Open => "passes uncounted",
        OnError::Local => "is counted in the isolate",
        OnError::Closed => "is refused with 503",
    };
    format!("{meaning} ({})", on_error.name())
}
