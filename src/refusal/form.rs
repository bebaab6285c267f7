//! The form of a refusal: which of two media types the client would rather have (RFC 9110, section 12.5.1).
//!
//! Plain JSON, unless the client prefers a problem (RFC 9457): by a larger weight, or, at the same weight, by naming it more
//! exactly. What cannot be read of an `Accept` is taken as not sent.

/// The media type of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// `application/json`.
    #[default]
    Json,
    /// `application/problem+json`.
    Problem,
}

// === impl Form ===

impl Form {
    /// What a client with this `Accept` prefers.
    #[must_use]
    pub fn preferred(accept: &str) -> Self {
        let ranges: Vec<_> = outside_quotes(accept, ',')
            .filter_map(Range::parse)
            .collect();
        let wish = |form: Self| wish(&ranges, form.media_type());
        if wish(Self::Problem) > wish(Self::Json) {
            Self::Problem
        } else {
            Self::Json
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
        }
    }
}

/// A media range and how much it is wanted.
struct Range<'a> {
    /// Without parameters.
    text: &'a str,
    /// In thousandths.
    weight: u16,
}

// === impl Range ===

impl<'a> Range<'a> {
    /// A range, unless it is not readable, or narrowed by parameters to something that we do not have.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = outside_quotes(text, ';').map(str::trim);
        let range = Self {
            text: parts.next()?,
            weight: 1_000,
        };
        let Some(parameter) = parts.next() else {
            return Some(range);
        };
        let (name, value) = parameter.split_once('=')?;
        if !name.eq_ignore_ascii_case("q") {
            return None;
        }
        let weight = thousandths(value)?;
        Some(Self { weight, ..range })
    }

    /// How exactly the range names this media type; nothing if it does not.
    fn names(&self, media_type: &str) -> Option<Exactness> {
        let group = media_type.split('/').next();
        if self.text.eq_ignore_ascii_case(media_type) {
            return Some(Exactness::Itself);
        }
        match self.text.split_once('/')? {
            ("*", "*") => Some(Exactness::Anything),
            (of, "*") if group.is_some_and(|group| group.eq_ignore_ascii_case(of)) => {
                Some(Exactness::Group)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Anything,
    Group,
    Itself,
}

/// How much a media type is wanted, and by how exact a range: the most exact one decides.
fn wish(ranges: &[Range<'_>], media_type: &str) -> Option<(u16, Exactness)> {
    let mut wish = None;
    for range in ranges {
        wish = wish.max(range.names(media_type).map(|how| (how, range.weight)));
    }
    // Weight 0 is "not acceptable", as if not named at all.
    wish.filter(|(_, weight)| *weight > 0)
        .map(|(exactness, weight)| (weight, exactness))
}

/// A weight (RFC 9110, section 12.4.2): from 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let mut weight = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let mut worth = 100;
    for decimal in decimals.bytes() {
        if worth == 0 || !decimal.is_ascii_digit() {
            return None;
        }
        weight += worth * u16::from(decimal - b'0');
        worth /= 10;
    }
    (weight <= 1_000).then_some(weight)
}

/// The parts between separators that are not inside a quoted string.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character: char| {
        let is_literal = std::mem::take(&mut is_escaped);
        match character {
            _ if is_literal => false,
            '"' => {
                is_quoted = !is_quoted;
                false
            }
            '\\' => {
                is_escaped = is_quoted;
                false
            }
            _ => !is_quoted && character == separator,
        }
    })
}

#[cfg(test)]
mod tests;
