//! Upstox: a code for a token that dies at 03:30 in India, and a push approval for the next one.
//!
//! | file | one noun |
//! |---|---|
//! | [`login`] | the authorization request and the token request |
//! | [`tokens`] | the token answer, in which nothing says how long |
//! | [`approval`] | the v3 request for a token that a person approves |
//! | [`notice`] | the webhook by which that token comes, and all that must be true of it |
//! | [`account`] | who a token belongs to, and the logout |
//! | [`refusal`] | its errors |

pub mod account;
pub mod approval;
pub mod login;
pub mod notice;
pub mod refusal;
pub mod tokens;

use everlit_core::rate::Rate;
use everlit_core::time::Millis;

use super::{
    Budget, Credential, Cutoff, Description, Expiry, Placement, Protocol, PushApproval, Renewal, Validation,
    WallClock, Watch, Zone,
};
use crate::proxy::Method;

/// Where its API is.
pub const ORIGIN: &str = "https://api.upstox.com";

/// When its tokens die, whenever they were issued.
pub const CUTOFF: Cutoff = Cutoff::at(3, 30, Zone::INDIA);

/// When its closed services open again.
pub const OPENS: Cutoff = Cutoff::at(5, 30, Zone::INDIA);

/// How long the extended token lives, which may only read.
pub const EXTENDED: Millis = Millis::from_days(365);

/// Upstox.
pub const DESCRIPTION: Description = Description {
    name: "upstox",
    title: "Upstox",
    protocol: Some(Protocol::Upstox),
    origin: Some(ORIGIN),
    login: Some("https://api.upstox.com/v2/login/authorization/dialog"),
    expiry: Expiry::WallClock(WallClock::daily(CUTOFF, None)),
    grant_end: None,
    renewals: &[
        Renewal::PushApproval(PushApproval {
            path: "/v3/login/auth/token/request/",
            refuses_silently: true,
            is_signed: false,
        }),
        Renewal::Redirect,
        Renewal::Paste,
    ],
    why_a_person: Some(
        "Upstox has no refresh token and no grant for a password: each day a person logs in, or approves on the telephone",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/v2/user/profile",
        credential: Credential::Bearer,
        counts: true,
    }),
    // Two thousand in half an hour is what binds.
    budget: Budget { per_minute: Some(66), per_day: None },
    // Fifty a second besides.
    call_rate: Some(Rate::new(500, Millis::from_secs(60))),
    watch: Watch::CALM,
    placement: Placement {
        browser_safe: false,
        secret_for_tokens: true,
        secret_for_calls: false,
        get_with_body: false,
        orders_need_static_ip: true,
    },
    returns_state: true,
    classify: Some(refusal::classify),
    source: "https://upstox.com/developer/api-documentation; PyPI upstox-python-sdk 2.30.0",
    assumed: "what is issued at 03:30:00.000 lives until the next day; a token made in the dashboard has the same cutoff; \
              a webhook may be delivered more than once; HTTP statuses other than 401 for UDAPI100050, and 429",
};
