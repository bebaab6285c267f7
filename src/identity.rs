//! Who is asking: a request becomes a [`Key`], the name under which its permits are counted.
//!
//! Only verified identity is identity. A token that is missing, malformed, forged, expired or signed with another
//! algorithm than the policy's is no identity at all, and its request counts by the client's address: minting
//! credentials mints no counters.

use std::fmt;

pub mod address;
pub mod jwt;

use jwt::Verifier;

/// What a rule counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The client's address.
    Ip,
    /// The verified user; the address where there is none.
    User,
    /// The same, said plainly.
    UserOrIp,
}

/// Who is counted. Its display form names the object that owns the counters; the kinds never collide, whatever a value
/// contains, because each has a prefix of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A client's address, or the network that stands for it.
    Ip(String),
    /// The subject of a verified token.
    User(String),
}

/// What a request says of its sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// `CF-Connecting-IP`, which the edge sets and no client can.
    pub address: &'a str,
    /// `Authorization`, as sent.
    pub authorization: &'a str,
}

// === impl KeyKind ===

impl KeyKind {
    /// Every kind, as the policy names it.
    pub const ALL: [(&'static str, Self); 3] = [
        ("ip", Self::Ip),
        ("user", Self::User),
        ("user-or-ip", Self::UserOrIp),
    ];
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

// === impl Key ===

impl Key {
    /// The key that a rule of this kind counts the request under. `now_ms` is the edge's clock, against which a token
    /// expires.
    #[must_use]
    pub fn of(
        kind: KeyKind,
        credentials: Credentials<'_>,
        verifier: Option<&Verifier>,
        now_ms: u64,
    ) -> Self {
        let user = match kind {
            KeyKind::Ip => None,
            KeyKind::User | KeyKind::UserOrIp => {
                verifier.and_then(|verifier| verifier.user(credentials.authorization, now_ms))
            }
        };
        user.map_or_else(
            || Self::Ip(address::network(credentials.address)),
            Self::User,
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::User(user) => write!(f, "user:{user}"),
        }
    }
}

#[cfg(test)]
mod tests;
