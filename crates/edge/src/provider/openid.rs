//! Any OpenID Connect provider that is found by discovery: its texts are those of [`crate::oauth`] and [`crate::oidc`], and its answers
//! are judged there; here they are said in the words that all providers share.

use super::body;
use super::{
    About, Asked, Budget, Class, Description, Expiry, Judgement, Placement, Protocol, Provider, Refresh,
    Renewal, Rotation, Stated, Watch,
};
use crate::oauth::{HttpAnswer, TokenAnswer};

/// Any OpenID Connect provider.
pub const DESCRIPTION: Description = Description {
    name: "oidc",
    title: "OpenID Connect",
    protocol: Some(Protocol::OAuth),
    origin: None,
    login: None,
    expiry: Expiry::Stated(Stated::ExpiresIn),
    grant_end: None,
    renewals: &[
        Renewal::RefreshGrant(Refresh {
            grant: Provider::OPEN_ID_CONNECT.grant,
            rotates: Rotation::Maybe,
            needs_secret: true,
            needs_pin: false,
            reopens: None,
        }),
        Renewal::Redirect,
    ],
    why_a_person: None,
    validation: None,
    budget: Budget::UNKNOWN,
    call_rate: None,
    watch: Watch::CLOSE,
    placement: Placement {
        browser_safe: true,
        secret_for_tokens: true,
        secret_for_calls: false,
        get_with_body: false,
        orders_need_static_ip: false,
    },
    returns_state: true,
    classify: Some(classify),
    source: "https://openid.net/specs/openid-connect-core-1_0.html; RFC 6749, RFC 6750, RFC 9700",
    assumed: "what is not stated of a server in servers.rs or in the configuration: that it forgives nothing",
};

/// Judges an answer of its token endpoint, or of an API that takes its tokens.
#[must_use]
pub fn classify(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    if about.asked == Asked::Call {
        return called(answer, about);
    }
    let token_answer = TokenAnswer::classify(answer);
    let class = match token_answer {
        TokenAnswer::Granted(_) => Class::Ok,
        TokenAnswer::Throttled { .. } => return body::limited(answer, token_answer.reason()),
        TokenAnswer::Transient { retry_after, .. } => Class::Transient { retry_after },
        // It wants another proof first, and has looked at nothing.
        TokenAnswer::NotDone { .. } => Class::Transient { retry_after: None },
        TokenAnswer::Unreadable { .. } | TokenAnswer::Unusable { .. } => Class::OutcomeUnknown,
        TokenAnswer::Reauth { .. } if about.asked == Asked::Login => Class::RestartLogin,
        TokenAnswer::Reauth { .. } => Class::ReauthRequired,
        TokenAnswer::Misconfigured { .. } => Class::ClientMisconfigured,
    };
    // A code is single use (RFC 6749, section 4.1.2), and a lost answer has spent it.
    let judgement = Judgement::new(class, token_answer.reason());
    if about.asked == Asked::Login && class == Class::OutcomeUnknown {
        body::spent(judgement)
    } else {
        judgement
    }
}

/// What a resource server says (RFC 6750, section 3.1), as far as its status tells.
fn called(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    match answer.status {
        200..=299 => Judgement::new(Class::Ok, "a success"),
        401 => Judgement::new(Class::AccessExpired, "401"),
        // Another token of the same grant may do no more.
        403 if !answer.is_html() => Judgement::new(Class::NotPermitted, "403"),
        429 => body::limited(answer, "too many requests"),
        // It is the app's own API: what it says of a request is no matter of the session.
        400..=499 if ![408, 409, 425].contains(&answer.status) && !answer.is_html() => {
            Judgement::new(Class::RequestRefused, "another 4xx")
        }
        _ => body::by_status(answer, about, "neither success nor error"),
    }
}
