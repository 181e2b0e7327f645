//! What an index of sessions is called, and a session in it.
//!
//! The object's name is a MAC of issuer, client and `sub`, or issuer, client and `sid`: a logout is one client's. So that no claim is in a name and nobody else can find it. A
//! session's handle is a MAC of its id: it is shown in lists and URLs, and opens nothing. Each version of the session key has names and
//! handles of its own; what is entered is entered under the current one, and whoever looks looks under all of them.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::index::{Handle, Kind};
use everlit_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base64url;
use crate::cookie::SessionId;
use crate::keys::Keyring;
use crate::seal::associated_data;
use crate::url::Origin;

/// The keys of the indexes of one deployment.
#[derive(Clone)]
pub struct IndexKeys {
    keys: Vec<Secret<[u8; 32]>>,
}

/// An index, and what a session is called in it.
#[derive(Clone)]
pub struct Shelf {
    key: Secret<[u8; 32]>,
    /// The name of its object.
    pub name: String,
    /// What it is of.
    pub kind: Kind,
}

impl IndexKeys {
    /// Derives the keys, the current one first, for the canonical origin.
    #[must_use]
    pub fn new(keyring: &Keyring, origin: &Origin) -> Self {
        Self { keys: keyring.iter().map(|key| key.derive("everlit index", origin.as_str())).collect() }
    }

    /// The indexes of a user or of a session at an issuer: the current one first, then those under older keys.
    #[must_use]
    pub fn shelves(&self, kind: Kind, issuer: &str, client: &str, value: &str) -> Vec<Shelf> {
        let label: &[u8] = match kind {
            Kind::Subject => b"sub",
            Kind::Sid => b"sid",
        };
        let named = associated_data(&[label, issuer.as_bytes(), client.as_bytes(), value.as_bytes()]);
        let shelf = |key: &Secret<[u8; 32]>| Shelf {
            key: key.clone(),
            name: base64url::encode(&mac(key, &named)),
            kind,
        };
        self.keys.iter().map(shelf).collect()
    }
}

impl Shelf {
    /// What a session is called here.
    #[must_use]
    pub fn handle(&self, session: &SessionId) -> Handle {
        let named = associated_data(&[b"session", session.as_str().as_bytes()]);
        let mut handle = [0; 16];
        for (byte, from) in handle.iter_mut().zip(mac(&self.key, &named)) {
            *byte = from;
        }
        Handle(handle)
    }
}

fn mac(key: &Secret<[u8; 32]>, named: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length; there is always one.
    Hmac::<Sha256>::new_from_slice(key.expose())
        .map(|mac| mac.chain_update(named).finalize().into_bytes().into())
        .unwrap_or_default()
}

/// A handle as it is written in a URL.
#[must_use]
pub fn handle_text(handle: Handle) -> String {
    base64url::encode(&handle.0)
}

/// Reads a handle out of a URL.
#[must_use]
pub fn parse_handle(text: &str) -> Option<Handle> {
    base64url::decode_array(text).map(Handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    fn keys(ring: &Keyring, origin: &str) -> IndexKeys {
        IndexKeys::new(ring, &Origin::parse(origin).unwrap())
    }

    fn names(keys: &IndexKeys, kind: Kind, issuer: &str, value: &str) -> Vec<String> {
        keys.shelves(kind, issuer, "app", value).into_iter().map(|shelf| shelf.name).collect()
    }

    #[test]
    fn a_name_is_of_one_issuer_one_value_one_kind_and_one_deployment() {
        let (app, ring) = ("https://app.example", Keyring::new(MasterKey::new(1, [1; 32])));
        let of =
            |ring: &Keyring, origin, kind, issuer, value| names(&keys(ring, origin), kind, issuer, value);
        let known = of(&ring, app, Kind::Subject, "https://as.example", "ada");
        assert_eq!(known, of(&ring, app, Kind::Subject, "https://as.example", "ada"));
        assert_eq!(known.iter().map(String::len).collect::<Vec<_>>(), [43]);
        let other = Keyring::new(MasterKey::new(1, [2; 32]));
        for different in [
            of(&ring, app, Kind::Sid, "https://as.example", "ada"),
            of(&ring, app, Kind::Subject, "https://as.example/", "ada"),
            of(&ring, app, Kind::Subject, "https://as.exampl", "eada"),
            of(&ring, app, Kind::Subject, "https://as.example", "adb"),
            of(&ring, "https://other.example", Kind::Subject, "https://as.example", "ada"),
            of(&other, app, Kind::Subject, "https://as.example", "ada"),
        ] {
            assert_ne!(known, different);
        }
        let of_client = |client| {
            let shelves = keys(&ring, app).shelves(Kind::Subject, "https://as.example", client, "ada");
            shelves.into_iter().map(|shelf| shelf.name).collect::<Vec<_>>()
        };
        assert_eq!((of_client("app") == known, of_client("other") == known), (true, false));
    }

    #[test]
    fn under_a_new_key_the_old_index_is_still_found() {
        let old = Keyring::new(MasterKey::new(1, [1; 32]));
        let both = Keyring::new(MasterKey::new(2, [2; 32])).with_older(MasterKey::new(1, [1; 32]));
        let app = "https://app.example";
        let (old, both) = (keys(&old, app), keys(&both, app));
        let known = names(&old, Kind::Sid, "https://as.example", "s");
        let found = names(&both, Kind::Sid, "https://as.example", "s");
        assert_eq!(found.len(), 2);
        assert_eq!(known.first(), found.get(1));
        let session = SessionId::from_entropy([3; 18]);
        let handles = |keys: &IndexKeys| -> Vec<Handle> {
            keys.shelves(Kind::Sid, "x", "app", "y").iter().map(|shelf| shelf.handle(&session)).collect()
        };
        assert_eq!(handles(&both).get(1), handles(&old).first());
        assert_ne!(handles(&both).first(), handles(&old).first());
    }

    #[test]
    fn a_handle_shows_nothing_of_its_session() {
        let ring = Keyring::new(MasterKey::new(1, [1; 32]));
        let session = SessionId::from_entropy([3; 18]);
        for shelf in keys(&ring, "https://app.example").shelves(Kind::Subject, "i", "app", "s") {
            let text = handle_text(shelf.handle(&session));
            assert_eq!(text.len(), 22);
            assert!(!session.as_str().contains(&text[..8]));
            assert_eq!(parse_handle(&text), Some(shelf.handle(&session)));
        }
        for bad in ["", "a", "aaaaaaaaaaaaaaaaaaaaaaa", "../logout", "aaaaaaaaaaaaaaaaaaaaa="] {
            assert_eq!(parse_handle(bad), None, "{bad}");
        }
    }
}
