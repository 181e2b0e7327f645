//! How a new token is had, and what each way needs.

use everlit_core::time::Millis;

use super::RefreshGrant;

/// A way to a new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// By the refresh grant (RFC 6749, section 6), or what a provider has in its place.
    RefreshGrant(Refresh),
    /// The token extends itself, by a call with it.
    SelfExtend(SelfExtend),
    /// It lives as long as it is used.
    Keepalive(Keepalive),
    /// It is asked for, a person approves elsewhere, and it comes by a webhook.
    PushApproval(PushApproval),
    /// Credentials that the operator holds, by a grant that the provider documents for them.
    Credentials(CredentialGrant),
    /// The user logs in on a page and comes back to us.
    Redirect,
    /// The user logs in on a page, and pastes what it shows where it cannot come back by itself.
    Paste,
}

/// A refresh token of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// What may be done with it.
    pub grant: RefreshGrant,
    /// Whether each use gives another.
    pub rotates: Rotation,
    /// Whether the app's secret goes with it: then only the edge can use it.
    pub needs_secret: bool,
    /// Whether the user has to type something each time.
    pub needs_pin: bool,
    /// For how long after a reuse that was refused the newest one still opens the session, where that is known: whoever finds a newer
    /// one kept has one try left.
    pub reopens: Option<Millis>,
}

/// Whether a refresh token changes by its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// At each.
    Yes,
    /// Never.
    No,
    /// Not known, or by a setting: what comes back is kept, and what does not come back does not change.
    Maybe,
}

/// An extension by the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfExtend {
    /// The path of the call.
    pub path: &'static str,
    /// Whether a token that is over can no more be extended: then it is done ahead of time, or never.
    pub only_while_valid: bool,
}

/// Calls that keep a session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// The path of the call.
    pub path: &'static str,
    /// How often it is made.
    pub every: Millis,
    /// Whether another login of the same user takes the session over: then it is theirs, and is not taken back by itself.
    pub yields: bool,
}

/// A request that a person approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushApproval {
    /// The path of the request, up to the client's id.
    pub path: &'static str,
    /// Whether silence is all that is heard of a refusal: then the request is over only with its deadline.
    pub refuses_silently: bool,
    /// Whether the webhook carries a proof of who sent it. Without one the token is shown to the provider before it is believed.
    pub is_signed: bool,
}

/// A grant for credentials, without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialGrant {
    /// Client credentials (RFC 6749, section 4.4).
    Client,
    /// A number for the account, a PIN and a one-time code computed from a seed. Only as the operator's own, of a service vault.
    PinAndOneTimeCode,
}

impl Renewal {
    /// Whether it goes on without a person.
    #[must_use]
    pub const fn is_unattended(&self) -> bool {
        match self {
            Self::RefreshGrant(refresh) => !refresh.needs_pin,
            Self::SelfExtend(_) | Self::Keepalive(_) | Self::Credentials(_) => true,
            Self::PushApproval(_) | Self::Redirect | Self::Paste => false,
        }
    }

    /// Whether it is tried only while there is a token that lives.
    #[must_use]
    pub const fn wants_a_live_token(&self) -> bool {
        match self {
            Self::SelfExtend(extend) => extend.only_while_valid,
            Self::Keepalive(_) => true,
            Self::RefreshGrant(_)
            | Self::PushApproval(_)
            | Self::Credentials(_)
            | Self::Redirect
            | Self::Paste => false,
        }
    }
}
