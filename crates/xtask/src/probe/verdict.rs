//! What observations mean: the grace profile, as far as it was seen.
//!
//! Pure, and careful in one direction: a profile that is stricter than the server costs one login where an answer was lost;
//! one that is more lenient ends grants. So a window is what was proved, never what is likely; and where two observations
//! disagree, nothing is known.

use everlit_edge::provider::{Blast, Depth, Replay};
use std::time::Duration;

/// What a refresh token that is presented again was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// An error that ends a grant.
    Refused,
    /// Both tokens of the first time.
    SamePair,
    /// The refresh token of the first time, with another access token.
    ActiveToken,
    /// A refresh token that had not been seen before.
    NewSibling,
    /// A success without a refresh token.
    WithoutRefreshToken,
}

/// One refresh token presented again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replayed {
    /// So much time had passed for the server, at least, since it answered for the first time.
    pub(super) at_least: Duration,
    /// And at most.
    pub(super) at_most: Duration,
    /// Whether it was the first replay of its grant: a later one may be refused for their number, or forgiven because the
    /// one before it began the window anew.
    pub(super) first: bool,
    /// The answer.
    pub(super) reply: Reply,
}

/// Whether something still worked after a refused replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It did.
    Alive,
    /// It did not, and had worked before.
    Dead,
    /// It could not be told.
    Unknown,
}

/// What a refused replay left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aftermath {
    /// The refresh token that had replaced the one that was presented.
    pub(super) successor: Fate,
    /// Another grant of the same user at the same client.
    pub(super) witness: Fate,
}

/// Everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observations {
    /// Whether the first refresh brought another refresh token.
    pub(super) rotates: Option<bool>,
    /// Every replay of the previous refresh token.
    pub(super) replays: Vec<Replayed>,
    /// One of the refresh token before that one: how long after its first use, and whether it was forgiven.
    pub(super) grandparent: Option<(Duration, bool)>,
    /// What refused replays left behind.
    pub(super) aftermaths: Vec<Aftermath>,
    /// The longest time that was tried.
    pub(super) longest: Duration,
}

/// How long a replay is forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Not at all.
    None,
    /// Proved for the first; refused after the second.
    Between(Duration, Duration),
    /// Proved for so long, and no end was seen.
    AtLeast(Duration),
    /// There is nothing to forgive: the server keeps the refresh token.
    Unlimited,
}

/// The profile. `None` is what was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) window: Option<Span>,
    pub(super) replay: Option<Replay>,
    pub(super) depth: Option<Depth>,
    pub(super) blast: Option<Blast>,
}

impl Verdict {
    /// Judges.
    pub(super) fn of(seen: &Observations) -> Self {
        if seen.rotates == Some(false) {
            // RFC 6749, section 6: the client keeps its refresh token. That it may be used again is what that means.
            let (window, replay) = (Some(Span::Unlimited), Some(Replay::ActiveToken));
            return Self { window, replay, depth: Some(Depth::Any), blast: None };
        }
        let window = window(seen);
        let (replay, depth) = match window {
            None => (None, None),
            Some(Span::None) => (Some(Replay::Refused), Some(Depth::Previous)),
            Some(Span::Between(proved, _) | Span::AtLeast(proved)) => (replay(seen), depth(seen, proved)),
            Some(Span::Unlimited) => (replay(seen), None),
        };
        Self { window, replay, depth, blast: blast(seen) }
    }
}

/// From first replays only.
fn window(seen: &Observations) -> Option<Span> {
    let first = seen.replays.iter().filter(|replay| replay.first);
    let (refused, forgiven): (Vec<&Replayed>, Vec<&Replayed>) =
        first.partition(|replay| replay.reply == Reply::Refused);
    let proved = forgiven.iter().map(|replay| replay.at_least).max();
    let over = refused.iter().map(|replay| replay.at_most).min();
    match (proved, over) {
        (None, None) => None,
        (None, Some(_)) if refused.iter().all(|replay| replay.at_least > AT_ONCE) => None,
        (None, Some(_)) => Some(Span::None),
        (Some(proved), None) => Some(Span::AtLeast(proved)),
        // Forgiven after it had been refused: time is not what it goes by.
        (Some(proved), Some(over)) if over <= proved => None,
        (Some(proved), Some(over)) => Some(Span::Between(proved, over)),
    }
}

/// A replay this soon stands for "not at all".
const AT_ONCE: Duration = Duration::from_secs(1);

fn replay(seen: &Observations) -> Option<Replay> {
    let mut kinds = seen.replays.iter().map(|replay| replay.reply).filter(|reply| *reply != Reply::Refused);
    let first = kinds.next()?;
    kinds.try_fold(one(first)?, |so_far, reply| match (so_far, one(reply)?) {
        (left, right) if left == right => Some(left),
        // An access token that is a signed text is the same again within the second: the one that differs tells.
        (Replay::SamePair | Replay::ActiveToken, Replay::SamePair | Replay::ActiveToken) => {
            Some(Replay::ActiveToken)
        }
        (Replay::Refused | Replay::SamePair | Replay::NewSibling | Replay::ActiveToken, _) => None,
    })
}

const fn one(reply: Reply) -> Option<Replay> {
    match reply {
        Reply::SamePair => Some(Replay::SamePair),
        Reply::ActiveToken => Some(Replay::ActiveToken),
        Reply::NewSibling => Some(Replay::NewSibling),
        Reply::Refused | Reply::WithoutRefreshToken => None,
    }
}

/// A window that is short for older tokens would look like one for any if they were presented at once.
fn depth(seen: &Observations, proved: Duration) -> Option<Depth> {
    match seen.grandparent? {
        (_, false) => Some(Depth::Previous),
        (after, true) if after >= proved / 2 => Some(Depth::Any),
        (_, true) => None,
    }
}

/// The widest that was seen.
fn blast(seen: &Observations) -> Option<Blast> {
    let each = seen.aftermaths.iter().map(|left| match (left.successor, left.witness) {
        (_, Fate::Dead) => Some(Blast::ClientAndUser),
        (Fate::Dead, Fate::Alive) => Some(Blast::Family),
        (Fate::Alive, Fate::Alive) => Some(Blast::Token),
        // Family or more, or nothing.
        (Fate::Dead | Fate::Alive | Fate::Unknown, Fate::Unknown) | (Fate::Unknown, Fate::Alive) => None,
    });
    each.flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: u64, reply: Reply) -> Replayed {
        Replayed {
            at_least: secs(seconds),
            at_most: secs(seconds) + Duration::from_millis(90),
            first: true,
            reply,
        }
    }

    fn later(seconds: u64, reply: Reply) -> Replayed {
        Replayed { first: false, ..at(seconds, reply) }
    }

    fn seen(replays: &[Replayed]) -> Observations {
        Observations {
            rotates: Some(true),
            replays: replays.to_vec(),
            longest: secs(300),
            ..Observations::default()
        }
    }

    #[test]
    fn the_window_is_what_was_proved() {
        use Reply::{NewSibling, Refused, SamePair};
        let soon = Duration::from_millis(90);
        for (replays, window) in [
            (vec![], None),
            (vec![at(0, Refused)], Some(Span::None)),
            // Refused late says nothing about early.
            (vec![at(10, Refused)], None),
            (vec![at(0, SamePair)], Some(Span::AtLeast(secs(0)))),
            (vec![at(0, SamePair), at(300, SamePair)], Some(Span::AtLeast(secs(300)))),
            (
                vec![at(0, SamePair), at(9, SamePair), at(10, Refused)],
                Some(Span::Between(secs(9), secs(10) + soon)),
            ),
            // Later replays of one grant prove nothing, whichever way.
            (vec![at(0, SamePair), later(60, SamePair)], Some(Span::AtLeast(secs(0)))),
            (vec![at(0, SamePair), later(1, Refused), at(60, SamePair)], Some(Span::AtLeast(secs(60)))),
            (vec![at(0, SamePair), at(20, Refused), at(30, NewSibling)], None),
            // The same moment both ways: one of them may have been later, and then it is a short window.
            (vec![at(0, Refused), at(0, SamePair)], Some(Span::Between(secs(0), soon))),
        ] {
            assert_eq!(Verdict::of(&seen(&replays)).window, window, "{replays:?}");
        }
    }

    #[test]
    fn the_kind_of_a_replay_is_what_all_of_them_show() {
        use Reply::{ActiveToken, NewSibling, Refused, SamePair, WithoutRefreshToken};
        for (replies, replay) in [
            (vec![SamePair, SamePair], Some(Replay::SamePair)),
            (vec![SamePair, SamePair, Refused], Some(Replay::SamePair)),
            (vec![SamePair, ActiveToken], Some(Replay::ActiveToken)),
            (vec![ActiveToken, SamePair], Some(Replay::ActiveToken)),
            (vec![NewSibling, NewSibling], Some(Replay::NewSibling)),
            (vec![NewSibling, SamePair], None),
            (vec![NewSibling, ActiveToken], None),
            (vec![WithoutRefreshToken], None),
            (vec![SamePair, WithoutRefreshToken], None),
            (vec![Refused], Some(Replay::Refused)),
        ] {
            let replays: Vec<_> = (0_u64..).zip(&replies).map(|(second, reply)| at(second, *reply)).collect();
            assert_eq!(Verdict::of(&seen(&replays)).replay, replay, "{replies:?}");
        }
    }

    #[test]
    fn any_depth_must_hold_for_the_better_part_of_the_window() {
        let window = [at(0, Reply::SamePair), at(9, Reply::SamePair), at(10, Reply::Refused)];
        for (grandparent, depth) in [
            (None, None),
            (Some((secs(7), false)), Some(Depth::Previous)),
            (Some((secs(0), false)), Some(Depth::Previous)),
            (Some((secs(7), true)), Some(Depth::Any)),
            (Some((secs(1), true)), None),
        ] {
            let seen = Observations { grandparent, ..seen(&window) };
            assert_eq!(Verdict::of(&seen).depth, depth, "{grandparent:?}");
        }
    }

    #[test]
    fn the_blast_needs_a_witness() {
        use Fate::{Alive, Dead, Unknown};
        for (left, blast) in [
            (vec![], None),
            (vec![(Alive, Alive)], Some(Blast::Token)),
            (vec![(Dead, Alive)], Some(Blast::Family)),
            (vec![(Dead, Dead)], Some(Blast::ClientAndUser)),
            (vec![(Alive, Dead)], Some(Blast::ClientAndUser)),
            (vec![(Unknown, Dead)], Some(Blast::ClientAndUser)),
            (vec![(Dead, Unknown)], None),
            (vec![(Alive, Unknown)], None),
            (vec![(Unknown, Alive)], None),
            (vec![(Unknown, Alive), (Dead, Alive)], Some(Blast::Family)),
            (vec![(Alive, Alive), (Dead, Alive)], Some(Blast::Family)),
        ] {
            let aftermaths = left
                .iter()
                .map(|(successor, witness)| Aftermath { successor: *successor, witness: *witness })
                .collect();
            let seen = Observations { aftermaths, ..seen(&[at(0, Reply::Refused)]) };
            assert_eq!(Verdict::of(&seen).blast, blast, "{left:?}");
        }
    }

    #[test]
    fn a_server_that_keeps_the_refresh_token_forgives_for_ever_and_its_blast_is_not_known() {
        let verdict = Verdict::of(&Observations { rotates: Some(false), ..Observations::default() });
        assert_eq!(verdict.window, Some(Span::Unlimited));
        assert_eq!((verdict.replay, verdict.depth), (Some(Replay::ActiveToken), Some(Depth::Any)));
        assert_eq!(verdict.blast, None);
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        let verdict = Verdict::of(&Observations::default());
        assert_eq!(verdict, Verdict { window: None, replay: None, depth: None, blast: None });
    }
}
