//! Values that must not be seen.

use alloc::string::String;
use core::fmt;

/// A value that never prints itself.
///
/// It has no `Display` and its `Debug` says nothing, in every build. [`Secret::expose`] is the one way to the value, so
/// that a search for that word finds every place where a secret is used.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: for the wire, for sealing, and for nothing else.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// An access token (RFC 6749, section 1.4), opaque to us whatever it looks like.
pub type AccessToken = Secret<String>;

/// A refresh token (RFC 6749, section 1.5). It never leaves the edge.
pub type RefreshToken = Secret<String>;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_secret_does_not_print_itself() {
        let token = AccessToken::new(String::from("canary"));
        assert!(!format!("{token:?} {:?}", Some(&token)).contains("canary"));
        assert_eq!(token.expose(), "canary");
    }
}
