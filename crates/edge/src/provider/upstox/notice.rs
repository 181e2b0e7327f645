//! The webhook that brings an approved token. It is not signed and comes without a proof of any kind, so all that can be checked is,
//! and what passes is still only a claim: the token is shown to Upstox ([`super::account::Profile`]) before it replaces anything.

use alloc::string::{String, ToString as _};

use everlit_core::secret::AccessToken;
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

use crate::provider::body::{text, token};
use crate::provider::stated::moment;

/// The longest message that is read.
const MAX_NOTICE: usize = 64 * 1_024;
/// How far its clock may be ahead of ours.
const LEEWAY: Millis = Millis::from_secs(300);
/// A token of the day lives for a day at most.
const LONGEST: Millis = Millis::from_days(1);

/// What a message has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Awaited<'a> {
    /// The app that asked.
    pub client_id: &'a str,
    /// Whose token is awaited, once that is known.
    pub user_id: Option<&'a str>,
    /// Until when the request can be approved; nothing where none is under way.
    pub pending_until: Option<Timestamp>,
    /// The wall clock.
    pub now: Timestamp,
}

/// A message that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The token, which nobody has shown to Upstox yet.
    pub access_token: AccessToken,
    /// Whose it is said to be.
    pub user_id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a message is not taken. Whoever sent it learns nothing of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeError {
    /// It is not the message, or not all of it.
    Malformed,
    /// No token was asked for, or it was asked for too long ago: a forged one, one that comes late, or again.
    NotAwaited,
    /// It is of another kind.
    OtherKind,
    /// It is for another app.
    OtherClient,
    /// It is another user's.
    OtherUser,
    /// The token in it is over.
    Late,
    /// Its times cannot be true.
    Times,
}

impl NoticeError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "the notice is malformed",
            Self::NotAwaited => "the notice was not awaited",
            Self::OtherKind => "the notice is of another kind",
            Self::OtherClient => "the notice is for another app",
            Self::OtherUser => "the notice is another user's",
            Self::Late => "the notice came after the end of its token",
            Self::Times => "the notice has times that cannot be",
        }
    }
}

impl Notice {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// A [`NoticeError`].
    pub fn read(body: &[u8], awaited: &Awaited<'_>) -> Result<Self, NoticeError> {
        // Before anything is read of what anybody can send.
        awaited.pending_until.filter(|until| awaited.now < *until).ok_or(NoticeError::NotAwaited)?;
        if body.len() > MAX_NOTICE {
            return Err(NoticeError::Malformed);
        }
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NoticeError::Malformed)?;
        let wanted = |name| text(&object, name).ok_or(NoticeError::Malformed);
        if wanted("message_type")? != "access_token" || !wanted("token_type")?.eq_ignore_ascii_case("bearer")
        {
            return Err(NoticeError::OtherKind);
        }
        if wanted("client_id")? != awaited.client_id {
            return Err(NoticeError::OtherClient);
        }
        let user_id = wanted("user_id")?;
        if awaited.user_id.is_some_and(|known| !known.eq_ignore_ascii_case(user_id)) {
            return Err(NoticeError::OtherUser);
        }
        let access_token = token(&object, "access_token").ok_or(NoticeError::Malformed)?;
        let time = |name| object.get(name).and_then(moment).ok_or(NoticeError::Malformed);
        let (issued_at, expires_at) = (time("issued_at")?, time("expires_at")?);
        if expires_at <= awaited.now {
            return Err(NoticeError::Late);
        }
        let can_be = issued_at <= awaited.now.after(LEEWAY)
            && issued_at < expires_at
            && issued_at.until(expires_at) <= LONGEST;
        if !can_be {
            return Err(NoticeError::Times);
        }
        Ok(Self { access_token, user_id: user_id.to_string(), issued_at, expires_at })
    }
}
