//! Breeze's exchange, answered by us: its SDK asks it at its start, with a code of the day. Ours is the service key, which is good for
//! as long as it is, and nothing of it goes to Breeze.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use serde_json::{Value, json};

use super::shown::{NoKey, by_session_token};
use crate::base64url::encode_classic;

/// The key that the body of an exchange shows in the place of the code.
///
/// # Errors
///
/// A [`NoKey`].
pub fn details_key(body: &[u8]) -> Result<Secret<String>, NoKey> {
    let body: Value = serde_json::from_slice(body).map_err(|_| NoKey::Malformed)?;
    let token = body.get("SessionToken").ok_or(NoKey::Absent)?;
    by_session_token(token.as_str().ok_or(NoKey::Malformed)?)
}

/// What we answer: a session token of the SDK's form, which holds the same key. Nothing where the SDK would cut the key: it takes the
/// parts between colons.
#[must_use]
pub fn details(user: &str, key: &Secret<String>) -> Option<Secret<String>> {
    let is_plain = |text: &str| {
        !text.is_empty() && !text.contains(':') && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !is_plain(user) || !is_plain(key.expose()) {
        return None;
    }
    let session_token = encode_classic([user, ":", key.expose()].concat().as_bytes());
    let success = json!({ "idirect_userid": user, "session_token": session_token });
    Some(Secret::new(json!({ "Success": success, "Status": 200, "Error": null }).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::HttpAnswer;
    use crate::provider::About;
    use crate::provider::breeze::exchange::Session;
    use everlit_core::time::Timestamp;

    #[test]
    fn the_answer_is_one_that_breezes_own_client_reads() {
        let key = details_key(br#"{"SessionToken":"k3y-of-the-charting-service-32ch","AppKey":"anything"}"#)
            .unwrap();
        let body = details("AB123456", &key).unwrap();
        let answer = HttpAnswer {
            status: 200,
            content_type: Some("application/json"),
            retry_after: None,
            date: None,
            body: body.expose().as_bytes(),
            now: Timestamp::from_millis(0),
        };
        let session = Session::read(&answer, About::LOGIN).unwrap();
        assert_eq!((session.token.user(), session.user_id.as_str()), ("AB123456", "AB123456"));
        assert_eq!(session.token.key(), &key);
        // What it makes of that is taken for the key again, here and in a header.
        let again = json!({ "SessionToken": session.token.token().expose() }).to_string();
        assert_eq!(details_key(again.as_bytes()), Ok(key));
    }

    #[test]
    fn what_holds_no_key_is_told_apart() {
        for (body, expected) in [
            ("", NoKey::Malformed),
            ("[]", NoKey::Absent),
            ("{}", NoKey::Absent),
            (r#"{"AppKey":"a"}"#, NoKey::Absent),
            (r#"{"SessionToken":12345678}"#, NoKey::Malformed),
            (r#"{"SessionToken":""}"#, NoKey::Malformed),
            (r#"{"SessionToken":"a b"}"#, NoKey::Malformed),
        ] {
            assert_eq!(details_key(body.as_bytes()), Err(expected), "{body}");
        }
    }

    #[test]
    fn a_key_that_the_sdk_would_cut_is_not_handed_to_it() {
        for (user, key) in [("AB", "a:b"), ("A:B", "ab"), ("", "ab"), ("AB", ""), ("A B", "ab")] {
            assert_eq!(details(user, &Secret::new(key.to_string())), None, "{user} {key}");
        }
    }
}
