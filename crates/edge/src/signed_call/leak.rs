//! The key where it does not belong: anywhere but in the header that was read and taken out. A key that went to a provider would be
//! in its logs.

use alloc::vec::Vec;

use alloc::string::String;
use everlit_core::secret::Secret;

use crate::query::hex;

/// Whether text or bytes that are about to go out hold one of these, as it is, percent-encoded, or with backslashes in it as some write
/// JSON.
pub(super) fn holds(bytes: &[u8], needles: &[&Secret<String>]) -> bool {
    let found = |bytes: &[u8]| needles.iter().any(|needle| contains(bytes, needle.expose().as_bytes()));
    // Most hold neither, and are looked through once.
    found(bytes)
        || (bytes.contains(&b'%') && found(&decoded(bytes)))
        || (bytes.contains(&b'\\')
            && found(&bytes.iter().copied().filter(|byte| *byte != b'\\').collect::<Vec<_>>()))
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match rest {
            [b'%', high, low, after @ ..] => {
                hex(*high).zip(hex(*low)).map(|(high, low)| ((high << 4) | low, after))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn a_key_is_found_however_it_is_written() {
        let key = Secret::new("k3y/of+the=service".to_string());
        let other = Secret::new("azN5".to_string());
        for text in [
            "k3y/of+the=service",
            "{\"SessionToken\":\"k3y/of+the=service\"}",
            "{\"a\":\"k3y\\/of+the=service\"}",
            "a=b&token=k3y%2Fof%2bthe%3Dservice",
            "%6B3y/of+the=service",
            "100%&k3y%2Fof+the=service",
            "xxazN5",
        ] {
            assert!(holds(text.as_bytes(), &[&key, &other]), "{text}");
        }
        for text in
            ["", "k3y/of+the", "k3y of the=service", "{\"a\":1}", "%", "%2", "%zz", "K3Y/OF+THE=SERVICE"]
        {
            assert!(!holds(text.as_bytes(), &[&key, &other]), "{text}");
        }
        assert!(!holds(b"anything", &[&Secret::new(String::new())]));
    }
}
