//! Brokers that are described as far as it is verified, and have no stand-in yet: none of their answers was seen, so none is judged.
//!
//! Each is a starting point: what stands in `assumed` is to be measured before a vault relies on it, and any member can be corrected.

use everlit_core::time::Millis;

use super::{
    Budget, Credential, CredentialGrant, Cutoff, Description, Expiry, GraceProfile, KeepGrant, Keepalive,
    Placement, Protocol, Refresh, RefreshGrant, Renewal, Rotation, SelfExtend, Stated, Validation, WallClock,
    Watch, Zone,
};
use crate::proxy::Method;

/// What is taken of a refresh token that nobody has measured: that it forgives nothing.
const STRICT: Refresh = Refresh {
    grant: RefreshGrant {
        grace: GraceProfile::STRICT,
        idle: None,
        keep: KeepGrant::Never,
        shared: false,
        ends_tokens: false,
    },
    rotates: Rotation::Maybe,
    needs_secret: true,
    needs_pin: false,
    reopens: None,
};

/// What is taken of a place that nobody has measured: that nothing is for a browser.
const EDGE: Placement = Placement {
    browser_safe: false,
    secret_for_tokens: true,
    secret_for_calls: false,
    get_with_body: false,
    orders_need_static_ip: false,
};

/// Angel One SmartAPI.
pub const ANGEL: Description = Description {
    name: "angel",
    title: "Angel One SmartAPI",
    protocol: None,
    origin: Some("https://apiconnect.angelone.in"),
    login: None,
    // It was a time of day and is not any more: what stands in the token counts, and nothing is computed.
    expiry: Expiry::Stated(Stated::JwtExp),
    grant_end: None,
    renewals: &[
        // By `POST /rest/auth/angelbroking/jwt/v1/generateTokens`. The key of the app goes with it, and there is no secret.
        Renewal::RefreshGrant(Refresh { rotates: Rotation::Yes, needs_secret: false, ..STRICT }),
        Renewal::Credentials(CredentialGrant::PinAndOneTimeCode),
    ],
    why_a_person: None,
    validation: Some(Validation {
        method: Method::Get,
        path: "/rest/secure/angelbroking/user/v1/getProfile",
        credential: Credential::Bearer,
        counts: true,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: Placement { secret_for_tokens: false, ..EDGE },
    returns_state: false,
    classify: None,
    source: "PyPI smartapi-python 1.5.5",
    assumed: "the origin; how long a token lives (24 to 28 hours, or until midnight); that its refresh tokens rotate; what its error codes mean",
};

/// Fyers v3.
pub const FYERS: Description = Description {
    name: "fyers",
    title: "Fyers",
    protocol: None,
    origin: Some("https://api-t1.fyers.in"),
    login: Some("https://api-t1.fyers.in/api/v3/generate-authcode"),
    expiry: Expiry::Stated(Stated::JwtExp),
    grant_end: Some(Millis::from_days(15)),
    renewals: &[
        Renewal::RefreshGrant(Refresh { rotates: Rotation::No, needs_pin: true, ..STRICT }),
        Renewal::Redirect,
    ],
    why_a_person: Some(
        "Fyers wants the user's PIN at each renewal, and may refuse renewals altogether: its SDK has none",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/api/v3/profile",
        credential: Credential::AppAndToken,
        counts: true,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: EDGE,
    returns_state: true,
    classify: None,
    source: "PyPI fyers-apiv3 3.2.0",
    assumed: "the renewal with a PIN and the fifteen days of its refresh token; that it does not rotate; the path of the profile; \
              that state comes back; what its codes -15 and -16 mean",
};

/// Dhan v2.
pub const DHAN: Description = Description {
    name: "dhan",
    title: "Dhan",
    protocol: None,
    origin: Some("https://api.dhan.co"),
    login: None,
    expiry: Expiry::Fixed(Millis::from_days(1)),
    grant_end: None,
    renewals: &[
        Renewal::SelfExtend(SelfExtend { path: "/v2/RenewToken", only_while_valid: true }),
        Renewal::Redirect,
    ],
    why_a_person: Some(
        "Dhan extends a token only while it is active; after that a person gives consent in a browser",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/v2/profile",
        credential: Credential::Header("access-token"),
        counts: true,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: EDGE,
    returns_state: false,
    classify: None,
    source: "https://dhanhq.co/docs/v2/authentication; PyPI dhanhq 2.3.0",
    assumed: "that only tokens made on its website can be extended, and by GET; the origin; the zone of expiryTime; the profile; its error codes",
};

/// Alpaca, by OAuth in the name of a user.
pub const ALPACA: Description = Description {
    name: "alpaca",
    title: "Alpaca",
    protocol: None,
    origin: Some("https://api.alpaca.markets"),
    login: Some("https://app.alpaca.markets/oauth/authorize"),
    expiry: Expiry::Unknown,
    grant_end: None,
    renewals: &[Renewal::Redirect],
    why_a_person: Some(
        "Alpaca gives no refresh token and states no end: a token is good until it is refused",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/v2/account",
        credential: Credential::Bearer,
        counts: true,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: EDGE,
    returns_state: true,
    classify: None,
    source: "https://docs.alpaca.markets, OAuth",
    assumed: "both addresses; that a token without a stated end has none; the validation; that a dead token is answered with 401",
};

/// Alpaca's API for brokers, with credentials of the operator's.
pub const ALPACA_BROKER: Description = Description {
    name: "alpaca-broker",
    title: "Alpaca Broker API",
    protocol: Some(Protocol::OAuth),
    origin: None,
    login: None,
    expiry: Expiry::Stated(Stated::ExpiresIn),
    renewals: &[Renewal::Credentials(CredentialGrant::Client)],
    why_a_person: None,
    validation: None,
    returns_state: false,
    source: "https://docs.alpaca.markets, openapi/auth.json",
    assumed: "its address; that its codes are OAuth's, with quota_exceeded besides",
    ..ALPACA
};

/// Interactive Brokers' Client Portal: a gateway on a machine of the operator's, and a session that lives as long as it is used.
pub const IBKR: Description = Description {
    name: "ibkr",
    title: "Interactive Brokers Client Portal",
    protocol: None,
    origin: None,
    login: None,
    expiry: Expiry::Idle { idle: Millis::from_secs(360), cap: Some(Millis::from_days(1)) },
    grant_end: None,
    renewals: &[Renewal::Keepalive(Keepalive {
        path: "/v1/api/tickle",
        every: Millis::from_secs(60),
        yields: true,
    })],
    why_a_person: Some("a session that is over is begun anew by a login on the machine of the gateway"),
    validation: Some(Validation {
        method: Method::Get,
        path: "/v1/api/iserver/auth/status",
        credential: Credential::Cookie,
        counts: false,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: Placement { secret_for_tokens: false, ..EDGE },
    returns_state: false,
    classify: None,
    source: "https://interactivebrokers.github.io/cpwebapi",
    assumed: "six minutes without use; a day at most, with a reset at night; the method of the status",
};

/// Charles Schwab.
pub const SCHWAB: Description = Description {
    name: "schwab",
    title: "Charles Schwab",
    protocol: None,
    origin: Some("https://api.schwabapi.com"),
    login: Some("https://api.schwabapi.com/v1/oauth/authorize"),
    expiry: Expiry::Fixed(Millis::from_secs(1_800)),
    // From the login on, and no refresh extends it.
    grant_end: Some(Millis::from_days(7)),
    renewals: &[Renewal::RefreshGrant(STRICT), Renewal::Redirect],
    why_a_person: Some(
        "the refresh token of Schwab ends seven days after the login, however much it is used",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/trader/v1/accounts/accountNumbers",
        credential: Credential::Bearer,
        counts: true,
    }),
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: EDGE,
    returns_state: true,
    classify: None,
    source: "PyPI schwab-py 1.5.1",
    assumed: "the addresses and the validation; whether its refresh tokens rotate, so what comes back is kept; that state comes back; \
              that unsupported_token_type with refresh_token_authentication_error is its way to say that the grant is over",
};

/// When Angel's tokens died before it was changed, for installations where it still is so: `Description { expiry, ..ANGEL }`.
pub const ANGEL_CUTOFF: Expiry = Expiry::WallClock(WallClock::daily(Cutoff::at(5, 0, Zone::INDIA), None));
