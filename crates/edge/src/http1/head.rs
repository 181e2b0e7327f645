//! Status and headers of an answer, and how its body ends.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use httparse::{EMPTY_HEADER, Error, Header, Response, Status};

use super::ReadError;

/// The most headers that an answer may have.
const MAX_HEADERS: usize = 100;

/// Status and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers in their order, by names in small letters.
    pub headers: Vec<(String, String)>,
    is_old: bool,
}

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// With the connection.
    UntilClose,
}

impl Head {
    /// Reads one, and says where it ends; nothing where it is not whole.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, ReadError> {
        // Half a line's end is a whole one to some, and to others it is part of a value.
        let is_half = |pair: &[u8]| matches!(pair, [before, b'\n'] if *before != b'\r');
        if bytes.windows(2).any(is_half) {
            return Err(ReadError::Malformed("half a line's end"));
        }
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        match response.parse(bytes) {
            Ok(Status::Complete(end)) => Ok(Some((Self::of(&response)?, end))),
            Ok(Status::Partial) => Ok(None),
            Err(error) => Err(ReadError::Malformed(reason(error))),
        }
    }

    fn of(response: &Response<'_, '_>) -> Result<Self, ReadError> {
        let status = response.code.filter(|code| (100..=599).contains(code));
        let status = status.ok_or(ReadError::Malformed("a status that is none"))?;
        let headers = response.headers.iter().map(named).collect();
        Ok(Self { status, headers, is_old: response.version == Some(0) })
    }

    /// The value of a header; the first, if there are several. `name` is in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where its body ends ([RFC 9112, section 6.3](https://www.rfc-editor.org/rfc/rfc9112.html#section-6.3)).
    pub(super) fn framing(&self, to_head: bool) -> Result<Framing, ReadError> {
        let length = self.length()?;
        let mut codings = self.all("transfer-encoding");
        let coding = codings.next();
        if to_head || matches!(self.status, 204 | 304) {
            return Ok(Framing::Empty);
        }
        match (coding, length) {
            (None, Some(length)) => Ok(Framing::Length(length)),
            (None, None) => Ok(Framing::UntilClose),
            (Some(_), Some(_)) => Err(ReadError::Malformed("a length, and chunks")),
            // Who speaks 1.0 knows no chunks, and somebody between us may have passed them on unread.
            (Some(_), None) if self.is_old => Err(ReadError::Malformed("chunks in HTTP/1.0")),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") && codings.next().is_none() => {
                Ok(Framing::Chunked)
            }
            (Some(_), None) => Err(ReadError::Malformed("a transfer coding other than chunked")),
        }
    }

    /// `Content-Length`, which may be said several times and only in one way.
    fn length(&self) -> Result<Option<u64>, ReadError> {
        let mut length = None;
        for text in self.all("content-length").flat_map(|value| value.split(',')).map(str::trim) {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let said = text.parse().ok().filter(|_| is_number);
            let said = said.ok_or(ReadError::Malformed("a length that is no number"))?;
            if length.is_some_and(|known| known != said) {
                return Err(ReadError::Malformed("two lengths"));
            }
            length = Some(said);
        }
        Ok(length)
    }
}

/// Each byte of a value is one character, as a browser reads them: nothing is lost, and nothing but a line's end can end a line.
fn named(header: &Header<'_>) -> (String, String) {
    let value: String = header.value.iter().copied().map(char::from).collect();
    (header.name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_string())
}

const fn reason(error: Error) -> &'static str {
    match error {
        Error::HeaderName => "a header's name",
        Error::HeaderValue => "a header's value",
        Error::NewLine => "a line that does not end",
        Error::Status => "the status",
        Error::Token => "the status line",
        Error::TooManyHeaders => "too many headers",
        Error::Version => "the version of HTTP",
    }
}
