//! What a rule counts by, and the words for it in a policy.

use std::fmt;

/// One thing, or several: all of them, which must be the same for two requests to be counted together, or the first of them that
/// a request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKind {
    parts: Vec<Part>,
    takes_first: bool,
}

/// One thing that a rule counts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `ip`: the client's address.
    Ip,
    /// `user`: the verified user.
    User,
    /// `user-or-ip`: the verified user; the address of a client without one.
    UserOrIp,
    /// `tenant`: the tenant of the verified user.
    Tenant,
    /// `api-key`: the known API key.
    ApiKey,
    /// `claim:NAME`: a claim of the verified token.
    Claim(String),
    /// `header:NAME`: a request header, in lower case. Whoever can set it chooses the counter.
    Header(String),
    /// `global`: nothing, so everybody is counted together.
    Global,
}

/// Words that are no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// Not one of the kinds.
    #[error(
        "found {0:?}; write \"ip\", \"user\", \"user-or-ip\", \"tenant\", \"api-key\", \"claim:NAME\", \"header:NAME\", \
         \"global\", a list of these, or {{ first = [...] }}"
    )]
    Unknown(String),
    /// A name that no header has.
    #[error("found {0:?}; after the colon comes a name of letters, digits, \"-\", \"_\" and \".\"")]
    BadName(String),
    /// No name of a claim.
    #[error(
        "found {0:?}; after the colon comes the name of a claim, as in \"claim:department\", \
         \"claim:https://acme.example/tenant\" or, for one inside another, \"claim:realm_access.region\""
    )]
    NoClaim(String),
    /// An empty list.
    #[error("found an empty list; write what is counted by, as in [\"tenant\", \"ip\"]")]
    Nothing,
    /// Something that every request has, before the end of a list of which the first counts.
    #[error(
        "found {0:?} before others, and every request has it, so those would never count; write it last"
    )]
    Always(String),
    /// The same thing more than once.
    #[error("found {0:?} twice in one key; once is enough")]
    Twice(String),
}

// === impl KeyKind ===

impl KeyKind {
    /// Reads the words of a key of which a request must have all.
    ///
    /// # Errors
    /// [`KindError`], which says what to write instead.
    pub fn all<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, KindError> {
        Self::parse(words, false)
    }

    /// Reads the words of a key of which the first counts that a request has.
    ///
    /// # Errors
    /// [`KindError`], which says what to write instead.
    pub fn first<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, KindError> {
        let kind = Self::parse(words, true)?;
        let is_always_there =
            |part: &&Part| matches!(part, Part::Ip | Part::UserOrIp | Part::Global);
        let last = kind.parts.len().saturating_sub(1);
        match kind.parts.iter().take(last).find(is_always_there) {
            Some(part) => Err(KindError::Always(part.to_string())),
            None => Ok(kind),
        }
    }

    fn parse<'a>(
        words: impl IntoIterator<Item = &'a str>,
        takes_first: bool,
    ) -> Result<Self, KindError> {
        let mut parts: Vec<Part> = Vec::new();
        for word in words {
            let part = Part::parse(word)?;
            if parts.contains(&part) {
                return Err(KindError::Twice(word.to_owned()));
            }
            parts.push(part);
        }
        if parts.is_empty() {
            return Err(KindError::Nothing);
        }
        Ok(Self { parts, takes_first })
    }

    /// What is counted by.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the first of its parts that a request has is counted by, and not all of them.
    #[must_use]
    pub const fn takes_first(&self) -> bool {
        self.takes_first
    }

    /// Whether a verified token is needed to have it.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::User | Part::Tenant | Part::Claim(_)))
    }

    /// Whether an API key is needed to have it.
    #[must_use]
    pub fn needs_api_key(&self) -> bool {
        self.parts.contains(&Part::ApiKey)
    }
}

/// The verified user, else the address.
impl Default for KeyKind {
    fn default() -> Self {
        Self {
            parts: vec![Part::UserOrIp],
            takes_first: false,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        if self.takes_first {
            write!(f, "first of {}", words.join(", "))
        } else {
            f.write_str(&words.join(" + "))
        }
    }
}

// === impl Part ===

impl Part {
    fn parse(word: &str) -> Result<Self, KindError> {
        let named = |name: &str| {
            if is_name(name) {
                Ok(name.to_owned())
            } else {
                Err(KindError::BadName(word.to_owned()))
            }
        };
        match (word, word.split_once(':')) {
            ("ip", _) => Ok(Self::Ip),
            ("user", _) => Ok(Self::User),
            ("user-or-ip", _) => Ok(Self::UserOrIp),
            ("tenant", _) => Ok(Self::Tenant),
            ("api-key", _) => Ok(Self::ApiKey),
            ("global", _) => Ok(Self::Global),
            (_, Some(("claim", ""))) => Err(KindError::NoClaim(word.to_owned())),
            (_, Some(("claim", name))) => Ok(Self::Claim(name.to_owned())),
            (_, Some(("header", name))) => named(&name.to_ascii_lowercase()).map(Self::Header),
            _ => Err(KindError::Unknown(word.to_owned())),
        }
    }
}

impl Part {
    /// What stands for it in the names of keys. Nothing in it could be mistaken for what stands around it there.
    #[must_use]
    pub fn in_key(&self) -> String {
        match self {
            Self::Claim(name) => format!("claim:{}", escaped(name)),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip => f.write_str("ip"),
            Self::User => f.write_str("user"),
            Self::UserOrIp => f.write_str("user-or-ip"),
            Self::Tenant => f.write_str("tenant"),
            Self::ApiKey => f.write_str("api-key"),
            Self::Claim(name) => write!(f, "claim:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Global => f.write_str("global"),
        }
    }
}

/// A name in which whatever a plain name has not is written as `%` and two digits, byte by byte.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if is_in_name(byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
        }
    }
    text
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// Whether this can be a name: of a header that is counted by, of a rule or a bucket.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_in_name)
}
