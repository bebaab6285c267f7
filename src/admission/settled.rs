//! Takes that are known to stand, to be told to their ledger with the next message to it.
//!
//! While wider keys are still asked, a ledger holds a take as provisional, and a refusal that rests on it says so. Once all
//! have admitted and the request has ended, the isolate knows better than the ledger; telling it costs no message of its own. What is never told stands
//! by itself after a while.

use super::generations::Generations;
use crate::identity::Key;

/// How many takes of a key are told; those beyond stand by themselves.
const MAX_TAKES: usize = 256;

/// The identifiers of takes by the key of their ledger.
#[derive(Default)]
pub struct Settled(Generations<Vec<u64>>);

// === impl Settled ===

impl Settled {
    /// Notes that a take of this key stands.
    pub fn note(&mut self, key: &Key, id: u64) {
        let takes = self.0.get_or_default(key.to_string());
        if takes.len() < MAX_TAKES {
            takes.push(id);
        }
    }

    /// What there is to tell the ledger of this key. Whoever is given it tells it.
    pub fn of(&mut self, key: &Key) -> Vec<u64> {
        let name = key.as_str();
        let takes = self.0.get(name).map(std::mem::take).unwrap_or_default();
        self.0.forget(name);
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_take_is_told_once_to_its_own_ledger() {
        let mut settled = Settled::default();
        let [ada, eve] = ["ada", "eve"].map(|user| Key::new([("user", user)]));
        settled.note(&ada, 1);
        settled.note(&eve, 2);
        settled.note(&ada, 3);
        assert_eq!(settled.of(&ada), [1, 3]);
        assert_eq!(settled.of(&ada), [0; 0]);
        assert_eq!(settled.of(&eve), [2]);
    }

    #[test]
    fn a_flood_of_takes_is_told_in_part() {
        let mut settled = Settled::default();
        let ada = Key::new([("user", "ada")]);
        (0..1_000).for_each(|id| settled.note(&ada, id));
        assert_eq!(settled.of(&ada).len(), MAX_TAKES);
    }
}
