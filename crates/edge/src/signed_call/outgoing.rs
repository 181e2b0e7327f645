//! The call, before it is sent.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;

use crate::http1;
use crate::proxy::Method;
use crate::url::Origin;

/// A call to a provider: all of it, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Where the provider's API is.
    pub origin: Origin,
    /// The path with its query. One of Kite's holds a token, so it belongs into no log.
    pub target: Secret<String>,
    /// The headers, besides those that follow from the rest.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body, which a GET may have, too.
    pub body: Option<Secret<Vec<u8>>>,
}

impl Outgoing {
    /// A call without headers and body.
    #[must_use]
    pub const fn new(method: Method, origin: Origin, target: Secret<String>) -> Self {
        Self { method, origin, target, headers: Vec::new(), body: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: Secret<String>) -> Self {
        self.headers.push((name.to_string(), value));
        self
    }

    /// The same with a body of this type.
    #[must_use]
    pub fn with_body(self, content_type: &str, body: Secret<Vec<u8>>) -> Self {
        Self { body: Some(body), ..self.with("content-type", Secret::new(content_type.to_string())) }
    }

    /// The whole address.
    #[must_use]
    pub fn url(&self) -> Secret<String> {
        Secret::new([self.origin.as_str(), self.target.expose()].concat())
    }

    /// Whether no `fetch` sends it.
    #[must_use]
    pub const fn needs_socket(&self) -> bool {
        self.method.is_read() && self.body.is_some()
    }

    /// It as bytes, for a socket. Nothing where it could be taken for more than one request.
    #[must_use]
    pub fn bytes(&self) -> Option<Secret<Vec<u8>>> {
        let asked = self.headers.iter().map(|(name, value)| (name.as_str(), value.expose().as_str()));
        let asked = asked.filter(|(name, _)| !name.eq_ignore_ascii_case(ENCODING.0));
        let body = self.body.as_ref().map_or(&[][..], |body| body.expose());
        let headers = asked.chain([ENCODING]);
        http1::request(self.method, self.origin.host(), self.target.expose(), headers, body)
    }
}

/// Nobody unpacks what comes over a socket.
const ENCODING: (&str, &str) = ("accept-encoding", "identity");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_read_with_a_body_needs_a_socket() {
        let call = |method, body: Option<&str>| {
            let call = Outgoing::new(
                method,
                Origin::parse("http://localhost:8080").unwrap(),
                Secret::new("/a?b=c".to_string()),
            );
            body.into_iter()
                .fold(call.with("Accept-Encoding", Secret::new("br".to_string())), |call, body| {
                    call.with_body("application/json", Secret::new(body.as_bytes().to_vec()))
                })
        };
        for method in Method::ALL {
            assert!(!call(method, None).needs_socket());
            assert_eq!(call(method, Some("{}")).needs_socket(), method.is_read());
        }
        let call = call(Method::Get, Some("{}"));
        assert_eq!(call.url().expose(), "http://localhost:8080/a?b=c");
        let bytes = String::from_utf8(call.bytes().unwrap().expose().clone()).unwrap();
        assert_eq!(
            bytes,
            "GET /a?b=c HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\nContent-Length: 2\r\n\
             content-type: application/json\r\naccept-encoding: identity\r\n\r\n{}"
        );
    }
}
