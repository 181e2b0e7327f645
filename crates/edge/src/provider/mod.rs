//! A provider is a description, not a code path.
//!
//! What is written here is what the vault machine and the Worker need to know of a token source before they have spoken to
//! it. One kind is described so far: any OpenID Connect provider that is found by discovery. What its server forgives is
//! looked up in [`servers`], or set.

pub mod servers;

use everlit_core::time::Millis;
pub use everlit_core::vault::{Blast, Depth, GraceProfile, KeepGrant, Replay, Window};

/// The kind of a provider, as a configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `oidc`: endpoints, keys and abilities come from its discovery document.
    OpenIdConnect,
}

/// How an access token says when it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// By `expires_in` of the token answer; [`crate::oauth::expires_in`] says what else it may be taken for.
    Stated,
}

/// How a new access token is had without the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// By the refresh grant (RFC 6749, section 6).
    RefreshGrant(RefreshGrant),
}

/// What a refresh token is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// What may be done with one whose answer was lost.
    pub grace: GraceProfile,
    /// After how long without use the server lets the grant lapse, where that is known.
    pub idle: Option<Millis>,
    /// Whether it is used before that for its own sake.
    pub keep: KeepGrant,
    /// Whether the logins of one user at this client share one grant at the server, so that to revoke a token of one ends
    /// them all.
    pub shared: bool,
    /// Whether a refresh ends the access tokens that came before it.
    pub ends_tokens: bool,
}

/// How the client's request for tokens can be ended for good, at logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// At the `revocation_endpoint` (RFC 7009), where the discovery document names one.
    Endpoint,
}

/// What is known of a provider before it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its kind.
    pub kind: Kind,
    /// How it says when a token expires.
    pub expiry: Expiry,
    /// How it renews.
    pub renewal: Renewal,
    /// How it revokes.
    pub revocation: Revocation,
}

impl Provider {
    /// Any OpenID Connect provider. It is taken to be strict about refresh tokens until somebody knows better: to be wrong
    /// about that costs one login, and to be wrong the other way costs every device of the user. And its grants are taken to
    /// be shared: to be wrong about that leaves a token behind that lapses, the other way it ends a login that just began.
    pub const OPEN_ID_CONNECT: Self = Self {
        kind: Kind::OpenIdConnect,
        expiry: Expiry::Stated,
        renewal: Renewal::RefreshGrant(RefreshGrant {
            grace: GraceProfile::STRICT,
            idle: None,
            keep: KeepGrant::UntilIdleLimit,
            shared: true,
            ends_tokens: false,
        }),
        revocation: Revocation::Endpoint,
    };

    /// What its refresh tokens are like.
    #[must_use]
    pub const fn refresh_grant(&self) -> RefreshGrant {
        match self.renewal {
            Renewal::RefreshGrant(grant) => grant,
        }
    }

    /// Its grace profile.
    #[must_use]
    pub const fn grace(&self) -> GraceProfile {
        self.refresh_grant().grace
    }
}
