//! A body in chunks, a byte at a time.

use alloc::vec::Vec;

use super::ReadError;

/// The longest line with a chunk's size: what else may stand in it means nothing to anybody.
const MAX_LINE: usize = 256;
/// The longest end of a body, with the headers that may follow it, which are not read.
const MAX_TRAILER: usize = 8 * 1_024;
/// More digits than the size of anything that fits in here.
const MAX_DIGITS: usize = 8;

/// Where in the body we are.
#[derive(Clone, Copy, Debug)]
enum At {
    /// In the line with a chunk's size: its digits, and its length so far.
    Size { size: u64, digits: usize, length: usize, extended: bool },
    /// At the end of that line.
    SizeEnd(u64),
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// After a chunk: its two bytes, the first of which came or did not.
    DataEnd { returned: bool },
    /// In what follows the last chunk: whether its line is empty so far, whether it has ended, and how much there was.
    Trailer { empty: bool, returned: bool, length: usize },
    /// After it.
    Whole,
}

/// Takes a body out of its chunks.
#[derive(Debug)]
pub(super) struct Chunked(At);

const START: At = At::Size { size: 0, digits: 0, length: 0, extended: false };

impl Chunked {
    pub(super) const fn new() -> Self {
        Self(START)
    }

    /// Takes what it can of a piece, and says whether the body is whole. What follows it is not looked at.
    pub(super) fn feed(&mut self, bytes: &[u8], body: &mut Vec<u8>, limit: usize) -> Result<bool, ReadError> {
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            if let At::Data(left) = self.0 {
                let length = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let (data, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                if body.len().saturating_add(data.len()) > limit {
                    return Err(ReadError::TooLarge);
                }
                body.extend_from_slice(data);
                rest = after;
                let left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
                self.0 = if left == 0 { At::DataEnd { returned: false } } else { At::Data(left) };
                continue;
            }
            if matches!(self.0, At::Whole) {
                break;
            }
            self.0 = next(self.0, *first)?;
            rest = after;
        }
        Ok(matches!(self.0, At::Whole))
    }
}

fn next(at: At, byte: u8) -> Result<At, ReadError> {
    let wrong = Err(ReadError::Malformed("a chunk's size"));
    match at {
        At::Size { digits: 0, .. } if !byte.is_ascii_hexdigit() => wrong,
        At::Size { length: MAX_LINE.., .. } | At::Size { digits: MAX_DIGITS.., extended: false, .. }
            if byte != b'\r' && byte != b';' =>
        {
            wrong
        }
        At::Size { size, .. } if byte == b'\r' => Ok(At::SizeEnd(size)),
        At::Size { size, digits, length, extended } => {
            let length = length.saturating_add(1);
            match char::from(byte).to_digit(16) {
                Some(digit) if !extended => {
                    let size = size.saturating_mul(16).saturating_add(u64::from(digit));
                    Ok(At::Size { size, digits: digits.saturating_add(1), length, extended })
                }
                // An extension: nobody has ever agreed on one with us. A line that ends by half would end it for some.
                _ if (extended || matches!(byte, b';' | b' ' | b'\t')) && byte != b'\n' => {
                    Ok(At::Size { size, digits, length, extended: true })
                }
                _ => wrong,
            }
        }
        At::SizeEnd(_) if byte != b'\n' => wrong,
        At::SizeEnd(0) => Ok(At::Trailer { empty: true, returned: false, length: 0 }),
        At::SizeEnd(size) => Ok(At::Data(size)),
        At::DataEnd { returned: false } if byte == b'\r' => Ok(At::DataEnd { returned: true }),
        At::DataEnd { returned: true } if byte == b'\n' => Ok(START),
        At::DataEnd { .. } => Err(ReadError::Malformed("a chunk that is longer than its size")),
        At::Trailer { length: MAX_TRAILER.., .. } => Err(ReadError::Malformed("an end that does not end")),
        At::Trailer { empty, returned: true, length } => match (byte, empty) {
            (b'\n', true) => Ok(At::Whole),
            (b'\n', false) => {
                Ok(At::Trailer { empty: true, returned: false, length: length.saturating_add(1) })
            }
            _ => Err(ReadError::Malformed("the headers after the last chunk")),
        },
        At::Trailer { empty, returned: false, length } => {
            let length = length.saturating_add(1);
            match byte {
                b'\r' => Ok(At::Trailer { empty, returned: true, length }),
                b'\n' => Err(ReadError::Malformed("the headers after the last chunk")),
                _ => Ok(At::Trailer { empty: false, returned: false, length }),
            }
        }
        At::Data(_) | At::Whole => Ok(at),
    }
}
