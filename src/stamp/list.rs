//! Lists of Strings with parameters, the syntax of `RateLimit` and `RateLimit-Policy` (RFC 9651, section 4.2.1).
//!
//! Read strictly, as the RFC asks: what is no such list is no list at all. An item that is kept is kept as it was written.

/// A String, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// The String as it was written, for which there is one way only.
    name: &'a str,
    /// All of it.
    pub(super) text: &'a str,
}

/// The items of a list; none if it is not one, or has other members than Strings.
pub(super) fn parse(text: &str) -> Option<Vec<Item<'_>>> {
    let mut input = Input(text.trim_matches(' '));
    let mut items = Vec::new();
    while !input.0.is_empty() {
        items.push(input.item("")?.0);
        input.run(is_whitespace);
        if input.0.is_empty() {
            break;
        }
        input.eat(b',')?;
        input.run(is_whitespace);
        if input.0.is_empty() {
            return None;
        }
    }
    Some(items)
}

/// Both lists as one, in which every name is there once: of two items with the same name, the stricter one.
pub(super) fn settled(
    ours: &str,
    theirs: &str,
    is_stricter: fn(&Item<'_>, &Item<'_>) -> bool,
) -> Option<String> {
    let mut items = parse(ours)?;
    for item in parse(theirs)? {
        match items.iter_mut().find(|other| other.name == item.name) {
            None => items.push(item),
            Some(other) if is_stricter(&item, other) => *other = item,
            Some(_) => {}
        }
    }
    let texts: Vec<_> = items.iter().map(|item| item.text).collect();
    Some(texts.join(","))
}

// === impl Item ===

impl Item<'_> {
    /// A parameter that is an integer. Of several with the same key the last holds.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        Input(self.text).item(key)?.1
    }

    /// Whether both are about the same.
    pub(super) fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The value of a parameter.
enum Bare {
    Integer(i64),
    /// Of which nothing is asked but that it is well formed.
    Other,
}

/// What is still to be read.
struct Input<'a>(&'a str);

// === impl Input ===

impl<'a> Input<'a> {
    /// An item, and its parameter of this key if that is an integer.
    fn item(&mut self, wanted: &str) -> Option<(Item<'a>, Option<i64>)> {
        let from = self.0;
        let name = self.string()?;
        let mut integer = None;
        while self.eat(b';').is_some() {
            self.run(|byte| byte == b' ');
            let key = self.key()?;
            let value = match self.eat(b'=') {
                Some(()) => self.bare_item()?,
                None => Bare::Other,
            };
            if key == wanted {
                integer = match value {
                    Bare::Integer(integer) => Some(integer),
                    Bare::Other => None,
                };
            }
        }
        let text = from.get(..from.len() - self.0.len())?;
        Some((Item { name, text }, integer))
    }

    fn key(&mut self) -> Option<&'a str> {
        if !self
            .peek()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*')
        {
            return None;
        }
        Some(self.run(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte)
        }))
    }

    fn bare_item(&mut self) -> Option<Bare> {
        match self.peek()? {
            b'"' => self.string().map(|_| Bare::Other),
            b'-' | b'0'..=b'9' => self.number(),
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.run(|byte| {
                    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
                });
                Some(Bare::Other)
            }
            b':' => self.bytes(),
            b'?' => {
                self.eat(b'?')?;
                self.eat(b'0')
                    .or_else(|| self.eat(b'1'))
                    .map(|()| Bare::Other)
            }
            b'@' => {
                self.eat(b'@')?;
                match self.number()? {
                    Bare::Integer(_) => Some(Bare::Other),
                    Bare::Other => None,
                }
            }
            b'%' => self.display_string(),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<&'a str> {
        let from = self.0;
        self.eat(b'"')?;
        loop {
            match self.next()? {
                b'"' => return from.get(..from.len() - self.0.len()),
                b'\\' => {
                    self.eat(b'"').or_else(|| self.eat(b'\\'))?;
                }
                b' '..=b'~' => {}
                _ => return None,
            }
        }
    }

    /// An integer, or a decimal, which is none.
    fn number(&mut self) -> Option<Bare> {
        let is_negative = self.eat(b'-').is_some();
        let digits = self.run(|byte| byte.is_ascii_digit());
        if self.eat(b'.').is_some() {
            let fraction = self.run(|byte| byte.is_ascii_digit());
            let fits = (1..=12).contains(&digits.len()) && (1..=3).contains(&fraction.len());
            return fits.then_some(Bare::Other);
        }
        if !(1..=15).contains(&digits.len()) {
            return None;
        }
        let mut value = 0;
        for digit in digits.bytes() {
            value = value * 10 + i64::from(digit - b'0');
        }
        Some(Bare::Integer(if is_negative { -value } else { value }))
    }

    fn bytes(&mut self) -> Option<Bare> {
        self.eat(b':')?;
        self.run(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        self.eat(b':').map(|()| Bare::Other)
    }

    fn display_string(&mut self) -> Option<Bare> {
        self.eat(b'%')?;
        self.eat(b'"')?;
        let mut bytes = Vec::new();
        loop {
            bytes.push(match self.next()? {
                b'"' => break,
                b'%' => self.hex_digit()? << 4 | self.hex_digit()?,
                byte @ b' '..=b'~' => byte,
                _ => return None,
            });
        }
        std::str::from_utf8(&bytes).ok().map(|_| Bare::Other)
    }

    fn hex_digit(&mut self) -> Option<u8> {
        match self.next()? {
            byte @ b'0'..=b'9' => Some(byte - b'0'),
            byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.0.bytes().next()
    }

    /// The next character, which must be ASCII, as everything in such a field is.
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        (_, self.0) = self.0.split_at_checked(1)?;
        Some(byte)
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        if self.peek()? != wanted {
            return None;
        }
        self.next().map(|_| ())
    }

    /// As many characters as are of this kind, which is one of ASCII characters.
    fn run(&mut self, is: fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().position(|byte| !is(byte));
        let (run, rest) = self
            .0
            .split_at_checked(end.unwrap_or(self.0.len()))
            .unwrap_or(("", self.0));
        self.0 = rest;
        run
    }
}

const fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests;
