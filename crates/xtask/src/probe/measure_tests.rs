//! Every kind of authorization server that we know of, played in virtual time.

use super::super::verdict::{Span, Verdict};
use super::*;
use everlit_edge::provider::{Blast, Depth, Replay};
use std::collections::BTreeMap;

/// How a played server forgives.
#[derive(Clone, Copy)]
struct Kind {
    rotates: bool,
    /// `None`: without end.
    window: Option<Duration>,
    replay: Replay,
    depth: Depth,
    /// For tokens before the previous one, where there is a shorter one.
    depth_window: Option<Duration>,
    blast: Blast,
    /// How many replays of one token are forgiven.
    count: u32,
    /// Every forgiven replay begins the window anew.
    slides: bool,
    /// A login ends the user's other grants.
    single: bool,
}

const STRICT: Kind = Kind {
    rotates: true,
    window: Some(Duration::ZERO),
    replay: Replay::Refused,
    depth: Depth::Previous,
    depth_window: None,
    blast: Blast::Family,
    count: u32::MAX,
    slides: false,
    single: false,
};

#[derive(Clone)]
struct Row {
    grant: u32,
    place: u32,
    spent: Option<Duration>,
    replays: u32,
}

struct World {
    kind: Kind,
    clock: Duration,
    /// Between sending and answering.
    latency: Duration,
    grants: u32,
    dead: Vec<u32>,
    next: u32,
    rows: BTreeMap<u32, Row>,
    sick_after: Option<u32>,
    requests: u32,
}

impl World {
    fn new(kind: Kind) -> Self {
        let latency = Duration::from_millis(40);
        let (clock, rows, dead) = (Duration::from_secs(9), BTreeMap::new(), Vec::new());
        Self { kind, clock, latency, grants: 0, dead, next: 0, rows, sick_after: None, requests: 0 }
    }

    fn mint(&mut self, grant: u32, place: u32) -> u32 {
        self.next += 1;
        self.rows.insert(self.next, Row { grant, place, spent: None, replays: 0 });
        self.next
    }

    /// The newest refresh token of a grant that lives.
    fn active(&self, grant: u32) -> Option<(u32, u32)> {
        let newest = self.rows.iter().rfind(|(_, row)| row.grant == grant && row.spent.is_none());
        newest.map(|(token, row)| (*token, row.place))
    }

    fn present(&mut self, token: u32) -> Answer<u32> {
        let kind = self.kind;
        let Some(row) = self.rows.get(&token).cloned() else { return Answer::Refused };
        if self.dead.contains(&row.grant) {
            return Answer::Refused;
        }
        let Some(spent) = row.spent else {
            if !kind.rotates {
                return Answer::Granted(1_000 + self.requests, None);
            }
            self.rows.get_mut(&token).unwrap().spent = Some(self.clock);
            let next = self.mint(row.grant, row.place + 1);
            return Answer::Granted(1_000 + next, Some(next));
        };
        let newest =
            self.rows.values().filter(|other| other.grant == row.grant).map(|other| other.place).max();
        let previous = newest == Some(row.place + 1);
        let window = if previous { kind.window } else { kind.depth_window.or(kind.window) };
        let in_time = window.is_none_or(|window| self.clock.saturating_sub(spent) < window);
        let deep_enough = previous || kind.depth == Depth::Any;
        if in_time && deep_enough && row.replays < kind.count && kind.replay != Replay::Refused {
            let row = self.rows.get_mut(&token).unwrap();
            row.replays += 1;
            if kind.slides {
                row.spent = Some(self.clock);
            }
            let (grant, place) = (row.grant, row.place);
            return match (kind.replay, self.active(grant)) {
                (Replay::SamePair, Some((active, _))) => Answer::Granted(1_000 + active, Some(active)),
                (Replay::ActiveToken, Some((active, _))) => {
                    Answer::Granted(9_000 + self.requests, Some(active))
                }
                _ => {
                    let next = self.mint(grant, place + 1);
                    Answer::Granted(1_000 + next, Some(next))
                }
            };
        }
        match kind.blast {
            Blast::Token => {}
            Blast::Family => self.dead.push(row.grant),
            Blast::ClientAndUser => self.dead.extend(1..=self.grants),
        }
        Answer::Refused
    }
}

impl Lab for World {
    type Token = u32;

    fn log_in(&mut self, _: &str) -> Result<u32, Stopped> {
        if self.kind.single {
            self.dead.extend(1..=self.grants);
        }
        self.grants += 1;
        self.clock += Duration::from_secs(20);
        Ok(self.mint(self.grants, 0))
    }

    fn refresh(&mut self, token: &u32) -> Result<Answer<u32>, Stopped> {
        self.requests += 1;
        if self.sick_after.is_some_and(|after| self.requests > after) {
            return Err(Stopped("503".to_owned()));
        }
        self.clock += self.latency / 2;
        let answer = self.present(*token);
        self.clock += self.latency / 2;
        Ok(answer)
    }

    fn now(&self) -> Duration {
        self.clock
    }

    fn wait_until(&mut self, time: Duration, _: &str) {
        self.clock = self.clock.max(time);
    }
}

const LONGEST: Duration = Duration::from_secs(300);

fn measure(world: &mut World) -> (Verdict, Result<(), Stopped>) {
    let mut seen = Observations::default();
    let ended = run(world, LONGEST, 12, &mut seen);
    (Verdict::of(&seen), ended)
}

fn verdict(kind: Kind) -> (Verdict, u32) {
    let mut world = World::new(kind);
    let (verdict, ended) = measure(&mut world);
    assert_eq!(ended, Ok(()));
    (verdict, world.grants)
}

fn grace(seconds: u64, replay: Replay) -> Kind {
    Kind { window: Some(Duration::from_secs(seconds)), replay, ..STRICT }
}

/// Whether the proved window is right, and close.
fn is_near(window: Option<Span>, real: u64) -> bool {
    let real = Duration::from_secs(real);
    matches!(window, Some(Span::Between(proved, over))
        if proved < real && over >= real && real - proved <= Duration::from_secs(1).max(real / 5))
}

#[test]
fn a_strict_server_takes_two_logins() {
    let (found, grants) = verdict(STRICT);
    let (window, replay, depth) = (Some(Span::None), Some(Replay::Refused), Some(Depth::Previous));
    assert_eq!(found, Verdict { window, replay, depth, blast: Some(Blast::Family) });
    assert_eq!(grants, 2);
}

#[test]
fn what_a_refused_replay_ends_is_told_apart() {
    for blast in [Blast::Token, Blast::Family, Blast::ClientAndUser] {
        assert_eq!(verdict(Kind { blast, ..STRICT }).0.blast, Some(blast));
        let (found, _) = verdict(Kind { blast, ..grace(10, Replay::SamePair) });
        assert_eq!(found.blast, Some(blast), "also past a window");
    }
}

#[test]
fn a_grace_window_takes_five_logins() {
    for seconds in [2, 4, 5, 10, 30, 60, 120] {
        for replay in [Replay::SamePair, Replay::NewSibling, Replay::ActiveToken] {
            let (found, grants) = verdict(grace(seconds, replay));
            assert!(is_near(found.window, seconds), "{seconds}: {found:?}");
            assert_eq!((found.replay, found.depth), (Some(replay), Some(Depth::Previous)), "{seconds}");
            assert_eq!(found.blast, Some(Blast::Family));
            assert_eq!(grants, 5, "{seconds}");
        }
    }
}

#[test]
fn a_window_longer_than_what_was_tried_is_not_called_unlimited() {
    let kind = Kind { window: None, depth: Depth::Previous, ..grace(0, Replay::ActiveToken) };
    let (found, grants) = verdict(kind);
    assert_eq!(found.window, Some(Span::AtLeast(LONGEST)));
    assert_eq!((found.replay, found.depth), (Some(Replay::ActiveToken), Some(Depth::Previous)));
    assert_eq!(found.blast, Some(Blast::Family), "told by the older token");
    assert_eq!(grants, 4);
}

#[test]
fn older_tokens_are_forgiven_only_if_they_are_late_too() {
    let any = Kind { depth: Depth::Any, ..grace(30, Replay::NewSibling) };
    assert_eq!(verdict(any).0.depth, Some(Depth::Any));
    let briefly = Kind { depth_window: Some(Duration::from_secs(10)), ..any };
    assert_eq!(verdict(briefly).0.depth, Some(Depth::Previous));
}

#[test]
fn replays_that_are_counted_or_that_begin_the_window_anew_do_not_mislead() {
    let counted = Kind { count: 1, ..grace(30, Replay::NewSibling) };
    assert!(is_near(verdict(counted).0.window, 30));
    let sliding = Kind { slides: true, ..grace(10, Replay::SamePair) };
    assert!(is_near(verdict(sliding).0.window, 10));
}

#[test]
fn a_server_that_does_not_rotate_is_left_after_two_logins() {
    let (found, grants) = verdict(Kind { rotates: false, ..STRICT });
    assert_eq!(found.window, Some(Span::Unlimited));
    assert_eq!(grants, 2);
}

#[test]
fn where_a_login_ends_the_one_before_the_witness_says_nothing() {
    let (found, _) = verdict(Kind { single: true, ..STRICT });
    assert_eq!((found.window, found.blast), (Some(Span::None), None));
}

#[test]
fn a_sick_server_stops_it_and_what_was_seen_stays() {
    let mut world = World { sick_after: Some(4), ..World::new(grace(10, Replay::SamePair)) };
    let (found, ended) = measure(&mut world);
    assert_eq!(ended, Err(Stopped("503".to_owned())));
    assert_eq!(found.window, Some(Span::AtLeast(Duration::ZERO)), "at once, and no more");
    assert_eq!((found.depth, found.blast), (None, None));
}

#[test]
fn no_more_logins_are_asked_for_than_were_allowed() {
    let mut world = World::new(grace(10, Replay::SamePair));
    let mut seen = Observations::default();
    assert!(run(&mut world, LONGEST, 3, &mut seen).is_err());
    assert_eq!(world.grants, 3);
}

#[test]
fn a_slow_server_makes_the_window_shorter_never_longer() {
    let mut world = World { latency: Duration::from_millis(900), ..World::new(grace(10, Replay::SamePair)) };
    let (found, ended) = measure(&mut world);
    assert_eq!(ended, Ok(()));
    assert!(
        matches!(found.window, Some(Span::Between(proved, over)) if proved < Duration::from_secs(10) && over >= Duration::from_secs(10)),
        "{found:?}"
    );
}
