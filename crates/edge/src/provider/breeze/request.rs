//! A request as bytes: HTTP/1.1 as it is written by hand, because no `fetch` sends a GET with a body.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::secret::Secret;

use super::HOST;
use crate::http1;
use crate::proxy::Method;

/// The largest body.
const MAX_BODY: usize = 256 * 1_024;

/// The bytes of a request to Breeze, after which the connection is closed. Nothing where path or headers could be taken for more
/// than one request.
#[must_use]
pub fn bytes(
    method: Method,
    path: &str,
    headers: &[(&str, &Secret<String>)],
    body: &[u8],
) -> Option<Secret<Vec<u8>>> {
    let usual = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let signed = headers.iter().map(|(name, value)| (*name, value.expose().as_str()));
    http1::request(method, HOST, path, usual.into_iter().chain(signed), body)
        .filter(|_| body.len() <= MAX_BODY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn a_get_carries_its_body() {
        let token = Secret::new("QUI=".to_string());
        let request =
            bytes(Method::Get, "/breezeapi/api/v1/funds", &[("X-SessionToken", &token)], b"{}").unwrap();
        let text = core::str::from_utf8(request.expose()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "{}");
        assert!(head.starts_with("GET /breezeapi/api/v1/funds HTTP/1.1\r\nHost: api.icicidirect.com\r\n"));
        assert!(head.contains("\r\nContent-Length: 2\r\n") && head.ends_with("\r\nX-SessionToken: QUI="));
    }

    #[test]
    fn nothing_makes_two_of_it() {
        let value = |text: &str| Secret::new(text.to_string());
        for (path, name, header) in [
            ("/a b", "X-A", "a"),
            ("/a\r\nHost: b", "X-A", "a"),
            ("a", "X-A", "a"),
            ("", "X-A", "a"),
            ("/a#b", "X-A", "a"),
            ("/é", "X-A", "a"),
            ("/a", "X-A: b", "a"),
            ("/a", "", "a"),
            ("/a", "X-A", "a\r\nX-B: c"),
            ("/a", "X-A", "a\u{0}"),
        ] {
            assert_eq!(
                bytes(Method::Get, path, &[(name, &value(header))], b""),
                None,
                "{path:?} {name:?} {header:?}"
            );
        }
        assert_eq!(bytes(Method::Post, "/a", &[], &alloc::vec![b'a'; MAX_BODY + 1]), None);
    }
}
