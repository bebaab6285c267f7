//! How much a rule allows, and to whom: limits for all, or others for a plan or a role.

use std::collections::BTreeMap;

use bouncer_durable::Limit;

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
    /// The allowance of somebody with these roles and this plan: that of the first role which has one, else of the plan,
    /// else the default.
    pub fn of<'a>(
        &self,
        mut roles: impl Iterator<Item = &'a str>,
        plan: Option<&str>,
    ) -> (Holder<'_>, &Allowance) {
        let by_role = roles.find_map(|role| self.roles.get_key_value(role));
        let by_plan = plan.and_then(|plan| self.plans.get_key_value(plan));
        match (by_role, by_plan) {
            (Some((role, allowance)), _) => (Holder::Role(role), allowance),
            (None, Some((plan, allowance))) => (Holder::Plan(plan), allowance),
            (None, None) => (Holder::Anybody, &self.default),
        }
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
