//! Silent re-login: logging in again where the authorization server still knows the user, without asking them for anything.
//!
//! The page asks for it (`/auth/login?prompt=none&via=…`) and hears how it ended: in a frame or a popup by a page of ours
//! ([`html::outcome`](crate::html::outcome)), after a redirect by coming back.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::vault::Refused;

use crate::query::Query;

/// How a silent re-login is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// In a hidden frame.
    Frame,
    /// In a popup, at the user's next gesture.
    Popup,
    /// By the page itself, which goes there and comes back.
    Redirect,
}

impl Way {
    /// Every way, the least noticeable first.
    pub const ALL: [Self; 3] = [Self::Frame, Self::Popup, Self::Redirect];

    /// Its name in the configuration, in URLs and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Popup => "popup",
            Self::Redirect => "redirect",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == name)
    }

    /// Whether the authorization server sees all of its cookies.
    #[must_use]
    pub const fn is_top_level(self) -> bool {
        match self {
            Self::Frame => false,
            Self::Popup | Self::Redirect => true,
        }
    }

    /// Whether the server has turned this one down.
    #[must_use]
    pub const fn is_refused(self, refused: Refused) -> bool {
        if self.is_top_level() { refused.top_level } else { refused.frame }
    }
}

/// Those of the ways that are still worth a try. None: a person is needed.
#[must_use]
pub fn left(allowed: Vec<Way>, refused: Refused) -> Vec<Way> {
    let mut left = allowed;
    left.retain(|way| !way.is_refused(refused));
    left
}

/// The name that a tab gave to its attempt: 1 to 32 digits of `0-9a-f`. It guards nothing; by it a tab tells its own from others'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relogin(String);

impl Relogin {
    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (plain && (1..=32).contains(&text.len())).then(|| Self(text.to_string()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a login is asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// In a frame or a popup, which tells the tab by this name.
    Apart {
        /// Whether it is a frame.
        frame: bool,
        /// The attempt.
        relogin: Relogin,
    },
    /// By the page itself.
    Redirect,
}

/// A query that asks for a way without asking for silence, for an unknown way, or without the name of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWay;

impl Silent {
    /// Reads `via`, `prompt` and `relogin`; nothing where no way is asked for.
    ///
    /// # Errors
    ///
    /// [`NoWay`]: answer 400.
    pub fn parse(query: &Query) -> Result<Option<Self>, NoWay> {
        let one = |name: &str| query.one(name).map_err(|_| NoWay);
        let Some(via) = one("via")? else { return Ok(None) };
        let way = Way::from_name(via).ok_or(NoWay)?;
        if one("prompt")? != Some("none") {
            return Err(NoWay);
        }
        Self::restored(way, one("relogin")?).map(Some).ok_or(NoWay)
    }

    /// Put together from its parts. A redirect needs no name; one that is no name is wrong everywhere.
    #[must_use]
    pub fn restored(way: Way, relogin: Option<&str>) -> Option<Self> {
        let relogin = match relogin {
            Some(text) => Some(Relogin::parse(text)?),
            None => None,
        };
        match way {
            Way::Redirect => Some(Self::Redirect),
            Way::Frame | Way::Popup => {
                relogin.map(|relogin| Self::Apart { frame: way == Way::Frame, relogin })
            }
        }
    }

    /// How it is carried out.
    #[must_use]
    pub const fn way(&self) -> Way {
        match self {
            Self::Apart { frame: true, .. } => Way::Frame,
            Self::Apart { frame: false, .. } => Way::Popup,
            Self::Redirect => Way::Redirect,
        }
    }

    /// The name of the attempt, where it has one.
    #[must_use]
    pub fn relogin(&self) -> Option<&Relogin> {
        match self {
            Self::Apart { relogin, .. } => Some(relogin),
            Self::Redirect => None,
        }
    }
}

/// How a silent re-login ended, as the tab is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// There is a new token.
    Done,
    /// The authorization server wants to see the user.
    Refused,
    /// Anything else; another time it may work.
    Failed,
}

impl Ending {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Option<(Way, Option<String>)>, NoWay> {
        let parsed = Silent::parse(&Query::parse(query).unwrap())?;
        Ok(parsed.map(|silent| (silent.way(), silent.relogin().map(|name| name.as_str().to_string()))))
    }

    #[test]
    fn a_way_needs_silence_and_the_name_of_an_attempt() {
        assert_eq!(parse("prompt=none&relogin=ab&return_to=/"), Ok(None));
        for (query, way, relogin) in [
            ("prompt=none&via=frame&relogin=0f", Way::Frame, Some("0f")),
            (
                "prompt=none&via=popup&relogin=0123456789abcdef0123456789abcdef",
                Way::Popup,
                Some("0123456789abcdef0123456789abcdef"),
            ),
            ("prompt=none&via=redirect", Way::Redirect, None),
            ("prompt=none&via=redirect&relogin=a", Way::Redirect, None),
        ] {
            assert_eq!(parse(query), Ok(Some((way, relogin.map(str::to_string)))), "{query}");
        }
        for query in [
            "via=frame&relogin=a",
            "via=frame&relogin=a&prompt=login",
            "via=frame&prompt=none",
            "via=popup&prompt=none&relogin=",
            "via=popup&prompt=none&relogin=A",
            "via=popup&prompt=none&relogin=g",
            "via=popup&prompt=none&relogin=%3Cscript%3E",
            "via=popup&prompt=none&relogin=0123456789abcdef0123456789abcdef0",
            "via=redirect&prompt=none&relogin=x",
            "via=&prompt=none&relogin=a",
            "via=window&prompt=none&relogin=a",
            "via=popup&via=popup&prompt=none&relogin=a",
            "via=popup&prompt=none&prompt=none&relogin=a",
        ] {
            assert_eq!(parse(query), Err(NoWay), "{query}");
        }
    }

    #[test]
    fn what_was_refused_is_left_out() {
        let all = || Way::ALL.to_vec();
        let refused = |frame, top_level| left(all(), Refused { frame, top_level });
        assert_eq!(refused(false, false), all());
        assert_eq!(refused(true, false), [Way::Popup, Way::Redirect]);
        assert_eq!(refused(false, true), [Way::Frame]);
        assert_eq!(refused(true, true), []);
    }
}
