//! The names of the vaults of further accounts.

use alloc::string::String;

use everlit_core::secret::Secret;

use crate::base64url;

/// A new one, from 18 fresh random bytes. No cookie leads there: the id of a session has no dot in it.
#[must_use]
pub fn vault_name(entropy: [u8; 18]) -> Secret<String> {
    Secret::new(["link.", &base64url::encode(&entropy)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::SessionId;

    #[test]
    fn it_is_no_id_of_a_session() {
        let name = vault_name([7; 18]);
        assert_ne!(name, vault_name([8; 18]));
        assert_eq!(SessionId::restored(name.expose()), None);
    }
}
