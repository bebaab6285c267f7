//! How much a rule allows, and to whom: limits for all, or others for a plan or a role.

use std::collections::BTreeMap;

use bouncer_durable::Limit;

use crate::identity::{Client, KeyKind};

/// What is allowed under a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowance {
    /// Everything: nothing is counted.
    Unlimited,
    /// What these limits admit, decided together.
    Limits(Vec<Limit>),
}

/// What is allowed to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowances {
    /// To those with a role. A role is looked for before a plan.
    pub roles: BTreeMap<String, Allowance>,
    /// To those on a plan.
    pub plans: BTreeMap<String, Allowance>,
    /// To everybody else.
    pub default: Allowance,
}

/// Of whom an allowance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// Everybody who has this role.
    Role(&'a str),
    /// Everybody on this plan.
    Plan(&'a str),
    /// Everybody else.
    Anybody,
}

// === impl Allowances ===

impl Allowances {
    /// The allowance of this client where it is counted by a key of this kind: that of the first of its roles which has one,
    /// else of its plan, else the default. Its credentials are not looked at where nobody has another.
    pub fn of(&self, client: &Client<'_>, key: &KeyKind) -> (Holder<'_>, &Allowance) {
        let by_role = || {
            client
                .roles(key)
                .find_map(|role| self.roles.get_key_value(role))
        };
        if !self.roles.is_empty()
            && let Some((role, allowance)) = by_role()
        {
            return (Holder::Role(role), allowance);
        }
        if !self.plans.is_empty()
            && let Some(plan) = client.plan(key)
            && let Some((plan, allowance)) = self.plans.get_key_value(plan)
        {
            return (Holder::Plan(plan), allowance);
        }
        (Holder::Anybody, &self.default)
    }

    /// Every allowance and whose it is, the default last.
    pub fn each(&self) -> impl Iterator<Item = (Holder<'_>, &Allowance)> {
        let roles = self
            .roles
            .iter()
            .map(|(role, allowance)| (Holder::Role(role), allowance));
        let plans = self
            .plans
            .iter()
            .map(|(plan, allowance)| (Holder::Plan(plan), allowance));
        roles.chain(plans).chain([(Holder::Anybody, &self.default)])
    }
}
