//! Who asks for what, and when: all of it drawn from a seed before the first request is sent.
//!
//! Nothing in a plan depends on an answer, so two runs of one plan are the same load (an open model). What an answer may
//! change is said in [`super::actor`]: nobody clicks before he is logged in, and whoever is polite waits when told.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::scenario::action::Action;
use crate::scenario::report::Side;

/// How much load, of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Users who behave.
    pub users: u32,
    /// How many of a hundred of them go on when they are refused.
    pub impatient_percent: u32,
    /// In how many seconds they arrive, one after the other.
    pub ramp_s: u32,
    /// How long the load lasts, in seconds.
    pub duration_s: u32,
    /// Clients who do not behave; they take turns in how.
    pub attackers: u32,
    /// Requests a second of each of them.
    pub attack_per_s: u32,
}

/// What everybody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Everybody.
    pub actors: Vec<Actor>,
}

/// What one client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// How it behaves.
    pub manner: Manner,
    /// The address it asks from.
    pub address: String,
    /// Whose account it uses.
    pub username: String,
    /// When it comes, in microseconds since the load began.
    pub arrives_us: u64,
    /// What it asks for, in the order of time.
    pub steps: Vec<Step>,
}

/// A request that will be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When, in microseconds since the load began.
    pub due_us: u64,
    /// What.
    pub action: Action,
}

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A user who waits as long as a refusal says.
    Polite,
    /// A user who does not.
    Impatient,
    /// Tries passwords of other people's accounts.
    BruteForce,
    /// Takes all it can find through the search.
    Scraper,
    /// A program with a fault, which exports over and over.
    BuggyLoop,
}

/// Between two clicks of a user, in microseconds.
const THINKS_US: std::ops::RangeInclusive<u64> = 500_000..=2_000_000;

const ATTACKS: [Manner; 3] = [Manner::BruteForce, Manner::Scraper, Manner::BuggyLoop];

// === impl Plan ===

impl Plan {
    /// Draws a plan.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(shape.seed);
        // One after the other, so that more users are more of the same.
        let mut own_dice = || Xoshiro256PlusPlus::seed_from_u64(dice.random());
        let users = (0..shape.users).map(|index| Actor::user(shape, index, own_dice()));
        let mut actors: Vec<Actor> = users.collect();
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(!shape.seed);
        let mut own_dice = || Xoshiro256PlusPlus::seed_from_u64(dice.random());
        let attackers = ATTACKS.iter().cycle().zip(0..shape.attackers);
        actors.extend(
            attackers.map(|(manner, index)| Actor::attacker(shape, *manner, index, own_dice())),
        );
        Self { actors }
    }
}

// === impl Actor ===

impl Actor {
    fn user(shape: Shape, index: u32, mut dice: Xoshiro256PlusPlus) -> Self {
        let arrives_us =
            u64::from(shape.ramp_s) * 1_000_000 * u64::from(index) / u64::from(shape.users.max(1));
        let mut steps = Vec::new();
        let mut due_us = arrives_us + dice.random_range(THINKS_US);
        while due_us < u64::from(shape.duration_s) * 1_000_000 {
            // The first look is at the list, as it has what else can be looked at.
            let action = match dice.random_range(0..9_u32) {
                _ if steps.is_empty() => Action::List,
                0..5 => Action::List,
                5..7 => Action::Get {
                    nth: dice.random_range(0..50),
                },
                7 => Action::Create {
                    number: dice.random(),
                },
                _ => Action::Search {
                    word: dice.random_range(0..100),
                },
            };
            steps.push(Step { due_us, action });
            due_us += dice.random_range(THINKS_US);
        }
        let is_impatient = index % 100 * 61 % 100 < shape.impatient_percent;
        Self {
            manner: if is_impatient {
                Manner::Impatient
            } else {
                Manner::Polite
            },
            address: address(1, index),
            username: account(index),
            arrives_us,
            steps,
        }
    }

    fn attacker(shape: Shape, manner: Manner, index: u32, mut dice: Xoshiro256PlusPlus) -> Self {
        let mut steps = Vec::new();
        let mut due_us = 0;
        loop {
            due_us += gap_us(shape.attack_per_s, dice.random());
            if due_us >= u64::from(shape.duration_s) * 1_000_000 {
                break;
            }
            let action = match manner {
                Manner::BruteForce => Action::GuessPassword {
                    user: dice.random_range(0..shape.users.max(1)),
                    number: dice.random(),
                },
                Manner::Scraper => Action::Search {
                    word: dice.random_range(0..100),
                },
                Manner::BuggyLoop | Manner::Polite | Manner::Impatient => Action::Export,
            };
            steps.push(Step { due_us, action });
        }
        Self {
            manner,
            address: address(2, index),
            username: account(shape.users + index),
            arrives_us: 0,
            steps,
        }
    }

    /// Whether it logs in before anything else.
    #[must_use]
    pub fn logs_in(&self) -> bool {
        self.manner != Manner::BruteForce
    }
}

// === impl Manner ===

impl Manner {
    /// On whose side it is.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Polite | Self::Impatient => Side::Victim,
            Self::BruteForce | Self::Scraper | Self::BuggyLoop => Side::Attacker,
        }
    }

    /// How many requests it has under way at most: a browser's six for each host, and a program's many.
    #[must_use]
    pub const fn connections(self) -> usize {
        match self.side() {
            Side::Victim => 6,
            Side::Attacker => 64,
        }
    }
}

/// The name of an account, as `origin-api seed` makes them.
#[must_use]
pub fn account(index: u32) -> String {
    format!("demo{}", index + 1)
}

/// An address of its own network, out of those for documentation (RFC 3849).
fn address(side: u32, index: u32) -> String {
    format!("2001:db8:{side}:{index:x}::1")
}

/// The time between two arrivals that know nothing of each other (a Poisson process), from a number in 0..1.
fn gap_us(per_s: u32, drawn: f64) -> u64 {
    let mean_us = 1_000_000.0 / f64::from(per_s.max(1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the logarithm of what is drawn is finite and not positive"
    )]
    let gap_us = (-(1.0 - drawn).ln() * mean_us) as u64;
    gap_us.max(1)
}

#[cfg(test)]
mod tests;
