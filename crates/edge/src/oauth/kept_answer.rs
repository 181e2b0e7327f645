//! The end of a token request as the escrow keeps it, between the rotator that heard it and the vault that commits it.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use everlit_core::id::Aim;
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{self, Granted, Target};
use serde_json::{Map, Value, json};

use super::{MAX_ACCESS_TOKEN, MAX_REFRESH_TOKEN, MAX_SCOPE, TokenAnswer};
use crate::seal::{SealError, Sealer};

/// The most bytes that JSON makes of one.
pub const JSON_ESCAPE: usize = 6;
/// The longest text that [`KeptAnswer::encode`] writes: both tokens and a scope at their longest, and a few words around them.
pub const MAX_KEPT_ANSWER: usize = (MAX_ACCESS_TOKEN + MAX_REFRESH_TOKEN) * JSON_ESCAPE + MAX_SCOPE + 1_024;

/// The shape of what is written. A greater one is of a later version of this code.
const VERSION: u64 = 1;

/// Why there is no answer in what was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptError {
    /// A later version of this code wrote it, or a newer key sealed it, while a deployment is being rolled out. Nothing may be
    /// concluded from it: whoever asks again later is not behind.
    Ahead,
    /// It is none of ours, or its key was retired. All that is known is that there was an answer.
    Malformed,
}

impl From<SealError> for KeptError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::KeyAhead => Self::Ahead,
            SealError::TooShort | SealError::KeyRetired | SealError::Refused => Self::Malformed,
        }
    }
}

/// An answer and when it came, by the clock of whoever heard it.
///
/// It is kept as JSON, and only ever sealed:
///
/// ```text
/// {"v":1,"at":<ms>,"granted":{"access_token":"…","expires_in":<ms>,"refresh_token":"…"},"unbound":true}
/// {"v":1,"at":<ms>,"unusable":true,"refresh_token":"…"}
/// {"v":1,"at":<ms>,"failed":"throttled","retry_after":<ms>}
/// {"v":1,"at":<ms>,"unheard":true}
/// ```
///
/// `unbound` and `refresh_token` are left out where there is nothing to say, and `"aim":<number>,"scope":"…"` stand beside `granted`
/// where the token is for less than all of the grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// How the token request ended.
    pub answer: vault::TokenAnswer,
    /// When.
    pub received_at: Timestamp,
    /// Whether the access token is bound to no key, though the session has one: the server binds none any more.
    pub unbound: bool,
}

impl KeptAnswer {
    /// The answer in bytes, to be sealed.
    #[must_use]
    pub fn encode(&self) -> Secret<Vec<u8>> {
        let mut written = Map::new();
        written.insert("v".to_string(), VERSION.into());
        written.insert("at".to_string(), self.received_at.as_millis().into());
        match &self.answer {
            vault::TokenAnswer::Granted(granted) => {
                let value = json!({
                    "access_token": granted.access_token.expose(),
                    "expires_in": granted.expires_in.as_millis(),
                    "refresh_token": granted.refresh_token.as_ref().map(Secret::expose),
                });
                written.insert("granted".to_string(), value);
                if let Some(Target { aim, scope }) = &granted.target {
                    written.insert("aim".to_string(), aim.0.into());
                    written.insert("scope".to_string(), scope.as_str().into());
                }
            }
            vault::TokenAnswer::Unusable { successor } => {
                written.insert("unusable".to_string(), true.into());
                if let Some(successor) = successor {
                    written.insert("refresh_token".to_string(), successor.expose().as_str().into());
                }
            }
            vault::TokenAnswer::Failed { failure, retry_after } => {
                written.insert("failed".to_string(), word(*failure).into());
                if let Some(wait) = retry_after {
                    written.insert("retry_after".to_string(), wait.as_millis().into());
                }
            }
            vault::TokenAnswer::Unsent => {
                written.insert("unsent".to_string(), true.into());
            }
            vault::TokenAnswer::Unheard => {
                written.insert("unheard".to_string(), true.into());
            }
        }
        if self.unbound {
            written.insert("unbound".to_string(), true.into());
        }
        Secret::new(Value::Object(written).to_string().into_bytes())
    }

    /// The answer that was sealed for this `place`.
    ///
    /// # Errors
    ///
    /// A [`KeptError`] where it cannot be opened or read.
    pub fn open(sealer: &Sealer, place: &[u8], sealed: &[u8]) -> Result<Self, KeptError> {
        Self::decode(sealer.open(place, sealed)?.expose())
    }

    /// The answer of these bytes.
    ///
    /// # Errors
    ///
    /// A [`KeptError`] if they are none that [`KeptAnswer::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeptError> {
        let written: Value = serde_json::from_slice(bytes).map_err(|_| KeptError::Malformed)?;
        if written.get("v").and_then(Value::as_u64).is_some_and(|version| version > VERSION) {
            return Err(KeptError::Ahead);
        }
        Self::read(&written).ok_or(KeptError::Malformed)
    }

    fn read(written: &Value) -> Option<Self> {
        let number = |from: &Value, name: &str| from.get(name).and_then(Value::as_u64);
        let millis = |from: &Value, name: &str| number(from, name).map(Millis::from_millis);
        let is = |name: &str| written.get(name).and_then(Value::as_bool) == Some(true);
        if number(written, "v") != Some(VERSION) {
            return None;
        }
        let answer = if let Some(granted) = written.get("granted") {
            let text =
                |name| granted.get(name).and_then(Value::as_str).map(|text| Secret::new(text.to_string()));
            vault::TokenAnswer::Granted(Granted {
                access_token: text("access_token")?,
                expires_in: millis(granted, "expires_in")?,
                refresh_token: text("refresh_token"),
                target: number(written, "aim").map(Aim).map(|aim| {
                    let scope = written.get("scope").and_then(Value::as_str).unwrap_or_default();
                    Target { aim, scope: scope.to_string() }
                }),
            })
        } else if is("unusable") {
            let successor = written.get("refresh_token").and_then(Value::as_str);
            vault::TokenAnswer::Unusable { successor: successor.map(|text| Secret::new(text.to_string())) }
        } else if let Some(failed) = written.get("failed") {
            let failure = FAILURES.into_iter().find(|failure| failed.as_str() == Some(word(*failure)))?;
            vault::TokenAnswer::Failed { failure, retry_after: millis(written, "retry_after") }
        } else if is("unsent") {
            vault::TokenAnswer::Unsent
        } else if is("unheard") {
            vault::TokenAnswer::Unheard
        } else {
            return None;
        };
        let received_at = Timestamp::from_millis(number(written, "at")?);
        Some(Self { answer, received_at, unbound: is("unbound") })
    }

    /// The answer as it is to be taken at `now`: what it grants or asks for has become shorter by the time that has passed.
    /// A clock that went back changes nothing.
    #[must_use]
    pub fn at(self, now: Timestamp) -> vault::TokenAnswer {
        let passed = self.received_at.until(now);
        match self.answer {
            vault::TokenAnswer::Granted(granted) => {
                let expires_in = granted.expires_in.less(passed);
                vault::TokenAnswer::Granted(Granted { expires_in, ..granted })
            }
            vault::TokenAnswer::Failed { failure, retry_after } => {
                let retry_after = retry_after.map(|wait| wait.less(passed));
                vault::TokenAnswer::Failed { failure, retry_after }
            }
            same @ (vault::TokenAnswer::Unusable { .. }
            | vault::TokenAnswer::Unsent
            | vault::TokenAnswer::Unheard) => same,
        }
    }
}

/// The answer in the machine's words. What is for logs, [`TokenAnswer::class`] and [`TokenAnswer::reason`], is not in them.
impl From<TokenAnswer> for vault::TokenAnswer {
    fn from(answer: TokenAnswer) -> Self {
        let failed = |failure, retry_after| Self::Failed { failure, retry_after };
        match answer {
            TokenAnswer::Granted(response) => Self::Granted(Granted {
                access_token: response.access_token,
                expires_in: response.expires_in,
                refresh_token: response.refresh_token,
                target: None,
            }),
            TokenAnswer::Transient { retry_after, .. } => failed(Failure::Transient, retry_after),
            TokenAnswer::Throttled { retry_after, .. } => failed(Failure::Throttled, retry_after),
            TokenAnswer::Unreadable { .. } => Self::Unheard,
            // Only its proof was looked at: the refresh token is not known to the server to have come.
            TokenAnswer::NotDone { .. } => Self::Unsent,
            TokenAnswer::Unusable { refresh_token, .. } => Self::Unusable { successor: refresh_token },
            TokenAnswer::Reauth { .. } => failed(Failure::Reauth, None),
            TokenAnswer::Misconfigured { .. } => failed(Failure::Misconfigured, None),
        }
    }
}

const FAILURES: [Failure; 5] =
    [Failure::Transient, Failure::Throttled, Failure::Ambiguous, Failure::Misconfigured, Failure::Reauth];

const fn word(failure: Failure) -> &'static str {
    match failure {
        Failure::Transient => "transient",
        Failure::Throttled => "throttled",
        Failure::Ambiguous => "ambiguous",
        Failure::Misconfigured => "misconfigured",
        Failure::Reauth => "reauth",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use everlit_core::vault::TokenAnswer as Answer;

    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn kept(answer: Answer) -> KeptAnswer {
        KeptAnswer { answer, received_at: AT, unbound: false }
    }

    fn granted(refresh_token: Option<&str>) -> Answer {
        Answer::Granted(Granted {
            access_token: Secret::new("a-\"1".into()),
            expires_in: Millis::from_secs(60),
            refresh_token: refresh_token.map(|token| Secret::new(token.into())),
            target: None,
        })
    }

    #[test]
    fn what_was_kept_is_found_again() {
        let failed = |failure| Answer::Failed { failure, retry_after: None };
        let mut answers: Vec<Answer> = FAILURES.into_iter().map(failed).collect();
        answers.extend([granted(Some("r\u{1F525}")), granted(None), Answer::Unsent, Answer::Unheard]);
        answers.extend(
            [Some("r-2"), None]
                .map(|text| Answer::Unusable { successor: text.map(|text| Secret::new(text.into())) }),
        );
        let target = Some(Target { aim: Aim(7), scope: "orders".into() });
        if let Answer::Granted(own) = granted(None) {
            answers.push(Answer::Granted(Granted { target, ..own }));
        }
        let wait = Some(Millis::from_millis(1));
        answers.push(Answer::Failed { failure: Failure::Throttled, retry_after: wait });
        for answer in answers {
            let kept = kept(answer);
            let unbound = KeptAnswer { unbound: true, ..kept.clone() };
            assert_eq!(KeptAnswer::decode(kept.encode().expose()), Ok(kept.clone()));
            assert_eq!(KeptAnswer::decode(unbound.encode().expose()), Ok(unbound.clone()));
            assert!(!format!("{kept:?} {:?}", kept.encode()).contains("a-"), "it never prints itself");
        }
    }

    #[test]
    fn another_deployment_reads_the_same() {
        let text = r#"{"at":1790000000000,"granted":{"access_token":"a-\"1","expires_in":60000,"refresh_token":"r"},"v":1}"#;
        let encoded = kept(granted(Some("r"))).encode();
        assert_eq!(String::from_utf8(encoded.expose().clone()).unwrap(), text);
        for wrong in [
            "",
            "null",
            "{}",
            r#"{"v":1,"at":1}"#,
            r#"{"v":0,"at":1,"unheard":true}"#,
            r#"{"v":"2","at":1,"unheard":true}"#,
            r#"{"v":1,"unheard":true}"#,
            r#"{"v":1,"at":1,"unheard":false}"#,
            r#"{"v":1,"at":1,"failed":"sleepy"}"#,
            r#"{"v":1,"at":1,"granted":{"access_token":"a"}}"#,
            r#"{"v":1,"at":1,"granted":{"expires_in":1}}"#,
            &text[..text.len() - 1],
        ] {
            assert_eq!(KeptAnswer::decode(wrong.as_bytes()), Err(KeptError::Malformed), "{wrong}");
        }
        let later = r#"{"v":2,"at":1,"unheard":true}"#;
        assert_eq!(
            KeptAnswer::decode(later.as_bytes()),
            Err(KeptError::Ahead),
            "which is no word on the answer"
        );
    }

    #[test]
    fn what_a_newer_key_sealed_is_not_lost() {
        use crate::keys::{Keyring, MasterKey};
        let (first, second) = (MasterKey::new(1, [1; 32]), MasterKey::new(2, [2; 32]));
        let both = Keyring::new(second.clone()).with_older(first.clone());
        let sealer = |ring: &Keyring| Sealer::new(ring, "escrow", "vault");
        let (old, new) = (Keyring::new(first), Keyring::new(second));
        let kept = kept(granted(Some("r")));
        let sealed = |ring| sealer(ring).seal([0; 24], b"1", kept.encode().expose()).unwrap();
        let open = |ring, place: &[u8], sealed: &[u8]| KeptAnswer::open(&sealer(ring), place, sealed);
        assert_eq!(open(&both, b"1", &sealed(&old)), Ok(kept.clone()));
        assert_eq!(open(&old, b"1", &sealed(&both)), Err(KeptError::Ahead));
        assert_eq!(open(&new, b"1", &sealed(&old)), Err(KeptError::Malformed), "its key was retired");
        assert_eq!(open(&both, b"2", &sealed(&old)), Err(KeptError::Malformed), "it belongs elsewhere");
    }

    #[test]
    fn the_longest_answer_fits() {
        let granted = Granted {
            access_token: Secret::new("\"".repeat(MAX_ACCESS_TOKEN)),
            expires_in: Millis::from_millis(u64::MAX),
            refresh_token: Some(Secret::new("\u{1}".repeat(MAX_REFRESH_TOKEN))),
            target: Some(Target { aim: Aim(u64::MAX), scope: "s".repeat(MAX_SCOPE) }),
        };
        let received_at = Timestamp::from_millis(u64::MAX);
        let kept = KeptAnswer { answer: Answer::Granted(granted), received_at, unbound: true };
        let length = kept.encode().expose().len();
        assert!(length > MAX_REFRESH_TOKEN * JSON_ESCAPE && length <= MAX_KEPT_ANSWER, "{length}");
    }

    #[test]
    fn a_token_grows_old_in_the_escrow() {
        let left = |passed| {
            let taken = kept(granted(None)).at(AT.after(Millis::from_secs(passed)));
            let Answer::Granted(granted) = taken else { panic!("{taken:?}") };
            granted.expires_in
        };
        assert_eq!(left(0), Millis::from_secs(60));
        assert_eq!(left(45), Millis::from_secs(15));
        assert_eq!(left(600), Millis::ZERO);
        let earlier = kept(granted(None)).at(Timestamp::from_millis(0));
        assert_eq!(earlier, granted(None), "a clock that goes back makes no token live longer");
        let wait = |seconds| Answer::Failed {
            failure: Failure::Throttled,
            retry_after: Some(Millis::from_secs(seconds)),
        };
        assert_eq!(kept(wait(30)).at(AT.after(Millis::from_secs(10))), wait(20));
        assert_eq!(kept(Answer::Unheard).at(AT), Answer::Unheard);
    }

    #[test]
    fn what_cannot_be_read_is_unheard_and_nothing_else_is() {
        let to = Answer::from;
        assert_eq!(to(TokenAnswer::UNANSWERED), Answer::Unheard);
        assert_eq!(to(TokenAnswer::NotDone { reason: "" }), Answer::Unsent, "it was presented to nobody");
        for (answer, failure) in [
            (TokenAnswer::Reauth { reason: "" }, Failure::Reauth),
            (TokenAnswer::Misconfigured { reason: "" }, Failure::Misconfigured),
            (TokenAnswer::Transient { retry_after: None, reason: "" }, Failure::Transient),
            (TokenAnswer::Throttled { retry_after: None, reason: "" }, Failure::Throttled),
        ] {
            assert_eq!(to(answer), Answer::Failed { failure, retry_after: None });
        }
    }
}
