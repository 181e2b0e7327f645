//! What a person pastes: a token, a code, or a whole address, with whatever came along from the clipboard.

use alloc::string::String;

use everlit_core::secret::{AccessToken, Secret};
use everlit_core::time::Timestamp;

use super::body::fits_header;
use super::stated::jwt_expiry;
use crate::base64url;

/// The longest text that is looked at.
pub(crate) const MAX_PASTED: usize = 32 * 1_024;
/// No token of any provider is shorter.
const SHORTEST: usize = 8;

/// Why what was pasted is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasteError {
    /// There is nothing in it.
    Empty,
    /// It is longer than anything that is asked for here.
    TooLong,
    /// It is a text of another kind.
    NotOne,
    /// It is a part of one.
    Cut,
    /// It ended already, by its own word.
    Old,
    /// It is an address that carries none.
    Address,
    /// There are two of them.
    Twice,
    /// It is an address that is not encoded as one.
    Encoding,
}

impl PasteError {
    /// What the person is told: what came, and what to do. Nothing of it is repeated.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Empty => "Nothing was pasted. Copy it again and paste all of it.",
            Self::TooLong => {
                "That is far too long. Paste the token, or the address that the login ended at, and nothing else."
            }
            Self::NotOne => {
                "That is not a token. Copy it from where the provider shows it, without the text around it."
            }
            Self::Cut => "A part of it is missing. Copy it again and paste all of it.",
            Self::Old => "That token has expired. Log in at the provider and paste the new one.",
            Self::Address => "That address carries no session. Paste the address that the login ended at.",
            Self::Twice => "There is more than one in it. Paste the one of the last login.",
            Self::Encoding => "That address is damaged. Copy it from the address bar again.",
        }
    }

    /// It in a word, for a log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotOne => "not_one",
            Self::Cut => "cut",
            Self::Old => "old",
            Self::Address => "address",
            Self::Twice => "twice",
            Self::Encoding => "encoding",
        }
    }
}

/// An access token as it was pasted, without what the clipboard added: white space also inside of it, quotes, `Bearer`.
///
/// Whose it is only its provider can tell: it replaces nothing before it was validated there.
///
/// # Errors
///
/// A [`PasteError`].
pub fn pasted_token(pasted: &str, now: Timestamp) -> Result<AccessToken, PasteError> {
    let text = unwrapped(pasted)?;
    let text = text
        .get(.."bearer ".len())
        .filter(|word| word.eq_ignore_ascii_case("bearer "))
        .map_or(text, |word| text.strip_prefix(word).unwrap_or(text));
    let token: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    if token.contains("://") {
        return Err(PasteError::Address);
    }
    if !fits_header(&token) || token.bytes().any(|byte| b"{}\"'`<>,;".contains(&byte)) {
        return Err(PasteError::NotOne);
    }
    if token.len() < SHORTEST {
        return Err(PasteError::Cut);
    }
    // The beginning of `{"` in base64url: a JWT, and so it has three parts.
    if token.starts_with("eyJ") {
        let parts = token.split('.');
        let is_whole = parts.clone().count() == 3
            && parts.clone().all(|part| base64url::decode(part).is_some_and(|part| !part.is_empty()));
        let payload = parts.clone().nth(1).and_then(base64url::decode).unwrap_or_default();
        if !is_whole || !payload.ends_with(b"}") {
            return Err(PasteError::Cut);
        }
        if jwt_expiry(&token).is_some_and(|end| end <= now) {
            return Err(PasteError::Old);
        }
    }
    Ok(Secret::new(token))
}

/// Without white space, a byte order mark, invisible joiners and quotes around it.
pub(crate) fn unwrapped(pasted: &str) -> Result<&str, PasteError> {
    if pasted.len() > MAX_PASTED {
        return Err(PasteError::TooLong);
    }
    let around = |character: char| {
        character.is_whitespace()
            || matches!(character, '"' | '\'' | '`' | '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
    };
    let text = pasted.trim_matches(around);
    if text.is_empty() { Err(PasteError::Empty) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_millis(1_790_951_400_000);

    fn jwt(exp: u64) -> String {
        let part = |json: serde_json::Value| base64url::encode(json.to_string().as_bytes());
        [part(json!({ "alg": "HS256" })), part(json!({ "sub": "ADA123", "exp": exp })), "c2lnbmF0dXJl".into()]
            .join(".")
    }

    #[test]
    fn what_the_clipboard_added_is_taken_off() {
        let good = jwt(1_790_978_400);
        let (start, end) = good.split_at(40);
        for pasted in [
            good.clone(),
            format!("  {good}\r\n"),
            format!("\"{good}\""),
            format!("'{good}'\n"),
            format!("\u{feff}{good}\u{200b}"),
            format!("Bearer {good}"),
            format!("bearer  {good}"),
            format!("{start}\n  {end}"),
            format!("{start}\u{a0}{end}"),
        ] {
            assert_eq!(
                pasted_token(&pasted, NOW).map(|token| token.expose().clone()),
                Ok(good.clone()),
                "{pasted:?}"
            );
        }
        assert!(pasted_token("opaque-token_1.2~3", NOW).is_ok());
        assert!(
            pasted_token("QUIxMjM0NTY6OTg3NjU0MzI=", NOW).is_ok(),
            "an opaque one may look like anything"
        );
    }

    #[test]
    fn wrong_old_foreign_and_cut_ones_are_told_apart() {
        let (good, old) = (jwt(1_790_978_400), jwt(1_790_951_400));
        let long = "a".repeat(MAX_PASTED + 1);
        for (pasted, error) in [
            ("", PasteError::Empty),
            (" \n\t", PasteError::Empty),
            ("\"\"", PasteError::Empty),
            (&long, PasteError::TooLong),
            (&"a".repeat(17 * 1_024), PasteError::NotOne),
            ("{\"access_token\":\"abcdefgh\"}", PasteError::NotOne),
            ("<html><body>", PasteError::NotOne),
            ("tökentökentöken", PasteError::NotOne),
            ("token\u{0}token", PasteError::NotOne),
            ("abc", PasteError::Cut),
            (&good[..good.len() - 14], PasteError::Cut),
            (&good[..60], PasteError::Cut),
            (&good[..20], PasteError::Cut),
            (&format!("{good}.{good}"), PasteError::Cut),
            (&old, PasteError::Old),
            ("https://app.example/callback?code=abcdefgh", PasteError::Address),
        ] {
            let error_of = pasted_token(pasted, NOW).err();
            assert_eq!(error_of, Some(error), "{pasted:?}");
            assert!(error.says().ends_with('.') && !error.name().is_empty());
        }
    }
}
