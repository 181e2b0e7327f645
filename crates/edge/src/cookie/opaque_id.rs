//! The ids that the cookies carry.

use alloc::string::{String, ToString as _};

use crate::base64url;

/// Random bytes of an id: 144 bits, 24 characters without a remainder.
const ID_BYTES: usize = 18;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// One is made from entropy, taken from a cookie whose MAC is right, or restored from our own storage; there is no
        /// way from a stranger's text to an object's name.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new id from 18 fresh random bytes.
            #[must_use]
            pub fn from_entropy(entropy: [u8; ID_BYTES]) -> Self {
                Self(base64url::encode(&entropy))
            }

            /// An id that comes from our own storage, or from another object of ours: never from a request.
            #[must_use]
            pub fn restored(text: &str) -> Option<Self> {
                base64url::decode_array::<ID_BYTES>(text).map(|_| Self(text.to_string()))
            }

            /// The id: the name of its Durable Object. It is half of a credential, so it belongs in no log.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        // Said by hand: an id in a log is one MAC short of a cookie.
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "([secret])"))
            }
        }
    };
}

opaque_id! {
    /// The id of a session: the name of its vault.
    SessionId
}
opaque_id! {
    /// The id of a browser for the time of a login: the name of its login desk.
    BindingId
}
