//! The answer, in whatever pieces it comes.

use alloc::vec::Vec;
use core::mem;

use super::chunked::Chunked;
use super::head::{Framing, Head};

/// How much of an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest head, with whatever was said before it for the time being.
    pub head: usize,
    /// The longest body.
    pub body: usize,
}

impl Limits {
    /// A head that makes sense, and a body of this length.
    #[must_use]
    pub const fn body(body: usize) -> Self {
        Self { head: 32 * 1_024, body }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Head or body is longer than the limit.
    TooLarge,
    /// The connection ended before the answer did.
    Cut,
    /// It is not HTTP/1.1, or could be read in two ways; this is what of it.
    Malformed(&'static str),
}

impl ReadError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "the answer is too large",
            Self::Cut => "the answer was cut",
            Self::Malformed(what) => what,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status and headers.
    pub head: Head,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
}

/// Reads one answer. What follows it on the connection is nothing to anybody: there was one request.
#[derive(Debug)]
pub struct Reader {
    to_head: bool,
    limits: Limits,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The head so far, from the place where the search for its end goes on, and the length of what was said before it.
    Head { bytes: Vec<u8>, before: usize, skipped: usize },
    /// The body so far.
    Body { head: Head, body: Vec<u8>, left: Left },
    /// All of it.
    Whole(Answer),
    /// None.
    Failed(ReadError),
}

/// What is still to come of a body.
#[derive(Debug)]
enum Left {
    Bytes(usize),
    Chunks(Chunked),
    Everything,
}

impl Reader {
    /// For the answer to a request, which may have been a HEAD.
    #[must_use]
    pub const fn new(to_head: bool, limits: Limits) -> Self {
        Self { to_head, limits, state: State::Head { bytes: Vec::new(), before: 0, skipped: 0 } }
    }

    /// Takes the next piece, and says whether the answer is whole.
    ///
    /// # Errors
    ///
    /// A [`ReadError`]; the same again, if it is asked again.
    pub fn feed(&mut self, piece: &[u8]) -> Result<bool, ReadError> {
        let state = mem::replace(&mut self.state, State::Failed(ReadError::Cut));
        self.state = match state {
            State::Head { mut bytes, before, skipped } => {
                bytes.extend_from_slice(piece);
                self.head(bytes, before, skipped)
            }
            State::Body { head, body, left } => self.body(head, body, left, piece),
            State::Whole(_) | State::Failed(_) => state,
        };
        match self.state {
            State::Failed(error) => Err(error),
            State::Whole(_) => Ok(true),
            State::Head { .. } | State::Body { .. } => Ok(false),
        }
    }

    /// The answer, when it is whole or the connection has ended.
    ///
    /// # Errors
    ///
    /// A [`ReadError`].
    pub fn finish(self) -> Result<Answer, ReadError> {
        match self.state {
            State::Whole(answer) => Ok(answer),
            State::Body { head, body, left: Left::Everything } => Ok(Answer { head, body }),
            State::Head { .. } | State::Body { .. } => Err(ReadError::Cut),
            State::Failed(error) => Err(error),
        }
    }

    /// Looks for the end of the head. What goes before the answer itself (RFC 9110, section 15.2) is skipped.
    fn head(&self, mut bytes: Vec<u8>, mut before: usize, mut skipped: usize) -> State {
        // A head is read once it can be whole, and not with each byte of it again.
        while let Some(end) = end_of_head(&bytes, before) {
            if skipped.saturating_add(end) > self.limits.head {
                return State::Failed(ReadError::TooLarge);
            }
            let head = match Head::read(bytes.get(..end).unwrap_or_default()) {
                Ok(Some((head, read))) if read == end => head,
                // An empty line that is none to it, as one before the status line.
                Ok(_) => return State::Failed(ReadError::Malformed("a head with an empty line in it")),
                Err(error) => return State::Failed(error),
            };
            bytes.drain(..end);
            match head.status {
                101 => {
                    return State::Failed(ReadError::Malformed("another protocol, which nobody asked for"));
                }
                100..=199 => (before, skipped) = (0, skipped.saturating_add(end)),
                _ => return self.begin(head, &bytes),
            }
        }
        if skipped.saturating_add(bytes.len()) > self.limits.head {
            return State::Failed(ReadError::TooLarge);
        }
        before = bytes.len();
        State::Head { bytes, before, skipped }
    }

    fn begin(&self, head: Head, rest: &[u8]) -> State {
        let left = match head.framing(self.to_head) {
            Ok(Framing::Empty) => Left::Bytes(0),
            Ok(Framing::Length(length)) => {
                match usize::try_from(length).ok().filter(|length| *length <= self.limits.body) {
                    Some(length) => Left::Bytes(length),
                    None => return State::Failed(ReadError::TooLarge),
                }
            }
            Ok(Framing::Chunked) => Left::Chunks(Chunked::new()),
            Ok(Framing::UntilClose) => Left::Everything,
            Err(error) => return State::Failed(error),
        };
        self.body(head, Vec::new(), left, rest)
    }

    fn body(&self, head: Head, mut body: Vec<u8>, left: Left, piece: &[u8]) -> State {
        match left {
            Left::Bytes(left) => {
                let data = piece.get(..left.min(piece.len())).unwrap_or_default();
                body.extend_from_slice(data);
                match left.saturating_sub(data.len()) {
                    0 => State::Whole(Answer { head, body }),
                    left => State::Body { head, body, left: Left::Bytes(left) },
                }
            }
            Left::Chunks(mut chunks) => match chunks.feed(piece, &mut body, self.limits.body) {
                Ok(true) => State::Whole(Answer { head, body }),
                Ok(false) => State::Body { head, body, left: Left::Chunks(chunks) },
                Err(error) => State::Failed(error),
            },
            Left::Everything if body.len().saturating_add(piece.len()) > self.limits.body => {
                State::Failed(ReadError::TooLarge)
            }
            Left::Everything => {
                body.extend_from_slice(piece);
                State::Body { head, body, left: Left::Everything }
            }
        }
    }
}

/// Where the first empty line ends. What was looked at before is looked at again only as far as a line's end may begin in it.
fn end_of_head(bytes: &[u8], before: usize) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    let from = before.saturating_sub(END.len().saturating_sub(1));
    let found = bytes.get(from..)?.windows(END.len()).position(|window| window == END)?;
    Some(from.saturating_add(found).saturating_add(END.len()))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
