//! What a rule counts by, and the words for it in a policy.

use std::fmt;

/// One thing, or several that must all be the same for two requests to be counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKind(Vec<Part>);

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
         \"global\", or a list of these"
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
    /// The same thing more than once.
    #[error("found {0:?} twice in one key; once is enough")]
    Twice(String),
}

// === impl KeyKind ===

impl KeyKind {
    /// Reads the words of a key.
    ///
    /// # Errors
    /// [`KindError`], which says what to write instead.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, KindError> {
        let mut parts: Vec<Part> = Vec::new();
        for word in words {
            let part = Part::parse(word)?;
            if parts.contains(&part) {
                return Err(KindError::Twice(word.to_owned()));
            }
            parts.push(part);
        }
        if parts.is_empty() {
            Err(KindError::Nothing)
        } else {
            Ok(Self(parts))
        }
    }

    /// What is counted by.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether a verified token is needed to have it.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::User | Part::Tenant | Part::Claim(_)))
    }

    /// Whether an API key is needed to have it.
    #[must_use]
    pub fn needs_api_key(&self) -> bool {
        self.0.contains(&Part::ApiKey)
    }
}

/// The verified user, else the address.
impl Default for KeyKind {
    fn default() -> Self {
        Self(vec![Part::UserOrIp])
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(" + "))
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
