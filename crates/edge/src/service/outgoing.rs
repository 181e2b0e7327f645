//! A request to a provider, ready to be sent.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;

use crate::proxy::Method;

/// A request to a provider. Its address is its path under the origin of the service.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Path and query. One provider wants a token in it.
    pub path: Secret<String>,
    /// Its headers, but for those of the connection.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// What it carries.
    pub body: Option<Secret<String>>,
}

impl Outgoing {
    pub(super) fn new(method: Method, path: &str) -> Self {
        let headers = alloc::vec![("Accept", Secret::new("application/json".to_string()))];
        Self { method, path: Secret::new(path.to_string()), headers, body: None }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, Secret::new(value.into())));
        self
    }

    pub(super) fn secret(mut self, name: &'static str, value: Secret<String>) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn json(self, body: Secret<String>) -> Self {
        Self { body: Some(body), ..self.header("Content-Type", "application/json") }
    }

    pub(super) fn form(self, body: Secret<String>) -> Self {
        Self { body: Some(body), ..self.header("Content-Type", "application/x-www-form-urlencoded") }
    }

    /// Whether it is a GET with a body, which no `fetch` sends: it is written to a socket by hand.
    #[must_use]
    pub const fn is_raw(&self) -> bool {
        matches!(self.method, Method::Get | Method::Head) && self.body.is_some()
    }
}
