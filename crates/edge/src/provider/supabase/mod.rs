//! Supabase Auth (GoTrue): refresh tokens with rules of their own, and errors that are not those of OAuth.
//!
//! | file | one noun |
//! |---|---|
//! | [`login`] | the ways to log in, and where they lead |
//! | [`refresh`] | the refresh request and the tokens that answer it |
//! | [`refusal`] | its errors, in both forms |

pub mod login;
pub mod refresh;
pub mod refusal;

use everlit_core::time::Millis;

use super::{
    Blast, Budget, Credential, Depth, Description, Expiry, GraceProfile, KeepGrant, Placement, Protocol,
    Refresh, RefreshGrant, Renewal, Replay, Rotation, Stated, Validation, Watch, Window,
};
use crate::proxy::Method;

/// What it forgives: the parent of the active token is always answered with that one, however late.
pub const GRACE: GraceProfile = GraceProfile {
    window: Window::Unlimited,
    replay: Replay::ActiveToken,
    depth: Depth::Previous,
    blast: Blast::Family,
};

/// Within this time any spent token is answered, by the setting of hosted projects. The server's own default is none.
pub const REUSE_INTERVAL: Millis = Millis::from_secs(10);

/// Supabase Auth.
pub const DESCRIPTION: Description = Description {
    name: "supabase",
    title: "Supabase Auth",
    protocol: Some(Protocol::Supabase),
    origin: None,
    login: None,
    expiry: Expiry::Stated(Stated::ExpiresIn),
    grant_end: None,
    renewals: &[
        Renewal::RefreshGrant(Refresh {
            grant: RefreshGrant {
                grace: GRACE,
                idle: None,
                keep: KeepGrant::UntilIdleLimit,
                shared: false,
                ends_tokens: false,
            },
            rotates: Rotation::Yes,
            needs_secret: false,
            needs_pin: false,
            // Of the first generation of its tokens: a refused reuse revokes the newest now, and what was revoked just now may be used.
            reopens: Some(REUSE_INTERVAL),
        }),
        Renewal::Redirect,
    ],
    why_a_person: None,
    validation: Some(Validation {
        method: Method::Get,
        path: "/auth/v1/user",
        credential: Credential::Bearer,
        counts: true,
    }),
    // 150 refreshes in five minutes.
    budget: Budget { per_minute: Some(30), per_day: None },
    call_rate: None,
    watch: Watch::CLOSE,
    placement: Placement {
        browser_safe: true,
        secret_for_tokens: false,
        secret_for_calls: false,
        get_with_body: false,
        orders_need_static_ip: false,
    },
    returns_state: false,
    classify: Some(refusal::classify),
    source: "https://github.com/supabase/auth, internal/tokens/service.go and internal/api/errors.go",
    assumed: "the reuse interval of a hosted project, ten seconds; what its gateway says of a key that is wrong",
};
