//! Allowances in words.

use bouncer::policy::{Allowance, Allowances, Holder, algorithm_name};
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
