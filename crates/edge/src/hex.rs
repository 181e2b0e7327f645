//! Hexadecimal text, in small letters.

use alloc::string::String;

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_byte_has_two_letters() {
        assert_eq!(super::encode(&[0, 1, 0x0f, 0xa0, 0xff]), "00010fa0ff");
        assert_eq!(super::encode(&[]), "");
    }
}
