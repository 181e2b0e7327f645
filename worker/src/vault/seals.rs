//! The key of one object, and what it seals there.

use everlit_core::id::{Generation, Stamp};
use everlit_core::secret::Secret;
use everlit_edge::keys::Keyring;
use everlit_edge::seal::{DataKey, SealError, Sealer, associated_data};

use crate::entropy;

/// A column that holds a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The access token.
    AccessToken,
    /// The refresh token.
    RefreshToken,
    /// Refresh tokens to revoke.
    Outbox,
    /// Claims of the user.
    User,
    /// The key that the tokens are bound to.
    DpopKey,
    /// Tokens for less than all of the grant.
    Aimed,
}

impl Column {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::Outbox => "outbox",
            Self::User => "user",
            Self::DpopKey => "dpop_key",
            Self::Aimed => "aimed",
        }
    }

    /// Where a value of it belongs.
    pub(super) fn place(self, stamp: Stamp) -> Vec<u8> {
        let generation = match self {
            Self::AccessToken | Self::RefreshToken | Self::Outbox | Self::Aimed => stamp.generation,
            // Claims and key belong to a login, not to one of its tokens.
            Self::User | Self::DpopKey => Generation::FIRST,
        };
        associated_data(&[self.name().as_bytes(), &stamp.epoch.0.to_be_bytes(), &generation.0.to_be_bytes()])
    }
}

/// No entropy, or nothing that can be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsealable;

/// The seals of one object, all made of its data key.
pub(super) struct Seals {
    data_key: DataKey,
    wrapped: Vec<u8>,
    access_token: Sealer,
    refresh_token: Sealer,
    outbox: Sealer,
    user: Sealer,
    dpop_key: Sealer,
    aimed: Sealer,
}

impl Seals {
    /// The seals of a key that was kept.
    pub(super) fn unwrap(keyring: &Keyring, object: &str, wrapped: Vec<u8>) -> Result<Self, SealError> {
        let data_key = DataKey::unwrap(keyring, object, &wrapped)?;
        Ok(Self::new(data_key, wrapped))
    }

    /// The seals to write with: those there are, their key wrapped anew if that is due, or those of a new key.
    pub(super) fn renewed(known: Option<Self>, keyring: &Keyring, object: &str) -> Result<Self, Unsealable> {
        let wrap = |data_key: &DataKey| {
            let nonce = entropy::bytes().ok_or(Unsealable)?;
            data_key.wrap(keyring, nonce, object).map_err(|_| Unsealable)
        };
        match known {
            Some(seals) if !seals.is_stale(keyring) => Ok(seals),
            Some(seals) => Ok(Self { wrapped: wrap(&seals.data_key)?, ..seals }),
            None => {
                let data_key = DataKey::from_entropy(entropy::bytes().ok_or(Unsealable)?);
                let wrapped = wrap(&data_key)?;
                Ok(Self::new(data_key, wrapped))
            }
        }
    }

    fn new(data_key: DataKey, wrapped: Vec<u8>) -> Self {
        let sealer = |label: &str| Sealer::with_data_key(&data_key, label);
        Self {
            access_token: sealer("access token"),
            refresh_token: sealer("refresh token"),
            outbox: sealer("outbox"),
            user: sealer("user"),
            dpop_key: sealer("dpop key"),
            aimed: sealer("aimed"),
            data_key,
            wrapped,
        }
    }

    /// The key, as it is kept.
    pub(super) fn wrapped(&self) -> &[u8] {
        &self.wrapped
    }

    /// Whether it is wrapped by an older session key than the current one.
    pub(super) fn is_stale(&self, keyring: &Keyring) -> bool {
        DataKey::is_stale(keyring, &self.wrapped)
    }

    /// Seals a value for a column of this generation.
    pub(super) fn seal(&self, column: Column, stamp: Stamp, value: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let nonce = entropy::bytes().ok_or(Unsealable)?;
        self.of(column).seal(nonce, &column.place(stamp), value).map_err(|_| Unsealable)
    }

    /// The value of a column. One that does not open is one that is not there; the machine then asks the user.
    pub(super) fn open(&self, column: Column, stamp: Stamp, sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        self.of(column).open(&column.place(stamp), sealed).ok()
    }

    const fn of(&self, column: Column) -> &Sealer {
        match column {
            Column::AccessToken => &self.access_token,
            Column::RefreshToken => &self.refresh_token,
            Column::Outbox => &self.outbox,
            Column::User => &self.user,
            Column::DpopKey => &self.dpop_key,
            Column::Aimed => &self.aimed,
        }
    }
}

/// A text that was sealed.
pub(super) fn text(opened: Secret<Vec<u8>>) -> Option<Secret<String>> {
    String::from_utf8(opened.expose().clone()).ok().map(Secret::new)
}
