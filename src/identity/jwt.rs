//! Verified tokens: JSON Web Tokens (RFC 7519) in `Authorization: Bearer`.
//!
//! The algorithm is the policy's and never the token's; a token must expire; what a token says of keys beside the name of
//! one (`jku`, `x5u`, `jwk`) is not looked at. Whatever can be turned away without checking a signature is, and nothing a
//! token says is believed before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

mod algorithm;
mod key;
mod key_set;
mod pem;
mod public_key;
mod remembered;
mod token;

pub use algorithm::Algorithm;
pub use key_set::{MAX_BYTES as MAX_KEY_SET_BYTES, NotASet, TIMEOUT_MS};
pub use public_key::{KeyError, PublicKey};
pub use token::Requirements;

use key::Key;
use key_set::{Found, KeySet};
use remembered::Remembered;
use token::MAX_BYTES;

/// Verifies tokens, and remembers those it has verified.
pub struct Verifier {
    requirements: Requirements,
    keys: Keys,
    remembered: RefCell<Remembered>,
}

/// Where the keys are.
enum Keys {
    Known(Key),
    Set(RefCell<KeySet>),
}

/// What came of looking at a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is genuine and valid, and says this.
    Verified(Rc<Claims>),
    /// It proves nothing.
    Unverified,
    /// It names a key that is not known yet, and which may be had: fetch the keys, then look again.
    LacksKey,
}

/// What a verified token says: those of its claims that are strings or lists of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, Claim>);

/// One claim. No string in it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Claim {
    Text(String),
    List(Vec<String>),
}

// === impl Verifier ===

impl Verifier {
    /// A verifier under a shared secret; nothing for an algorithm that has none.
    #[must_use]
    pub fn shared(requirements: Requirements, secret: &[u8]) -> Option<Self> {
        let key = Key::shared(requirements.algorithm, secret)?;
        Some(Self::new(requirements, Keys::Known(key)))
    }

    /// A verifier under a public key.
    #[must_use]
    pub fn public(requirements: Requirements, key: PublicKey) -> Self {
        Self::new(requirements, Keys::Known(Key::Public(key)))
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
        }
    }

    /// What the token of the `Authorization` header proves at `now_ms`.
    #[must_use]
    pub fn verify(&self, authorization: &str, now_ms: u64) -> Verdict {
        self.look(authorization, now_ms)
            .unwrap_or(Verdict::Unverified)
    }

    fn look(&self, authorization: &str, now_ms: u64) -> Option<Verdict> {
        let text = bearer(authorization).filter(|token| token.len() <= MAX_BYTES)?;
        let digest = Sha256::digest(text).into();
        let now = i64::try_from(now_ms).ok()?;
        if let Some(claims) = self.remembered.borrow_mut().get(&digest, now) {
            return Some(Verdict::Verified(claims));
        }
        let token = self.requirements.read(text, now)?;
        let body = match &self.keys {
            Keys::Known(key) => key.verify(&token)?,
            Keys::Set(set) => {
                let set = set.borrow();
                match set.find(token.key_id()) {
                    Found::Key(key) => key.verify(&token)?,
                    Found::Missing if set.is_worth_waiting(now_ms) => {
                        return Some(Verdict::LacksKey);
                    }
                    Found::Missing | Found::Ambiguous => return None,
                }
            }
        };
        let period = self.requirements.admit(&body)?;
        let claims = Rc::new(Claims(body.into_claims().collect()));
        self.remembered.borrow_mut().put(digest, &claims, period);
        Some(Verdict::Verified(claims))
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
    /// one of the old ones may have signed.
    ///
    /// # Errors
    /// [`NotASet`], after which everything is as before.
    pub fn answered(&self, body: Option<&str>) -> Result<(), NotASet> {
        if let Keys::Set(set) = &self.keys
            && set.borrow_mut().answered(body)?
        {
            self.remembered.borrow_mut().clear();
        }
        Ok(())
    }
}

// === impl Claims ===

impl Claims {
    /// A claim that is a string and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Claim::Text(text) => Some(text),
            Claim::List(_) => None,
        }
    }

    /// A claim that is such a string, or the strings of one that is a list.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let texts = self.0.get(name).map(Claim::texts);
        texts.unwrap_or_default().iter().map(String::as_str)
    }

    /// What they take, about.
    fn bytes(&self) -> usize {
        let text_bytes = |text: &String| size_of::<String>() + text.len();
        let sizes = self.0.iter().map(|(name, claim)| {
            text_bytes(name) + claim.texts().iter().map(text_bytes).sum::<usize>()
        });
        sizes.sum()
    }
}

// === impl Claim ===

impl Claim {
    fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }
}

/// The token of a `Bearer` header (RFC 6750, section 2.1); the scheme's letter case is free (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests;
