//! ICICI Direct Breeze: a session of one day, reads that are GETs with a body, and errors that mean several things.
//!
//! | file | one noun |
//! |---|---|
//! | [`login`] | the page, and the `API_Session` that comes back from it or is pasted |
//! | [`exchange`] | the call that turns it into a session token |
//! | [`signature`] | headers and checksum of every other call |
//! | [`request`] | a request as bytes, for a raw socket |
//! | [`refusal`] | its errors |

pub mod exchange;
pub mod login;
pub mod refusal;
pub mod request;
pub mod signature;

use everlit_core::rate::Rate;
use everlit_core::time::Millis;

use super::{
    Budget, Credential, Cutoff, Description, Expiry, Placement, Protocol, Renewal, Validation, WallClock,
    Watch, Zone,
};
use crate::proxy::Method;

/// Where its API is.
pub const HOST: &str = "api.icicidirect.com";

/// When its sessions end, if a day has not passed before. Its budget begins anew then, too.
pub const CUTOFF: Cutoff = Cutoff::at(0, 0, Zone::INDIA);

/// ICICI Direct Breeze.
pub const DESCRIPTION: Description = Description {
    name: "breeze",
    title: "ICICI Direct Breeze",
    protocol: Some(Protocol::Breeze),
    origin: Some("https://api.icicidirect.com"),
    login: Some("https://api.icicidirect.com/apiuser/login"),
    // Two ends are documented, and which of them holds is not.
    expiry: Expiry::WallClock(WallClock::daily(CUTOFF, Some(Millis::from_days(1)))),
    grant_end: None,
    renewals: &[Renewal::Redirect, Renewal::Paste],
    why_a_person: Some(
        "Breeze has no grant for a user name and a password: its login is a page with a one-time code, once a day, and its vendor says so",
    ),
    validation: Some(Validation {
        method: Method::Get,
        path: "/breezeapi/api/v1/funds",
        credential: Credential::Signed,
        counts: true,
    }),
    budget: Budget { per_minute: Some(100), per_day: Some(5_000) },
    call_rate: Some(Rate::new(100, Millis::from_secs(60))),
    watch: Watch::CLOSE,
    placement: Placement {
        browser_safe: false,
        secret_for_tokens: false,
        secret_for_calls: true,
        get_with_body: true,
        orders_need_static_ip: true,
    },
    returns_state: false,
    classify: Some(refusal::classify),
    source: "https://api.icicidirect.com/breezeapi/documents/index.html; PyPI breeze-connect 1.0.69, npm breezeconnect 1.0.31",
    assumed: "that a session ends at midnight in India or after 24 hours, whichever is first; that a second login leaves the first \
              session alone; the HTTP status of refusals, which is not looked at; the text of the limit by the minute; how far \
              X-Timestamp may be off",
};
