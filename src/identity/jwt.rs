//! Verified tokens: JSON Web Tokens (RFC 7519) in `Authorization`.
//!
//! The algorithm is the policy's and never the token's; a token must expire; what a token says of keys beside the name of
//! one (`jku`, `x5u`, `jwk`) is not looked at. Whatever can be turned away without checking a signature is, and nothing a
//! token says is believed before.
//!
//! Every reading of the header that some verifier accepts is tried (`readings.rs`), and whichever verifies is the user's:
//! no spelling of a token takes its user out of a limit. At most four signatures are checked for a request. A token is
//! remembered by what it is and not by its spelling.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

mod algorithm;
mod base64;
mod claims;
mod ecdsa;
mod fault;
mod json;
mod key;
mod key_set;
mod pem;
mod public_key;
mod readings;
mod refuted;
mod remembered;
mod strangers;
mod token;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use fault::Fault;
pub use key_set::{KeySetError, MAX_BYTES as MAX_KEY_SET_BYTES, TIMEOUT_MS};
pub use public_key::{KeyError, PublicKey};
pub use token::Requirements;

use key::Key;
use key_set::{Found, KeySet};
use readings::{MAX_TOKENS, Reading};
use refuted::Refuted;
use remembered::{Digest, Remembered};
use token::Unverified;

/// The longest header that is looked at, in bytes. The edge hands over no more of it.
const MAX_BYTES: usize = 8_448;

/// What stands for a value that is longer than the edge hands over.
pub(crate) const TOO_LONG: &str = "\0";

/// Verifies tokens, and remembers those it has verified, and those it has not.
pub struct Verifier {
    requirements: Requirements,
    keys: Keys,
    remembered: RefCell<Remembered>,
    refuted: RefCell<Refuted>,
    checks: Cell<u64>,
}

/// Where the keys are.
enum Keys {
    Known(Box<Key>),
    Set(RefCell<KeySet>),
}

/// What came of looking at a header.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// There is no token in it.
    Absent,
    /// A token is genuine and valid, and says this.
    Verified(Rc<Claims>),
    /// What is in it proves nothing.
    Unverified(Fault),
    /// Its signature was not checked, and it might be good.
    Unchecked,
    /// It names a key that is not known yet, and which may be had: fetch the keys, then look again.
    LacksKey,
    /// An origin may read it as somebody else than it is read as here.
    Ambiguous(Ambiguity),
}

/// Why a header cannot be read as one user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguity {
    /// Two tokens are verified, and they say different things.
    TwoUsers,
    /// There are more tokens than are looked at.
    TooMany,
    /// It is longer than what is read.
    TooLong,
}

// === impl Verifier ===

impl Verifier {
    /// A verifier under a shared secret; nothing for an algorithm that has none.
    #[must_use]
    pub fn shared(requirements: Requirements, secret: &[u8]) -> Option<Self> {
        let key = Key::shared(requirements.algorithm, secret)?;
        Some(Self::new(requirements, Keys::Known(Box::new(key))))
    }

    /// The same under either of two secrets, while one takes the place of the other.
    #[must_use]
    pub fn shared_by_two(requirements: Requirements, secrets: [&[u8]; 2]) -> Option<Self> {
        let [one, other] = secrets.map(|secret| Key::shared(requirements.algorithm, secret));
        let key = Key::Either(Box::new((one?, other?)));
        Some(Self::new(requirements, Keys::Known(Box::new(key))))
    }

    /// A verifier under a public key.
    #[must_use]
    pub fn public(requirements: Requirements, key: PublicKey) -> Self {
        Self::new(requirements, Keys::Known(Box::new(Key::Public(key))))
    }

    /// A verifier under the keys at a URL.
    #[must_use]
    pub fn key_set(requirements: Requirements, url: &str) -> Self {
        let set = KeySet::new(url, requirements.algorithm);
        Self::new(requirements, Keys::Set(RefCell::new(set)))
    }

    fn new(requirements: Requirements, keys: Keys) -> Self {
        Self {
            requirements,
            keys,
            remembered: RefCell::default(),
            refuted: RefCell::default(),
            checks: Cell::default(),
        }
    }

    /// What an `Authorization` header from this address proves at `now_ms`. An address is whatever has failures of its own:
    /// it is asked for only where a signature must be checked.
    #[must_use]
    pub fn verify(
        &self,
        authorization: &str,
        address: impl Fn() -> String,
        now_ms: u64,
    ) -> Verdict {
        if authorization.is_empty() {
            return Verdict::Absent;
        }
        if authorization == TOO_LONG || authorization.len() > MAX_BYTES {
            return Verdict::Ambiguous(Ambiguity::TooLong);
        }
        let Ok(now) = i64::try_from(now_ms) else {
            return Verdict::Unverified(Fault::Expired);
        };
        if let Some(token) = readings::plain(authorization) {
            let digest = Sha256::digest(token).into();
            if let Some(claims) = self.remembered.borrow_mut().get(&digest, now) {
                return Verdict::Verified(claims);
            }
        }
        let Ok(readings) = readings::of(authorization) else {
            return Verdict::Ambiguous(Ambiguity::TooMany);
        };
        let mut found = Tries::default();
        let look = Look {
            verifier: self,
            address: &address,
            now_ms,
            now,
        };
        for reading in &readings {
            if found.is_over() {
                break;
            }
            look.at(reading, &mut found);
        }
        match found.verdict() {
            Verdict::Absent if readings::is_meant(authorization) => {
                Verdict::Unverified(Fault::Malformed)
            }
            verdict => verdict,
        }
    }

    /// What a token says that is worth checking, without its signature being checked. Nothing of it is proved: this is for
    /// whoever looks at a policy and has not its keys.
    #[must_use]
    pub fn unproved(&self, authorization: &str, now_ms: u64) -> Option<Claims> {
        let now = i64::try_from(now_ms).ok()?;
        let readings = readings::of(authorization).ok()?;
        let mut tokens = readings.iter().filter_map(|reading| {
            self.requirements
                .read(&reading.header, reading.body(), now)
                .ok()
        });
        tokens.next().map(|token| token.claims)
    }

    /// How many signatures have been checked.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks.get()
    }

    /// Whether the keys should be asked for again, for which nobody needs to wait.
    #[must_use]
    pub fn is_stale(&self, now_ms: u64) -> bool {
        matches!(&self.keys, Keys::Set(set) if set.borrow().is_stale(now_ms))
    }

    /// The URL of the keys, if a fetch may begin at `now_ms`. Whoever is given it fetches, and hands over what came of it.
    #[must_use]
    pub fn ask(&self, now_ms: u64) -> Option<String> {
        let Keys::Set(set) = &self.keys else {
            return None;
        };
        set.borrow_mut().ask(now_ms)
    }

    /// Whether a fetch is under way that may still succeed.
    #[must_use]
    pub fn is_asking(&self, now_ms: u64) -> bool {
        matches!(&self.keys, Keys::Set(set) if set.borrow().is_asking(now_ms))
    }

    /// Takes the answer to a fetch, or nothing where there was none. Where keys have changed, no token is remembered that
    /// one of the old ones may have signed, nor one that a new one may have.
    ///
    /// # Errors
    /// [`KeySetError`], after which the keys are as before.
    pub fn answered(&self, body: Option<&str>, now_ms: u64) -> Result<(), KeySetError> {
        if let Keys::Set(set) = &self.keys
            && set.borrow_mut().answered(body, now_ms)?
        {
            self.remembered.borrow_mut().clear();
            self.refuted.borrow_mut().clear();
        }
        Ok(())
    }
}

/// One look at a header.
struct Look<'a> {
    verifier: &'a Verifier,
    address: &'a dyn Fn() -> String,
    now_ms: u64,
    now: i64,
}

// === impl Look ===

impl Look<'_> {
    /// Looks at one reading.
    fn at(&self, reading: &Reading, found: &mut Tries) {
        let Verifier {
            requirements, keys, ..
        } = self.verifier;
        let token = match requirements.read(&reading.header, reading.body(), self.now) {
            Ok(token) => token,
            Err(fault) => return found.add(Verdict::Unverified(fault)),
        };
        let set = match keys {
            Keys::Known(key) => return self.check(reading, &token, key, found),
            Keys::Set(set) => set,
        };
        match set.borrow().find(token.key_id.as_deref()) {
            Found::Key(key) => return self.check(reading, &token, key, found),
            Found::Ambiguous => return found.add(Verdict::Unverified(Fault::UnknownKey)),
            Found::Missing => {}
        }
        // Another reading of the same header has asked already.
        let mut set = set.borrow_mut();
        found.add(
            if found.lacks_key || set.is_worth_waiting(&(self.address)(), self.now_ms) {
                Verdict::LacksKey
            } else if set.is_failing() {
                Verdict::Unverified(Fault::NoKeySet)
            } else {
                Verdict::Unverified(Fault::UnknownKey)
            },
        );
    }

    /// Checks what a reading may have as its signature, unless that is remembered.
    fn check(&self, reading: &Reading, token: &Unverified, key: &Key, found: &mut Tries) {
        let signatures = key.signatures(&reading.tail);
        if signatures.is_empty() {
            found.add(Verdict::Unverified(Fault::Signature));
        }
        for signature in signatures {
            let text = Base64UrlUnpadded::encode_string(&signature);
            let digest: Digest = Sha256::digest(format!("{}.{text}", reading.signed)).into();
            if !found.is_new(digest) {
                continue;
            }
            let mut remembered = self.verifier.remembered.borrow_mut();
            if let Some(claims) = remembered.get(&digest, self.now) {
                found.add(Verdict::Verified(claims));
                continue;
            }
            let mut refuted = self.verifier.refuted.borrow_mut();
            if refuted.has(&digest) {
                found.add(Verdict::Unverified(Fault::Signature));
                continue;
            }
            let address = (self.address)();
            if !refuted.may_check(&address, self.now_ms) {
                found.add(Verdict::Unchecked);
                continue;
            }
            if !found.may_check() {
                return;
            }
            let checks = &self.verifier.checks;
            checks.set(checks.get().saturating_add(1));
            if key.has_signed(&reading.signed, &signature) {
                let claims = Rc::new(token.claims.clone());
                remembered.put(digest, &claims, token.period);
                found.add(Verdict::Verified(claims));
            } else {
                refuted.put(digest, &address, self.now_ms);
                found.add(Verdict::Unverified(Fault::Signature));
            }
        }
    }
}

/// What has come of the readings of one header so far.
#[derive(Default)]
struct Tries {
    seen: Vec<Digest>,
    checks: usize,
    verified: Option<Rc<Claims>>,
    ambiguity: Option<Ambiguity>,
    /// Whether one lacks its key, and whether one was not checked.
    lacks_key: bool,
    is_unchecked: bool,
    fault: Option<Fault>,
}

// === impl Tries ===

impl Tries {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Absent => {}
            Verdict::Verified(claims) => match &self.verified {
                Some(first) if *first != claims => self.ambiguity = Some(Ambiguity::TwoUsers),
                Some(_) => {}
                None => self.verified = Some(claims),
            },
            Verdict::Unverified(fault) => self.fault = self.fault.or(Some(fault)),
            Verdict::Unchecked => self.is_unchecked = true,
            Verdict::LacksKey => self.lacks_key = true,
            Verdict::Ambiguous(ambiguity) => self.ambiguity = Some(ambiguity),
        }
    }

    /// Whether this token has not been looked at in another reading. More than are looked at are too many.
    fn is_new(&mut self, token: Digest) -> bool {
        if self.seen.contains(&token) {
            return false;
        }
        self.seen.push(token);
        true
    }

    /// Whether one more signature may be checked.
    fn may_check(&mut self) -> bool {
        let may = self.checks < MAX_TOKENS;
        self.checks += 1;
        if !may {
            self.ambiguity = Some(Ambiguity::TooMany);
        }
        may
    }

    /// Whether nothing can change any more what comes of it.
    const fn is_over(&self) -> bool {
        self.ambiguity.is_some()
    }

    /// What comes of it. A token that may yet be somebody else's is looked at again before one that is verified counts.
    fn verdict(self) -> Verdict {
        match self {
            Self {
                ambiguity: Some(ambiguity),
                ..
            } => Verdict::Ambiguous(ambiguity),
            Self {
                lacks_key: true, ..
            } => Verdict::LacksKey,
            Self {
                is_unchecked: true, ..
            } => Verdict::Unchecked,
            Self {
                verified: Some(claims),
                ..
            } => Verdict::Verified(claims),
            Self {
                fault: Some(fault), ..
            } => Verdict::Unverified(fault),
            _ => Verdict::Absent,
        }
    }
}

#[cfg(test)]
mod tests;
