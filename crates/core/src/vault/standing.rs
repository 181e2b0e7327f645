//! Where a vault stands, in so few words that two of them can be compared: what others than a caller want to hear of.

use super::effect::EndReason;
use super::phase::{Ended, Live, Phase, ReauthRequired};
use crate::id::Stamp;

/// Where a vault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// No login.
    Vacant,
    /// A grant in use, with its newest token.
    Live(Stamp),
    /// Waiting for the user.
    ReauthRequired(Stamp),
    /// Over.
    Ended(Stamp, EndReason),
}

/// What has come about between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// There is a newer token.
    Moved(Stamp),
    /// The grant is over, the session is not.
    ReauthRequired(Stamp),
    /// The session is over.
    Over(Stamp, EndReason),
}

impl Standing {
    pub(super) const fn of(phase: &Phase) -> Self {
        match phase {
            Phase::Vacant => Self::Vacant,
            Phase::Live(Live { stamp, .. }) => Self::Live(*stamp),
            Phase::ReauthRequired(ReauthRequired { stamp, .. }) => Self::ReauthRequired(*stamp),
            Phase::Ended(Ended { stamp, reason, .. }) => Self::Ended(*stamp, *reason),
        }
    }

    /// What somebody has missed who saw it stand at `before`. A session that begins is no news to anybody: who began it was told.
    #[must_use]
    pub fn news_since(self, before: Self) -> Option<News> {
        match (before, self) {
            (Self::Live(old), Self::Live(new)) => (old < new).then_some(News::Moved(new)),
            (Self::ReauthRequired(_), Self::Live(stamp)) => Some(News::Moved(stamp)),
            (Self::Live(_), Self::ReauthRequired(stamp)) => Some(News::ReauthRequired(stamp)),
            (Self::Live(_) | Self::ReauthRequired(_), Self::Ended(stamp, reason)) => {
                Some(News::Over(stamp, reason))
            }
            (Self::Vacant | Self::Ended(..), _)
            | (_, Self::Vacant)
            | (Self::ReauthRequired(_), Self::ReauthRequired(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Epoch, Generation};

    const fn stamp(generation: u32) -> Stamp {
        Stamp { epoch: Epoch(1), generation: Generation(generation) }
    }

    #[test]
    fn what_has_come_about_is_said_once_and_nothing_else_is() {
        let (live, moved) = (Standing::Live(stamp(1)), Standing::Live(stamp(2)));
        let waiting = Standing::ReauthRequired(stamp(1));
        let over = Standing::Ended(stamp(1), EndReason::IdleLimit);
        for (before, after, news) in [
            (live, moved, Some(News::Moved(stamp(2)))),
            (waiting, moved, Some(News::Moved(stamp(2)))),
            (live, waiting, Some(News::ReauthRequired(stamp(1)))),
            (live, over, Some(News::Over(stamp(1), EndReason::IdleLimit))),
            (waiting, over, Some(News::Over(stamp(1), EndReason::IdleLimit))),
            (live, live, None),
            (moved, live, None),
            (waiting, waiting, None),
            (over, over, None),
            (over, Standing::Vacant, None),
            (Standing::Vacant, live, None),
        ] {
            assert_eq!(after.news_since(before), news, "{before:?} {after:?}");
        }
    }
}
