//! Whose words are spoken with a provider of a service.

/// The protocol of a service's provider: each `match` on it is a place where one more has something to say, and none compiles without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// ICICI Direct Breeze's own.
    Breeze,
    /// Zerodha Kite's own.
    Kite,
    /// That of an authorization server (RFC 6749), at addresses that the configuration names.
    OAuth,
    /// Supabase Auth's own.
    Supabase,
    /// Upstox's own.
    Upstox,
}

impl Protocol {
    /// Whether a person can log in there in a browser that is sent there by us, and comes back.
    #[must_use]
    pub const fn logs_in(self) -> bool {
        match self {
            Self::Breeze | Self::Kite | Self::Upstox => true,
            Self::OAuth | Self::Supabase => false,
        }
    }

    /// How a call shows a token of it, in a word.
    #[must_use]
    pub const fn token_type(self) -> &'static str {
        match self {
            Self::Breeze => "X-SessionToken",
            Self::Kite => "token",
            Self::OAuth | Self::Supabase | Self::Upstox => "Bearer",
        }
    }
}
