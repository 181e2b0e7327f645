//! What an authorization server forgives: a refresh token that is presented a second time because the answer was lost.

use everlit_core::time::Millis;

/// How long after its use a refresh token may be presented again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Not at all.
    None,
    /// For so long.
    For(Millis),
    /// For ever: the server does not revoke a refresh token because a newer one exists.
    Unlimited,
}

/// What a refresh token that is presented again within the window is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// An error.
    Refused,
    /// The same pair of tokens as the first time.
    SamePair,
    /// A further pair, beside the first.
    NewSibling,
    /// The refresh token that is active now, with a new access token.
    ActiveToken,
}

/// Which of the spent refresh tokens the window is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The one before the current one only.
    Previous,
    /// Any of them.
    Any,
}

/// What the server revokes when a spent refresh token comes outside its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blast {
    /// Nothing but that token.
    Token,
    /// Every token of the same grant: this session.
    Family,
    /// Every grant of this user at this client: all of the user's devices.
    ClientAndUser,
}

/// The four facts together.
///
/// Rotation, which follows Foundation, reads it: there a lost answer is asked for again where the provider forgives that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraceProfile {
    /// How long.
    pub window: Window,
    /// What comes back.
    pub replay: Replay,
    /// For which.
    pub depth: Depth,
    /// What it costs to be wrong.
    pub blast: Blast,
}

impl GraceProfile {
    /// The strictest server there is, and the default: a second use is refused and takes the grant with it.
    pub const STRICT: Self =
        Self { window: Window::None, replay: Replay::Refused, depth: Depth::Previous, blast: Blast::Family };

    /// Whether a refresh token may be presented again, so long after it was sent for the first time.
    #[must_use]
    pub fn allows_replay(&self, since_sent: Millis) -> bool {
        let open = match self.window {
            Window::None => false,
            Window::For(window) => since_sent < window,
            Window::Unlimited => true,
        };
        open && self.replay != Replay::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strict_profile_never_allows_a_second_use() {
        assert!(!GraceProfile::STRICT.allows_replay(Millis::ZERO));
        let open = GraceProfile { window: Window::Unlimited, ..GraceProfile::STRICT };
        assert!(!open.allows_replay(Millis::ZERO), "a refused replay is none, however long the window");
    }

    #[test]
    fn a_window_closes_at_its_end() {
        let window = Millis::from_secs(30);
        let grace =
            GraceProfile { window: Window::For(window), replay: Replay::SamePair, ..GraceProfile::STRICT };
        assert!(grace.allows_replay(Millis::from_millis(29_999)));
        assert!(!grace.allows_replay(window));
        let open = GraceProfile { window: Window::Unlimited, replay: Replay::NewSibling, ..grace };
        assert!(open.allows_replay(Millis::from_days(400)));
    }
}
