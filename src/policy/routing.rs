//! The rules that a request falls under.
//!
//! Each method that the request claims, with each reading of each path, selects the first rule without `also` that matches, or
//! the default, and every rule with `also` that matches. All that are selected count, so a looser rule never wins over a
//! stricter one by a spelling. Exempt is only a request of which all that is said is exempt, letter by letter.
//!
//! Rules in shadow mode change nothing of that: the first of the others is selected as if they were not there. What is first of
//! all, be it in shadow mode, is selected as well, and counts as it would if it were enforced.

use std::borrow::Cow;

use super::{Action, Policy, Rule};
use crate::route::{Claims, PATH_HEADERS, Reader, RequestLine, resolve};

/// The rules that a request falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// Those without `also`, the default last, then those with it; of either the policy's order. If the request is exempt, the
    /// one rule that exempts it.
    rules: Vec<&'a Rule>,
    /// `true` if the request is counted by none.
    pub is_exempt: bool,
}

/// The methods and paths that a request claims.
struct Claimed<'a> {
    method: &'a str,
    /// Resolved.
    path: Cow<'a, str>,
    other_methods: Claims<'a>,
    other_paths: Claims<'a>,
}

/// Which rules have been selected: those of the policy in its order, then the default.
struct Selection<'a> {
    policy: &'a Policy,
    is_selected: Vec<bool>,
}

// === impl Policy ===

impl Policy {
    /// The rules that a request falls under of which no more is known. `raw` is the path as it was sent.
    #[must_use]
    pub fn route(&self, method: &str, raw: &str) -> Route<'_> {
        self.route_line(&RequestLine::new(method, raw))
    }

    /// The rules that a request falls under.
    #[must_use]
    pub fn route_line(&self, line: &RequestLine<'_>) -> Route<'_> {
        let claimed = self.claimed(line);
        if let Some(rule) = self.exempting(line, &claimed) {
            return Route {
                rules: vec![rule],
                is_exempt: true,
            };
        }
        let mut selection = Selection::new(self);
        // Each path is read once, whatever methods it goes with.
        claimed.each_path(&mut |path| match path {
            Some(path) => self.reader.each_reading(path, &mut |reading| {
                claimed.each_method(&mut |method| selection.add(method, reading));
            }),
            None => claimed.each_method(&mut |method| selection.add_all(method)),
        });
        Route {
            rules: selection.rules(),
            is_exempt: false,
        }
    }

    /// The names of the headers that are not passed on, in lower case: an origin might take another path from them than the
    /// one that is counted.
    #[must_use]
    pub const fn dropped_headers(&self) -> &'static [&'static str] {
        if self.keeps_rewrite_headers {
            &[]
        } else {
            &PATH_HEADERS
        }
    }

    /// Every reading of a request, as method and path, with the rules that it falls under in it.
    #[must_use]
    pub fn readings(&self, line: &RequestLine<'_>) -> Vec<(String, Vec<&Rule>)> {
        let mut readings = Vec::new();
        self.claimed(line).each(&mut |method, path| {
            let mut tell = |reading: &str| {
                let mut selection = Selection::new(self);
                match path {
                    Some(_) => selection.add(method, reading),
                    None => selection.add_all(method),
                }
                let method = method.unwrap_or("*");
                readings.push((format!("{method} {reading}"), selection.rules()));
            };
            match path {
                Some(path) => self.reader.each_reading(path, &mut tell),
                None => tell("/**"),
            }
        });
        readings
    }

    fn claimed<'a>(&self, line: &RequestLine<'a>) -> Claimed<'a> {
        Claimed {
            method: line.method,
            path: resolve(line.path),
            other_methods: line.other_methods(),
            other_paths: if self.keeps_rewrite_headers {
                line.other_paths()
            } else {
                Claims::NONE
            },
        }
    }

    /// The rule that exempts a request, if nothing that is said of it can be understood as anything else.
    fn exempting(&self, line: &RequestLine<'_>, claimed: &Claimed<'_>) -> Option<&Rule> {
        let is_exempt = |rule: &&Rule| rule.action == Action::Exempt;
        // Rules behind the last that exempts need not be looked at: most requests are matched once.
        let last = self.rules.iter().rposition(|rule| is_exempt(&rule))?;
        // A path that was resolved was not written exactly.
        if claimed.path != line.path {
            return None;
        }
        let mut by = None;
        let mut are_all = true;
        claimed.each(&mut |method, path| {
            let is_exact = |path: &&str| Reader::is_plain(path);
            let (Some(method), Some(path)) = (method, path.filter(is_exact)) else {
                are_all = false;
                return;
            };
            self.reader.each_reading(path, &mut |reading| {
                let rules = self.rules.iter().take(last + 1);
                let mut rules = rules.filter(|rule| !rule.also && !rule.is_shadow());
                let first = rules.find(|rule| rule.matches_as_its_action_does(method, reading));
                let exempt = first.filter(is_exempt);
                are_all &= exempt.is_some();
                by = by.or(exempt);
            });
        });
        by.filter(|_| are_all)
    }
}

// === impl Claimed ===

impl Claimed<'_> {
    /// Tells each method together with each path, the request's own first; nothing stands for any.
    fn each(&self, tell: &mut dyn FnMut(Option<&str>, Option<&str>)) {
        self.each_path(&mut |path| self.each_method(&mut |method| tell(method, path)));
    }

    fn each_method(&self, tell: &mut dyn FnMut(Option<&str>)) {
        tell(Some(self.method));
        match &self.other_methods {
            Claims::These(methods) => methods.iter().for_each(|other| tell(Some(other))),
            Claims::Any => tell(None),
        }
    }

    fn each_path(&self, tell: &mut dyn FnMut(Option<&str>)) {
        tell(Some(&self.path));
        match &self.other_paths {
            Claims::These(paths) => paths.iter().for_each(|other| tell(Some(other))),
            Claims::Any => tell(None),
        }
    }
}

// === impl Route ===

impl<'a> Route<'a> {
    /// All of them. Those without `also` come first.
    pub fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().copied()
    }
}

// === impl Selection ===

impl<'a> Selection<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            is_selected: vec![false; policy.rules.len() + 1],
        }
    }

    /// What one reading selects.
    fn add(&mut self, method: Option<&str>, reading: &str) {
        self.add_matching(|rule| rule.matches(method, reading), method.is_none());
        if self.policy.reader.is_strict {
            self.add_matching(
                |rule| rule.matches_exactly(method, reading),
                method.is_none(),
            );
        }
    }

    /// What any path selects.
    fn add_all(&mut self, method: Option<&str>) {
        self.add_matching(|rule| rule.matches_method(method), true);
    }

    /// Selects the rules in addition that match; of the others the first that is enforced and the first of all, or all of them if
    /// it may be any; and the default if none of these matches or it may be any.
    fn add_matching(&mut self, matches: impl Fn(&Rule) -> bool, may_be_any: bool) {
        let (mut is_found, mut is_enforced_found) = (false, false);
        let mut is_selected = self.is_selected.iter_mut();
        for (rule, is_selected) in self.policy.rules.iter().zip(&mut is_selected) {
            let is_behind = if rule.is_shadow() {
                is_found
            } else {
                is_enforced_found
            };
            let is_wanted = rule.also || may_be_any || !is_behind;
            if is_wanted && rule.action != Action::Exempt && matches(rule) {
                *is_selected = true;
                is_found |= !rule.also;
                is_enforced_found |= !rule.also && !rule.is_shadow();
            }
        }
        let is_behind = if self.policy.default.is_shadow() {
            is_found
        } else {
            is_enforced_found
        };
        if let Some(is_selected) = is_selected.next().filter(|_| !is_behind || may_be_any) {
            *is_selected = true;
        }
    }

    fn rules(&self) -> Vec<&'a Rule> {
        let all = || {
            let rules = self.policy.rules.iter();
            let rules = rules.map(|rule| (rule, rule.also));
            let rules = rules.chain([(&self.policy.default, false)]);
            rules.zip(&self.is_selected)
        };
        let of = |also: bool| {
            all().filter_map(move |((rule, is_also), is_selected)| {
                (*is_selected && is_also == also).then_some(rule)
            })
        };
        of(false).chain(of(true)).collect()
    }
}

// === impl Rule ===

impl Rule {
    fn matches(&self, method: Option<&str>, reading: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches(method, reading))
    }

    fn matches_exactly(&self, method: Option<&str>, reading: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches_exactly(method, reading))
    }

    fn matches_method(&self, method: Option<&str>) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches_method(method))
    }

    /// Exemptions strictly, limits leniently.
    fn matches_as_its_action_does(&self, method: &str, reading: &str) -> bool {
        match self.action {
            Action::Exempt => self.matches_exactly(Some(method), reading),
            Action::Count(_) => self.matches(Some(method), reading),
        }
    }
}

#[cfg(test)]
mod tests;
