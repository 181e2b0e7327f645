//! Who is signed for, and what of a call is theirs.

use crate::proxy::Method;

/// Whose calls are signed. Another provider's token is handed over by `/service/{name}/token`, and its caller calls by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ICICI Direct Breeze: headers with a checksum over time, body and secret.
    Breeze,
    /// Zerodha Kite: `Authorization: token key:token`.
    Kite,
    /// Upstox: `Authorization: Bearer`.
    Upstox,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Breeze, Self::Kite, Self::Upstox];

    /// That of the provider of this name.
    #[must_use]
    pub fn of(provider: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.provider() == provider)
    }

    /// The name of the provider.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Breeze => "breeze",
            Self::Kite => "kite",
            Self::Upstox => "upstox",
        }
    }

    /// The method that a call means. Whoever has nothing but a `fetch` can send no GET with a body: for the provider that wants one it
    /// says POST, and in a header what it means.
    #[must_use]
    pub fn method(self, method: &str, meant: Option<&str>) -> Option<Method> {
        match (self, method, meant) {
            (Self::Breeze, "POST", Some("GET")) => Some(Method::Get),
            (_, method, _) => Method::parse(method),
        }
    }

    /// Whether its refusals are told by the body, whatever the status is.
    #[must_use]
    pub const fn refuses_with_success(self) -> bool {
        matches!(self, Self::Breeze)
    }

    /// Whether a header is put in by us, so that none of its caller's goes out: in small letters.
    pub(super) fn owns(self, name: &str) -> bool {
        const ALWAYS: [&str; 1] = ["content-length"];
        let own: &[&str] = match self {
            Self::Breeze => {
                &["x-checksum", "x-timestamp", "x-appkey", "x-sessiontoken", "apikey", "content-type"]
            }
            Self::Kite => &["x-kite-version"],
            Self::Upstox => &[],
        };
        ALWAYS.contains(&name) || own.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Credential, DESCRIPTIONS};

    #[test]
    fn each_scheme_is_that_of_its_provider() {
        for description in DESCRIPTIONS {
            let credential = description.validation.map(|validation| validation.credential);
            let is_signed = Scheme::of(description.name).map(|scheme| match scheme {
                Scheme::Breeze => credential == Some(Credential::Signed),
                Scheme::Kite => credential == Some(Credential::KeyAndToken),
                Scheme::Upstox => credential == Some(Credential::Bearer),
            });
            assert_ne!(is_signed, Some(false), "{}", description.name);
        }
        assert!(Scheme::ALL.into_iter().all(|scheme| Scheme::of(scheme.provider()) == Some(scheme)));
        assert_eq!(Scheme::of("Breeze"), None);
    }

    #[test]
    fn a_method_means_another_for_breeze_only() {
        for (scheme, method, meant, expected) in [
            (Scheme::Breeze, "GET", None, Some(Method::Get)),
            (Scheme::Breeze, "POST", None, Some(Method::Post)),
            (Scheme::Breeze, "POST", Some("GET"), Some(Method::Get)),
            (Scheme::Breeze, "POST", Some("DELETE"), Some(Method::Post)),
            (Scheme::Breeze, "GET", Some("POST"), Some(Method::Get)),
            (Scheme::Upstox, "POST", Some("GET"), Some(Method::Post)),
            (Scheme::Kite, "get", None, None),
            (Scheme::Kite, "TRACE", Some("GET"), None),
        ] {
            assert_eq!(scheme.method(method, meant), expected, "{scheme:?} {method} {meant:?}");
        }
    }
}
