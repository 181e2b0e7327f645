//! What is known of a token: never the token itself, which the driver keeps sealed under its stamp.

use super::class::Class;
use super::round::Round;
use super::settings::WayKind;
use crate::id::{RequestId, Stamp};
use crate::schedule::INTERVAL_MIN;
use crate::time::{Millis, Timestamp};

/// Names what somebody handed in: a keyed digest of it, so that it is known again and says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A person pasted it.
    Pasted,
    /// A person approved it on their phone.
    Approved,
    /// It was taken over from a file or an environment.
    Imported,
    /// A person logged in at the provider.
    LoggedIn,
    /// It was renewed without anybody.
    Automatic(WayKind),
}

impl Source {
    /// Its name in logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pasted => "pasted",
            Self::Approved => "approved",
            Self::Imported => "imported",
            Self::LoggedIn => "logged_in",
            Self::Automatic(way) => way.as_str(),
        }
    }

    /// Whether a person was there.
    #[must_use]
    pub const fn is_person(self) -> bool {
        match self {
            Self::Pasted | Self::Approved | Self::Imported | Self::LoggedIn => true,
            Self::Automatic(_) => false,
        }
    }
}

/// A token, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// Which one.
    pub stamp: Stamp,
    /// Where it came from.
    pub source: Source,
    /// What it was handed in as, if it was.
    pub hand: Option<Fingerprint>,
    /// When it was taken up.
    pub began_at: Timestamp,
    /// When its life was last lengthened, or began.
    pub touched_at: Timestamp,
    /// When it is planned to end; nothing where nobody knows. After that it is hidden: only the provider's word ends it.
    pub expires_at: Option<Timestamp>,
    /// Whether that has passed.
    pub lapsed: bool,
    /// Whether it came without a refresh token.
    pub alone: bool,
    /// What the provider said that ended it, and when.
    pub dead: Option<Death>,
}

/// The end of a token by somebody's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Death {
    /// When.
    pub at: Timestamp,
    /// What was said; nothing where an operator ended it.
    pub class: Option<Class>,
}

impl Token {
    /// Whether it can be given to a caller.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.dead.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether it was ended, or its planned end was seen to pass.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.dead.is_some() || self.lapsed
    }

    /// Whether an operator ended it.
    pub(super) fn was_logged_out(&self) -> bool {
        self.dead.is_some_and(|death| death.class.is_none())
    }

    /// How long it is planned to live.
    #[must_use]
    pub fn lifetime(&self) -> Option<Millis> {
        self.expires_at.map(|expires_at| self.touched_at.until(expires_at))
    }

    /// When it is renewed ahead of its end: by the lead, but a brief one not before half of its life.
    pub(super) fn renewed_at(&self, lead: Millis) -> Option<Timestamp> {
        let (expires_at, lifetime) = (self.expires_at?, self.lifetime()?);
        Some(expires_at.before(lead.min(lifetime.percent(50))).max(self.touched_at.after(INTERVAL_MIN)))
    }
}

/// A token that is good for less, and lives on when the other one has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fallback {
    /// The token that it came with.
    pub stamp: Stamp,
    /// When it is planned to end.
    pub expires_at: Timestamp,
}

/// Something handed in that is not proven yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hand {
    /// Its name.
    pub name: Fingerprint,
    /// Where it came from.
    pub source: Source,
    /// Whether it has to be exchanged for a token first. What comes of that is the provider's word and needs no other proof.
    pub exchange: bool,
    /// When the token is planned to end, as far as that is known.
    pub expires_at: Option<Timestamp>,
    /// When a token for less that came with it is planned to end.
    pub fallback_until: Option<Timestamp>,
    /// Its attempts.
    pub round: Round,
    /// How often in a row the provider's answer could mean anything.
    pub ambiguous: u32,
}

/// What somebody hands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handed {
    /// Its name.
    pub name: Fingerprint,
    /// Where it came from. Never [`Source::Automatic`]: that is dropped as late.
    pub source: Source,
    /// Whether it has to be exchanged for a token first (a code, Breeze's `API_Session`).
    pub exchange: bool,
    /// When the token is planned to end, as far as that is known.
    pub expires_at: Option<Timestamp>,
    /// When a token for less that came with it is planned to end.
    pub fallback_until: Option<Timestamp>,
    /// Which question it answers, if it was approved.
    pub ticket: Option<RequestId>,
}

/// What became of something handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is the token now, or was.
    Accepted(Stamp),
    /// The provider has refused it, by this class.
    Refused(Class),
    /// Its planned end has passed.
    Over,
    /// It is another account's.
    Foreign,
    /// It could be used once, and nobody knows what came of that.
    Lost,
    /// The provider has not said anything yet. It is kept, and tried again.
    Unproven,
    /// It answers no question that is open.
    Late,
    /// Too many wait for their proof.
    Busy,
}

impl Verdict {
    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Over => "over",
            Self::Foreign => "foreign",
            Self::Lost => "lost",
            Self::Unproven => "unproven",
            Self::Late => "late",
            Self::Busy => "busy",
        }
    }

    /// Whether the same would be said of it tomorrow. What could not be judged for another reason may be handed in again.
    pub(super) const fn is_final(self) -> bool {
        match self {
            Self::Accepted(_) | Self::Over | Self::Foreign | Self::Lost => true,
            Self::Refused(class) => {
                matches!(class, Class::AccessExpired | Class::ReauthRequired | Class::WrongToken)
            }
            Self::Unproven | Self::Late | Self::Busy => false,
        }
    }
}
