//! A request as bytes.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use everlit_core::secret::Secret;

use crate::proxy::Method;

/// The longest path, with its query.
pub const MAX_TARGET: usize = 8 * 1_024;
/// What is written here and nowhere else: two of them would be two requests to somebody.
const OURS: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];

/// The bytes of a request after which the connection is closed, with the length of its body. Nothing where host, path or headers could
/// be taken for more than one request.
#[must_use]
pub fn request<'a>(
    method: Method,
    host: &str,
    target: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Option<Secret<Vec<u8>>> {
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    let is_target = target.starts_with('/')
        && target.len() <= MAX_TARGET
        && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !is_host || !is_target {
        return None;
    }
    let length = body.len().to_string();
    let mut parts = alloc::vec![
        method.as_str(),
        " ",
        target,
        " HTTP/1.1\r\nHost: ",
        host,
        "\r\nConnection: close\r\nContent-Length: ",
        &length,
        "\r\n",
    ];
    for (name, value) in headers {
        if !is_name(name) || !is_value(value) {
            return None;
        }
        parts.extend([name, ": ", value, "\r\n"]);
    }
    parts.push("\r\n");
    let mut bytes = parts.concat().into_bytes();
    bytes.extend_from_slice(body);
    Some(Secret::new(bytes))
}

fn is_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token) && !OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn a_get_carries_its_body() {
        let bytes =
            request(Method::Get, "[::1]:8080", "/v1/funds?a=%20", [("X-SessionToken", "QUI=")], b"{}")
                .unwrap();
        let text = String::from_utf8(bytes.expose().clone()).unwrap();
        assert_eq!(
            text,
            "GET /v1/funds?a=%20 HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\nContent-Length: 2\r\n\
             X-SessionToken: QUI=\r\n\r\n{}"
        );
        assert!(!alloc::format!("{bytes:?}").contains("QUI"));
    }

    #[test]
    fn nothing_makes_two_of_it() {
        for (host, target, name, value) in [
            ("", "/", "X-A", "a"),
            ("a b", "/", "X-A", "a"),
            ("a\r\nX-B: c", "/", "X-A", "a"),
            ("a/b", "/", "X-A", "a"),
            ("a@b", "/", "X-A", "a"),
            ("a", "", "X-A", "a"),
            ("a", "b", "X-A", "a"),
            ("a", "/b c", "X-A", "a"),
            ("a", "/b\r\nHost: c", "X-A", "a"),
            ("a", "/b#c", "X-A", "a"),
            ("a", "/\u{e9}", "X-A", "a"),
            ("a", "/", "", "a"),
            ("a", "/", "X-A: b", "a"),
            ("a", "/", "X A", "a"),
            ("a", "/", "Host", "a"),
            ("a", "/", "content-length", "0"),
            ("a", "/", "Transfer-Encoding", "chunked"),
            ("a", "/", "CONNECTION", "keep-alive"),
            ("a", "/", "X-A", "a\r\nX-B: c"),
            ("a", "/", "X-A", "a\u{0}"),
            ("a", "/", "X-A", "a\u{e9}"),
        ] {
            assert_eq!(
                request(Method::Get, host, target, [(name, value)], b""),
                None,
                "{host:?} {target:?} {name:?} {value:?}"
            );
        }
        assert_eq!(request(Method::Get, "a", &["/", &"a".repeat(MAX_TARGET)].concat(), [], b""), None);
    }
}
