//! Zerodha Kite Connect: a request token and a checksum for a token that dies at 06:00 in India.
//!
//! | file | one noun |
//! |---|---|
//! | [`login`] | the page, and the request token that comes back from it |
//! | [`session`] | the exchange, its answer, its end, and how a call shows its token |
//! | [`refusal`] | its errors |

pub mod login;
pub mod refusal;
pub mod session;

use everlit_core::rate::Rate;
use everlit_core::time::Millis;

use super::{
    Blast, Budget, Credential, Cutoff, Depth, Description, Expiry, GraceProfile, KeepGrant, Placement,
    Protocol, Refresh, RefreshGrant, Renewal, Replay, Rotation, Validation, WallClock, Watch, Window, Zone,
};
use crate::proxy::Method;

/// Where its API is.
pub const ORIGIN: &str = "https://api.kite.trade";

/// When its tokens die.
pub const CUTOFF: Cutoff = Cutoff::at(6, 0, Zone::INDIA);

/// The refresh token of the few platforms that are approved for one. All others get an empty text in its place.
pub const REFRESH: Refresh = Refresh {
    grant: RefreshGrant {
        grace: GraceProfile {
            window: Window::None,
            replay: Replay::Refused,
            depth: Depth::Previous,
            blast: Blast::Family,
        },
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

/// The ways to a new token of an app that is approved for refresh tokens: `grant = "refresh_token"` in `SERVICE_…` says so.
pub const APPROVED: &[Renewal] = &[Renewal::RefreshGrant(REFRESH), Renewal::Redirect, Renewal::Paste];

/// Zerodha Kite Connect, as an app gets it that is not approved for refresh tokens. One that is has [`APPROVED`] for its renewals.
pub const DESCRIPTION: Description = Description {
    name: "kite",
    title: "Zerodha Kite",
    protocol: Some(Protocol::Kite),
    origin: Some(ORIGIN),
    login: Some("https://kite.zerodha.com/connect/login"),
    expiry: Expiry::WallClock(WallClock::daily(CUTOFF, None)),
    grant_end: None,
    renewals: &[Renewal::Redirect, Renewal::Paste],
    why_a_person: Some(
        "Kite has no grant for a user name and a password: a person logs in once a day, as a regulation wants it",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/user/profile",
        credential: Credential::KeyAndToken,
        counts: true,
    }),
    budget: Budget { per_minute: Some(600), per_day: None },
    call_rate: Some(Rate::new(600, Millis::from_secs(60))),
    watch: Watch::CLOSE,
    placement: Placement {
        browser_safe: false,
        secret_for_tokens: true,
        secret_for_calls: false,
        get_with_body: false,
        orders_need_static_ip: false,
    },
    returns_state: false,
    classify: Some(refusal::classify),
    source: "PyPI kiteconnect 5.2.2; npm kiteconnect 5.3.0",
    assumed: "ten calls a second for all of them; how many minutes a request token lives; whether a wrong checksum spends it; \
              whether a refresh token is spent by its use; that orders may come from any address",
};
