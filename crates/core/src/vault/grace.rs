//! What an authorization server forgives: a refresh token that is presented a second time because the answer was lost.

use crate::time::{Millis, Timestamp};

/// How long after its first use a refresh token may be presented again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Not at all.
    None,
    /// For so long.
    For(Millis),
    /// For ever: the server does not revoke a refresh token because a newer one exists.
    Unlimited,
}

/// What a refresh token that is presented again within the window is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// The one before the current one only.
    Previous,
    /// Any of them.
    Any,
}

/// What the server revokes when a spent refresh token comes outside its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blast {
    /// Nothing but that token.
    Token,
    /// Every token of the same grant: this session.
    Family,
    /// Every grant of this user at this client: all of the user's devices.
    ClientAndUser,
}

/// The four facts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What may be done with a refresh token that was presented and got no readable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Present it again: the server forgives that.
    Forgiven,
    /// Present it again once there is nothing left to lose. The server may end the grant for it; but nobody holds its
    /// successor, so that a grant which this ends was lost before, and one which was not lost is found again.
    LastResort,
    /// Never: it could end grants that are not this session's.
    Forbidden,
}

/// How long a token request waits for its answer on a server that forgives nothing: as long as the runtime lets background
/// work live. A sick server takes up to 37 s, and an answer that we cut off ourselves is a grant lost.
const ABORT_STRICT: Millis = Millis::from_secs(30);
/// How long after its start such a request counts as under way: its answer must still be sealed and kept.
const SETTLED_STRICT: Millis = Millis::from_secs(32);
/// How long one waits where a repetition is forgiven.
const ABORT_MAX: Millis = Millis::from_secs(25);

impl GraceProfile {
    /// The strictest server there is, and the default: a second use is refused and takes the grant with it.
    pub const STRICT: Self =
        Self { window: Window::None, replay: Replay::Refused, depth: Depth::Previous, blast: Blast::Family };

    /// What may be done so long after the refresh token was sent for the first time.
    #[must_use]
    pub fn verdict(&self, since_first_sent: Millis) -> Verdict {
        let open = match self.window {
            Window::None => false,
            Window::For(window) => since_first_sent < self.usable(window),
            Window::Unlimited => true,
        };
        match self.blast {
            _ if open && self.replay != Replay::Refused => Verdict::Forgiven,
            Blast::Token | Blast::Family => Verdict::LastResort,
            Blast::ClientAndUser => Verdict::Forbidden,
        }
    }

    /// What may be done with a refresh token that was spent some rotations ago: the window is for it only where it is for any.
    #[must_use]
    pub fn verdict_of_old(&self) -> Verdict {
        match (self.depth, self.window) {
            (Depth::Any, Window::Unlimited) => self.verdict(Millis::ZERO),
            (Depth::Any | Depth::Previous, _) => Self { window: Window::None, ..*self }.verdict(Millis::ZERO),
        }
    }

    /// The part of a window in which a request may leave. One that leaves in its last moments arrives too late; and where that
    /// would end other devices' grants, it must arrive in time however long it is under way.
    fn usable(&self, window: Millis) -> Millis {
        let usable = window.less(window.percent(5));
        match self.blast {
            Blast::Token | Blast::Family => usable,
            Blast::ClientAndUser => usable.less(self.abort_after()),
        }
    }

    /// When a window closes that began at `since`; nothing where there is none, or where it never closes.
    #[must_use]
    pub fn closes_after(&self, since: Timestamp) -> Option<Timestamp> {
        match self.window {
            Window::For(window) => Some(since.after(self.usable(window))),
            Window::None | Window::Unlimited => None,
        }
    }

    /// When a token request is aborted, counted from its claim: within a window early enough for two further attempts.
    #[must_use]
    pub fn abort_after(&self) -> Millis {
        match self.window {
            Window::For(window) => ABORT_MAX.min(Millis::from_millis(window.as_millis() / 3)),
            Window::Unlimited => ABORT_MAX,
            Window::None => ABORT_STRICT,
        }
    }

    /// From when on, counted from its claim, a token request is taken to be under way no longer.
    #[must_use]
    pub fn settled_after(&self) -> Millis {
        match self.window {
            Window::For(_) | Window::Unlimited => self.abort_after(),
            Window::None => SETTLED_STRICT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(window: Window) -> GraceProfile {
        GraceProfile { window, replay: Replay::SamePair, ..GraceProfile::STRICT }
    }

    #[test]
    fn the_strict_profile_forgives_nothing() {
        assert_eq!(GraceProfile::STRICT.verdict(Millis::ZERO), Verdict::LastResort);
        let refused = GraceProfile { window: Window::Unlimited, ..GraceProfile::STRICT };
        assert_eq!(refused.verdict(Millis::ZERO), Verdict::LastResort, "a refused replay is none");
    }

    #[test]
    fn other_devices_are_never_risked() {
        let wide = GraceProfile { blast: Blast::ClientAndUser, ..window(Window::For(Millis::from_secs(30))) };
        assert_eq!(wide.verdict(Millis::from_secs(18)), Verdict::Forgiven);
        assert_eq!(wide.verdict(Millis::from_secs(19)), Verdict::Forbidden, "it may be under way for 10 s");
        assert_eq!(wide.verdict(Millis::from_secs(30)), Verdict::Forbidden);
    }

    #[test]
    fn a_window_closes_a_little_before_its_end() {
        let grace = window(Window::For(Millis::from_secs(30)));
        assert_eq!(grace.verdict(Millis::from_millis(28_499)), Verdict::Forgiven);
        assert_eq!(grace.verdict(Millis::from_millis(28_500)), Verdict::LastResort);
        assert_eq!(window(Window::Unlimited).verdict(Millis::from_days(400)), Verdict::Forgiven);
    }

    #[test]
    fn what_was_spent_long_ago_is_forgiven_only_by_a_server_that_forgets_nothing() {
        let active = GraceProfile { replay: Replay::ActiveToken, ..window(Window::Unlimited) };
        assert_eq!(active.verdict_of_old(), Verdict::LastResort);
        assert_eq!(GraceProfile { depth: Depth::Any, ..active }.verdict_of_old(), Verdict::Forgiven);
        let wide = GraceProfile { blast: Blast::ClientAndUser, ..active };
        assert_eq!(wide.verdict_of_old(), Verdict::Forbidden);
    }

    #[test]
    fn there_is_time_for_two_replays_in_every_window() {
        for (profile, abort, settled) in [
            (GraceProfile::STRICT, 30_000, 32_000),
            (window(Window::Unlimited), 25_000, 25_000),
            (window(Window::For(Millis::from_secs(30))), 10_000, 10_000),
            (window(Window::For(Millis::from_secs(5))), 1_666, 1_666),
            (window(Window::For(Millis::from_secs(300))), 25_000, 25_000),
        ] {
            assert_eq!(profile.abort_after(), Millis::from_millis(abort), "{profile:?}");
            assert_eq!(profile.settled_after(), Millis::from_millis(settled), "{profile:?}");
        }
    }
}
