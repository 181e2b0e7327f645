//! What Supabase Auth's answers mean: a code each, as `error_code` where nobody asked for a version, as `code` since 2024-01-01, and as
//! `error` of a few that are OAuth's.

use alloc::string::String;

use serde_json::{Map, Value};

use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::{About, Asked, Class, Judgement};

/// Its codes, as far as they decide something. Of those of a session it does not matter what was asked.
const CODES: [(&str, Class); 21] = [
    ("refresh_token_not_found", Class::ReauthRequired),
    ("refresh_token_already_used", Class::ReauthRequired),
    ("session_not_found", Class::ReauthRequired),
    ("session_expired", Class::ReauthRequired),
    ("user_banned", Class::ReauthRequired),
    ("conflict", body::LATER),
    ("over_request_rate_limit", body::LIMITED),
    ("unexpected_failure", body::LATER),
    ("request_timeout", body::LATER),
    ("bad_jwt", Class::AccessExpired),
    // The call carried no token at all.
    ("no_authorization", Class::RequestRefused),
    ("bad_code_verifier", Class::RestartLogin),
    ("flow_state_not_found", Class::RestartLogin),
    ("flow_state_expired", Class::RestartLogin),
    ("otp_expired", Class::RestartLogin),
    ("invalid_credentials", Class::RestartLogin),
    ("validation_failed", Class::RequestRefused),
    ("bad_json", Class::RequestRefused),
    ("invalid_request", Class::RequestRefused),
    ("unsupported_grant_type", Class::RequestRefused),
    ("over_email_send_rate_limit", body::LIMITED),
];

/// Judges an answer.
#[must_use]
pub fn classify(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    if answer.status == 204 {
        return Judgement::new(Class::Ok, "a success");
    }
    let judgement = match body::object(answer, about) {
        Ok(object) => judge(answer, about, &object),
        Err(judgement) => judgement,
    };
    // A code of PKCE is spent by its use.
    if about.asked == Asked::Login && judgement.class == Class::OutcomeUnknown {
        body::spent(judgement)
    } else {
        judgement
    }
}

fn judge(answer: &HttpAnswer<'_>, about: About, object: &Map<String, Value>) -> Judgement {
    let code = ["error_code", "code", "error"].into_iter().find_map(|name| text(object, name));
    let message = ["msg", "message"].into_iter().find_map(|name| text(object, name)).unwrap_or_default();
    let judgement = match code {
        // A refresh token of another project.
        Some("validation_failed") if message.contains("Not Issued By This Server") => {
            Judgement::new(Class::ReauthRequired, "validation_failed: another server's")
        }
        Some(code) => match CODES.into_iter().find(|(known, _)| *known == code) {
            Some((code, class)) => body::known(answer, class, code),
            None => other(answer, about),
        },
        None if (200..300).contains(&answer.status) => Judgement::new(Class::Ok, "a success"),
        // The gateway before it wants the project's key.
        None if answer.status == 401 && message.to_ascii_lowercase().contains("api key") => {
            Judgement::new(Class::ClientMisconfigured, "the project's key")
        }
        None => other(answer, about),
    };
    // A server that fails is not believed that a session is over.
    if judgement.class.ends_grant() && answer.status >= 500 {
        return body::by_status(answer, about, judgement.reason);
    }
    judgement
}

/// A refusal that no table knows. A call that is refused as not authorized is worth a renewal, once.
fn other(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    if answer.status == 401 && about.asked == Asked::Call {
        return Judgement::new(Class::AccessExpired, "401");
    }
    body::unknown(answer, about)
}
