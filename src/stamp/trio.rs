//! Limit, remaining and reset: three headers about one limit, in several spellings, settled with our stamp.
//!
//! The stricter of the two sets stays, as a set: that with less remaining, or with as much until later. Each header has one
//! value in the end: clients differ in which of several they read. In the spelling of our stamp the whole set is set; in the
//! others only what the origin sends. All of it is linear in the values.

use super::Families;
use super::list;
use crate::head::{Head, value};
use crate::names::{
    MORE_IN, POLICY, QUOTA, REMAINING, STANDING, TRIOS, X_LIMIT, X_REMAINING, X_RESET,
};

/// Below this a reset is not a time but a number of seconds from now: as a time it would be in 2001.
const FIRST_EPOCH_S: u64 = 1_000_000_000;

/// The family of [`TRIOS`] in which a stamp is written.
const OURS: usize = 0;
/// That of the older drafts.
const DRAFT_6: usize = 1;

/// What our stamp says of the limit that binds.
struct Binding {
    limit: u64,
    remaining: u64,
    reset_s: u64,
}

/// Whether the family at this place of [`TRIOS`] is settled with a stamp of these families: one of the older drafts with any.
pub(super) const fn is_settled(index: usize, families: Families) -> bool {
    families.x_ratelimit || (families.draft && index == DRAFT_6)
}

/// What is to be set of all trios on a response that has `theirs`.
pub(super) fn settled(ours: &str, theirs: &str, now_s: u64) -> Head {
    let mut head = Head::default();
    let Some(binding) = Binding::read(ours, now_s) else {
        return head;
    };
    let families = Families {
        x_ratelimit: value(ours, X_REMAINING).is_some(),
        draft: value(ours, STANDING).is_some(),
    };
    for (index, names) in TRIOS.iter().enumerate() {
        if is_settled(index, families) {
            binding.settle(&mut head, index, names, theirs, now_s);
        }
    }
    head
}

// === impl Binding ===

impl Binding {
    /// From the trio, or from the lists: then the item with the least left.
    fn read(ours: &str, now_s: u64) -> Option<Self> {
        if let (Some(limit), Some(remaining)) = (value(ours, X_LIMIT), value(ours, X_REMAINING)) {
            return Some(Self {
                limit: limit.parse().ok()?,
                remaining: remaining.parse().ok()?,
                reset_s: value(ours, X_RESET)?.parse().ok()?,
            });
        }
        let items = list::parse(value(ours, STANDING)?)?;
        let number = |item: &list::Item<'_>, key| u64::try_from(item.integer(key)?).ok();
        let least = items.iter().min_by_key(|item| number(item, REMAINING))?;
        let policies = list::parse(value(ours, POLICY)?)?;
        let policy = policies.iter().find(|policy| policy.has_name_of(least))?;
        Some(Self {
            limit: number(policy, QUOTA)?,
            remaining: number(least, REMAINING)?,
            reset_s: now_s.saturating_add(number(least, MORE_IN)?),
        })
    }

    /// Adds what is to be set of one family.
    fn settle(&self, head: &mut Head, index: usize, names: &[&str; 3], theirs: &str, now_s: u64) {
        let [limit, remaining, reset] = names.map(|name| value(theirs, name));
        let [limit_name, remaining_name, reset_name] = *names;
        let is_ours = index == OURS;
        // A number of seconds where the origin writes one, and in the older drafts.
        let is_delay =
            |text: &str| index == DRAFT_6 || text.parse().is_ok_and(|s: u64| s < FIRST_EPOCH_S);
        let written = |reset_s: u64, text: &str| {
            if is_delay(text) && !is_ours {
                reset_s.saturating_sub(now_s)
            } else {
                reset_s
            }
        };
        if self.is_laxer(remaining, reset, now_s) {
            // What the origin leaves out is filled in, and several values become one.
            let is_kept = |text: Option<&str>| text.map_or(!is_ours, |text| !text.contains(','));
            if !is_kept(limit) {
                match limit.and_then(|text| least(text, leading)) {
                    Some(limit) => head.set(limit_name, limit),
                    None => head.set(limit_name, self.limit),
                }
            }
            if !is_kept(remaining)
                && let Some(remaining) = remaining.and_then(|text| least(text, whole))
            {
                head.set(remaining_name, remaining);
            }
            if !is_kept(reset) {
                let text = reset.unwrap_or_default();
                let reset_s = latest_s(text, now_s).unwrap_or(self.reset_s);
                head.set(reset_name, written(reset_s, text));
            }
            return;
        }
        if is_ours || limit.is_some() {
            head.set(limit_name, self.limit);
        }
        if is_ours || remaining.is_some() {
            head.set(remaining_name, self.remaining);
        }
        if is_ours || reset.is_some() {
            head.set(reset_name, written(self.reset_s, reset.unwrap_or_default()));
        }
    }

    /// Whether less is left under their limit, or as much until later.
    fn is_laxer(&self, remaining: Option<&str>, reset: Option<&str>, now_s: u64) -> bool {
        let Some(their) = remaining.and_then(|text| least(text, whole)) else {
            return false;
        };
        let later = || reset.and_then(|text| latest_s(text, now_s)) > Some(self.reset_s);
        their < self.remaining || their == self.remaining && later()
    }
}

/// The smallest of the numbers; there are several where a header was set several times.
fn least(text: &str, number: fn(&str) -> Option<u64>) -> Option<u64> {
    let mut least = None;
    for each in text.split(',') {
        let number = number(each.trim())?;
        least = Some(number.min(least.unwrap_or(number)));
    }
    least
}

/// A number of permits. What is overdrawn is used up.
fn whole(text: &str) -> Option<u64> {
    match text.strip_prefix('-') {
        Some(overdrawn) => overdrawn.parse::<u64>().ok().map(|_| 0),
        None => text.parse().ok(),
    }
}

/// The number in front of parameters, as older drafts have them: `100;w=60`.
fn leading(text: &str) -> Option<u64> {
    whole(text.split(';').next()?.trim())
}

/// The latest of the times, in seconds since the Unix epoch. Some write them with a fraction.
fn latest_s(text: &str, now_s: u64) -> Option<u64> {
    let mut latest_s = None;
    for each in text.split(',').map(str::trim) {
        let (whole, fraction) = each.split_once('.').unwrap_or((each, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut reset_s = whole.parse::<u64>().ok()?;
        if reset_s < FIRST_EPOCH_S {
            reset_s = now_s.saturating_add(reset_s);
        }
        let is_begun = fraction.bytes().any(|byte| byte != b'0');
        latest_s = latest_s.max(Some(reset_s.saturating_add(u64::from(is_begun))));
    }
    latest_s
}
