//! A request as bytes: HTTP/1.1 as it is written by hand, because no `fetch` sends a GET with a body.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;

use super::HOST;
use crate::proxy::Method;

/// The longest path, with its query.
const MAX_PATH: usize = 4_096;
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
    let is_path = path.starts_with('/')
        && path.len() <= MAX_PATH
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_value = |value: &str| value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let are_headers = headers.iter().all(|(name, value)| is_name(name) && is_value(value.expose()));
    if !is_path || !are_headers || body.len() > MAX_BODY {
        return None;
    }
    let length = body.len().to_string();
    let mut parts = alloc::vec![
        method.as_str(),
        " ",
        path,
        " HTTP/1.1\r\nHost: ",
        HOST,
        "\r\nContent-Type: application/json\r\nAccept: application/json\r\nConnection: close\r\nContent-Length: ",
        &length,
        "\r\n",
    ];
    for (name, value) in headers {
        parts.extend([*name, ": ", value.expose().as_str(), "\r\n"]);
    }
    parts.push("\r\n");
    let mut bytes = parts.concat().into_bytes();
    bytes.extend_from_slice(body);
    Some(Secret::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(bytes(Method::Get, &["/", &"a".repeat(MAX_PATH)].concat(), &[], b""), None);
        assert_eq!(bytes(Method::Post, "/a", &[], &alloc::vec![b'a'; MAX_BODY + 1]), None);
    }
}
