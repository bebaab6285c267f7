//! A memory of bounded size, by name.
//!
//! There are two generations: when the young one is full, the old one is forgotten and the young one takes its place. What
//! is asked for again moves to the young one, so what keeps being asked for stays.

use std::collections::BTreeMap;

/// How many names a generation holds.
pub(super) const MAX_NAMES: usize = 10_000;

/// Values by name.
pub(super) struct Generations<V> {
    young: BTreeMap<String, V>,
    old: BTreeMap<String, V>,
}

// === impl Generations ===

impl<V> Generations<V> {
    /// The value of this name, if it is remembered.
    pub(super) fn get(&mut self, name: &str) -> Option<&mut V> {
        if let Some(value) = self.old.remove(name) {
            self.set(name.to_owned(), value);
        }
        self.young.get_mut(name)
    }

    /// Remembers a value.
    pub(super) fn set(&mut self, name: String, value: V) {
        if !self.young.contains_key(&name) && self.young.len() >= MAX_NAMES {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&name);
        self.young.insert(name, value);
    }

    /// Forgets a value.
    pub(super) fn forget(&mut self, name: &str) {
        self.young.remove(name);
        self.old.remove(name);
    }
}

impl<V: Default> Generations<V> {
    /// The value of this name, new if it is not remembered.
    pub(super) fn get_or_default(&mut self, name: String) -> &mut V {
        if self.get(&name).is_none() {
            self.set(name.clone(), V::default());
        }
        self.young.entry(name).or_default()
    }
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self {
            young: BTreeMap::new(),
            old: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_being_asked_for_stays_and_the_rest_is_forgotten() {
        let mut memory = Generations::default();
        memory.set("busy".to_owned(), 1);
        memory.set("idle".to_owned(), 2);
        for name in 0..3 * MAX_NAMES {
            memory.set(name.to_string(), 0);
            if name % 1_000 == 0 {
                assert_eq!(memory.get("busy"), Some(&mut 1));
            }
        }
        assert_eq!(memory.get("idle"), None);
        assert!(memory.young.len() <= MAX_NAMES && memory.old.len() <= MAX_NAMES);
        memory.forget("busy");
        assert_eq!(memory.get("busy"), None);
    }
}
