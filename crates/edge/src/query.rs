//! Query strings and form bodies (`application/x-www-form-urlencoded`).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The longest query string that is parsed.
pub const MAX_QUERY: usize = 8 * 1_024;
/// The most parameters that are parsed.
pub const MAX_PARAMETERS: usize = 64;

/// A parsed query string or form body: names and values decoded, in their order.
///
/// There is no `Debug`: a query of ours may hold an authorization code.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

/// Why a query was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// More than [`MAX_QUERY`] bytes or [`MAX_PARAMETERS`] parameters.
    TooLong,
    /// A percent sign without two hexadecimal digits, a control character, or bytes that are not UTF-8.
    BadEncoding,
    /// A parameter that must be there once at most (RFC 6749, section 3.1) is there twice.
    Duplicate,
}

impl QueryError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "the query is too long",
            Self::BadEncoding => "the query is not percent-encoded UTF-8",
            Self::Duplicate => "a parameter is there twice",
        }
    }
}

impl Query {
    /// Reads what follows the question mark; the mark itself may be there.
    ///
    /// # Errors
    ///
    /// Where the query is too long or not encoded as it should be.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let text = text.strip_prefix('?').unwrap_or(text);
        if text.len() > MAX_QUERY {
            return Err(QueryError::TooLong);
        }
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_PARAMETERS {
                return Err(QueryError::TooLong);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self { pairs })
    }

    /// Names and values, in their order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter that may be there once at most.
    ///
    /// # Errors
    ///
    /// [`QueryError::Duplicate`] where it is there twice.
    pub fn one(&self, name: &str) -> Result<Option<&str>, QueryError> {
        let mut values =
            self.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(QueryError::Duplicate) } else { Ok(first) }
    }
}

/// Decodes one name or value: `+` is a space, `%xx` a byte, and the bytes are UTF-8.
///
/// # Errors
///
/// [`QueryError::BadEncoding`].
pub fn decode(text: &str) -> Result<String, QueryError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(hex).ok_or(QueryError::BadEncoding)?;
                let low = rest.next().and_then(hex).ok_or(QueryError::BadEncoding)?;
                (high << 4) | low
            }
            0..=31 | 127 => return Err(QueryError::BadEncoding),
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| QueryError::BadEncoding)
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3. It is also valid form encoding.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            push_escape(&mut encoded, byte);
        }
    }
    encoded
}

/// Appends `%XX`.
pub(crate) fn push_escape(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let written = write!(text, "%{byte:02X}");
    debug_assert!(written.is_ok());
}

/// Names and values as a form body or a query, without a question mark.
#[must_use]
pub fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut body = String::new();
    for (name, value) in pairs {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(&encode(name));
        body.push('=');
        body.push_str(&encode(value));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn pairs_are_decoded_in_order() {
        let query = Query::parse("?a=1&b=x%20y+z&c&&%C3%A9=%2B").ok().unwrap();
        assert_eq!(query.one("a"), Ok(Some("1")));
        assert_eq!(query.one("b"), Ok(Some("x y z")));
        assert_eq!(query.one("c"), Ok(Some("")));
        assert_eq!(query.one("é"), Ok(Some("+")));
        assert_eq!(query.one("d"), Ok(None));
    }

    #[test]
    fn a_duplicate_is_refused_only_where_it_is_asked_for() {
        let query = Query::parse("state=1&state=1&ui=2").ok().unwrap();
        assert_eq!(query.one("state"), Err(QueryError::Duplicate));
        assert_eq!(query.one("ui"), Ok(Some("2")));
    }

    #[test]
    fn bad_encoding_and_length_are_refused() {
        for wrong in ["a=%", "a=%2", "a=%zz", "a=%ff", "a=\n", "%80=1"] {
            assert_eq!(Query::parse(wrong).err(), Some(QueryError::BadEncoding), "{wrong:?}");
        }
        assert_eq!(Query::parse(&"a".repeat(MAX_QUERY + 1)).err(), Some(QueryError::TooLong));
        assert_eq!(Query::parse(&"a&".repeat(MAX_PARAMETERS + 1)).err(), Some(QueryError::TooLong));
        assert!(Query::parse(&"a&".repeat(MAX_PARAMETERS)).is_ok());
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let text = "a b+c/é?&=%\u{1F525}~-._";
        assert_eq!(decode(&encode(text)), Ok(text.into()));
        assert_eq!(encode_pairs([("a b", "c&d"), ("e", "")]), "a%20b=c%26d&e=");
        assert_eq!(format!("{:?}", decode("%0a")), format!("{:?}", Ok::<_, QueryError>("\n")));
    }
}
