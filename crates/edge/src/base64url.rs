//! Base64url without padding (RFC 4648, section 5), strict: one text for each value.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

/// Bytes as base64url text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of a base64url text; nothing if it has padding, other characters or stray bits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The bytes of a base64url text that must be exactly `N` of them.
#[must_use]
pub fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// Classic base64 with padding: `Authorization: Basic` and the hashes of a Content-Security-Policy want that one.
pub(crate) fn encode_classic(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes of a classic base64 text with its padding; nothing if it is written in any other way.
pub(crate) fn decode_classic(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    // `black_box` keeps the compiler from leaving the loop at the first difference.
    left.len() == right.len()
        && core::hint::black_box(left.iter().zip(right).fold(0_u8, |seen, (a, b)| seen | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_reading_only() {
        assert_eq!(encode(b"\xff\xfe\xfd"), "__79");
        assert_eq!(decode("__79"), Some(b"\xff\xfe\xfd".to_vec()));
        for wrong in ["__79=", "//79", "_", "AB", "A A", "__7\u{e9}"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
        assert_eq!(decode_array::<2>("AAA"), Some([0, 0]));
        assert_eq!(decode_array::<3>("AAA"), None);
    }

    #[test]
    fn equality_sees_every_byte_and_the_length() {
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(!constant_time_eq(b"abc", b"abd"));
        assert!(!constant_time_eq(b"abc", b"ab"));
        assert!(constant_time_eq(b"", b""));
    }
}
