//! What a provider's answer means, as its description classifies it.

/// The classes of `Provider` descriptions. Closed, so that every table handles all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Says nothing about token or grant: no network, a 5xx, a page of HTML.
    Transient,
    /// The provider asks for less.
    RateLimited,
    /// The token is over; the grant may not be.
    AccessExpired,
    /// The grant is over: a person must log in.
    ReauthRequired,
    /// Our registration or secret is wrong: an operator must act, no login helps.
    ClientMisconfigured,
    /// The account needs its owner at the provider; a login does not help.
    UserActionRequired,
    /// The provider is closed at this hour.
    ServiceClosed,
    /// The token is good for less than this call.
    WrongToken,
    /// Could mean that the token is over, and could mean nothing.
    Ambiguous,
    /// It was sent, and nobody knows what came of it.
    OutcomeUnknown,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Transient,
        Self::RateLimited,
        Self::AccessExpired,
        Self::ReauthRequired,
        Self::ClientMisconfigured,
        Self::UserActionRequired,
        Self::ServiceClosed,
        Self::WrongToken,
        Self::Ambiguous,
        Self::OutcomeUnknown,
    ];

    /// Its name in logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::AccessExpired => "access_expired",
            Self::ReauthRequired => "reauth_required",
            Self::ClientMisconfigured => "client_misconfigured",
            Self::UserActionRequired => "user_action_required",
            Self::ServiceClosed => "service_closed",
            Self::WrongToken => "wrong_token",
            Self::Ambiguous => "ambiguous",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}
