//! `WWW-Authenticate` (RFC 9110, section 11.6.1): why an upstream refused.

use alloc::string::String;
use alloc::vec::Vec;

/// The longest header that is looked at.
const MAX_HEADER: usize = 8 * 1_024;

/// One challenge: its scheme, and its parameters in lower case names.
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// Whether an upstream's answer says that the access token has expired or was revoked, and that nothing was done.
///
/// # Spec
///
/// [_RFC 6750 § 3.1_](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1): 401 with `invalid_token` means that the
/// client may ask for a new access token and try again. `insufficient_scope` (403) does not, and a 401 without the code may
/// mean anything: no refresh would help, so none is made.
#[must_use]
pub fn is_access_expired(status: u16, www_authenticate: Option<&str>) -> bool {
    status == 401 && says(www_authenticate, &["bearer", "dpop"], "invalid_token")
}

/// Whether an upstream's answer asks for a nonce in the proof, and says that nothing was done.
///
/// # Spec
///
/// [_RFC 9449 § 9_](https://www.rfc-editor.org/rfc/rfc9449.html#section-9): 401 with `use_dpop_nonce`.
#[must_use]
pub fn is_nonce_wanted(status: u16, www_authenticate: Option<&str>) -> bool {
    status == 401 && says(www_authenticate, &["dpop"], "use_dpop_nonce")
}

/// Whether there is a challenge of one of these schemes with this error.
fn says(www_authenticate: Option<&str>, schemes: &[&str], error: &str) -> bool {
    www_authenticate.and_then(challenges).into_iter().flatten().any(|challenge| {
        schemes.contains(&challenge.scheme.as_str())
            && challenge.parameters.iter().any(|(name, value)| name == "error" && value == error)
    })
}

/// Whether a header has token challenges only, none that makes a browser ask for a password.
#[must_use]
pub fn is_bearer_only(www_authenticate: &str) -> bool {
    challenges(www_authenticate).is_some_and(|found| {
        !found.is_empty()
            && found.iter().all(|challenge| matches!(challenge.scheme.as_str(), "bearer" | "dpop"))
    })
}

/// Reads the challenges; nothing if the header is not a list of them.
fn challenges(header: &str) -> Option<Vec<Challenge>> {
    let mut rest = header.trim().get(..).filter(|header| header.len() <= MAX_HEADER)?;
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(challenges);
        }
        let (word, after) = token(rest)?;
        let spaced = after.trim_start_matches([' ', '\t']);
        let value = spaced.strip_prefix('=').filter(|_| !challenges.is_empty());
        if let (Some(value), Some(challenge)) = (value, challenges.last_mut()) {
            let (value, after) = parameter_value(value.trim_start_matches([' ', '\t']))?;
            challenge.parameters.push((word.to_ascii_lowercase(), value));
            rest = after;
        } else {
            challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
            rest = token68(spaced).unwrap_or(spaced);
        }
    }
}

/// A token and what follows it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = text.find(|c| !is_token(c)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// What follows a token68 (the other form of a challenge: `Negotiate YII=`), if there is one.
fn token68(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/".contains(c))).unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end)?;
    let padded = after.trim_start_matches('=');
    let ends = padded.is_empty() || padded.trim_start_matches([' ', '\t']).starts_with(',');
    // `realm=` begins a parameter: it is a token68 only where nothing but its padding comes before the comma.
    (!word.is_empty() && ends && (padded.len() != after.len() || !after.starts_with([' ', '\t'])))
        .then_some(padded)
}

/// A token or a quoted string, and what follows it.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(word, after)| (String::from(word), after));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return quoted.get(at.saturating_add(1)..).map(|after| (value, after)),
            '\\' => value.push(chars.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_token_is_recognised_in_every_spelling() {
        for header in [
            "Bearer error=\"invalid_token\"",
            "Bearer realm=\"http://as.example/a, b\", error=\"invalid_token\", error_description=\"expired\"",
            "bearer error=invalid_token",
            "Bearer  realm=\"a\\\"b\" , ERROR = \"invalid_token\"",
            "Basic realm=\"x\", Bearer error=\"invalid_token\"",
            "Negotiate, Bearer error=\"invalid_token\"",
            "Negotiate YIIabc==, Bearer error=\"invalid_token\"",
            "DPoP error=\"invalid_token\", algs=\"ES256\"",
        ] {
            assert!(is_access_expired(401, Some(header)), "{header}");
            assert!(!is_access_expired(403, Some(header)), "{header}");
        }
    }

    #[test]
    fn a_nonce_is_wanted_by_dpop_only() {
        let header = "Bearer, DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
        assert!(is_nonce_wanted(401, Some(header)) && !is_access_expired(401, Some(header)));
        assert!(!is_nonce_wanted(400, Some(header)) && !is_nonce_wanted(401, None));
        assert!(!is_nonce_wanted(401, Some("Bearer error=\"use_dpop_nonce\"")));
        assert!(!is_nonce_wanted(401, Some("DPoP error=\"invalid_token\"")));
    }

    #[test]
    fn nothing_else_is_an_expired_token() {
        for header in [
            "",
            "Bearer",
            "Bearer realm=\"x\"",
            "Bearer error=\"insufficient_scope\"",
            "Bearer error_description=\"error=invalid_token\"",
            "Bearer realm=\"error=\\\"invalid_token\\\"\"",
            "Basic error=\"invalid_token\"",
            "Bearer realm=\"x\", Basic error=\"invalid_token\"",
            "error=\"invalid_token\"",
            "Bearer error=\"invalid_token",
            "Bearer (error)=\"invalid_token\"",
        ] {
            assert!(!is_access_expired(401, Some(header)), "{header}");
        }
        assert!(!is_access_expired(401, None));
        assert!(!is_access_expired(
            401,
            Some(&alloc::format!("Bearer error=\"invalid_token\"{}", ",".repeat(MAX_HEADER)))
        ));
    }

    #[test]
    fn only_token_challenges_are_fit_for_a_browser() {
        assert!(is_bearer_only("Bearer"));
        assert!(is_bearer_only("DPoP algs=\"ES256\", Bearer realm=\"x\""));
        for other in
            ["", "Basic", "Negotiate", "Bearer realm=\"x\", Digest realm=\"y\"", "Bearer \"", "NTLM TlRM=="]
        {
            assert!(!is_bearer_only(other), "{other}");
        }
    }
}
