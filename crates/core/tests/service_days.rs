//! Thirty days in the life of a service: a cutoff each day, a person who comes, callers at any time, and nothing lost.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::service::{Absence, Answer, Budget, Event, Handed, Job, Kind, Reply, Settings, Source};
use everlit_core::time::Millis;
use service_play::{
    BREEZE_CUTOFF, DAY, HOUR, MINUTE, Play, UPSTOX_CUTOFF, at, breeze_like, next_cutoff, upstox_like,
};

const DAYS: u64 = 30;

/// What the days brought.
#[derive(Default)]
struct Count {
    ok: usize,
    none: usize,
    begun: Vec<(u64, Job)>,
}

impl Count {
    /// A caller comes every ten minutes until then, and the object is reset in between.
    fn pass(&mut self, play: &mut Play, from: u64, until: u64, push_until: u64) {
        for now in (from..until).step_by(600) {
            let provider = |_: u64, job: Job| {
                Some(match job {
                    Job::AskPush => Reply::PushSent { until: Some(at(push_until)) },
                    _ => Reply::Valid,
                })
            };
            self.begun.extend(play.pass(now, provider));
            match play.ask(now) {
                Some(Answer::Token { expires_in, read_only: false, .. }) => {
                    assert!(expires_in.is_some_and(|left| left > Millis::ZERO));
                    self.ok += 1;
                }
                Some(Answer::None { reason: Absence::NeedsHuman, retry_after }) => {
                    assert!(retry_after >= Millis::from_secs(1));
                    self.none += 1;
                }
                other => panic!("lost at {now}: {other:?}"),
            }
            play.crash();
        }
    }
}

fn named(play: &Play, name: &str) -> Vec<u64> {
    play.alerts.iter().filter(|(_, kind)| kind.as_str() == name).map(|(now, _)| *now).collect()
}

#[test]
fn a_breeze_like_service_is_served_for_a_month() {
    let budget = Budget { minute: Some(100), day: Some(5_000), percent: 1 };
    let mut play = Play::new(Settings { budget, ..breeze_like() });
    play.cutoff = Some(BREEZE_CUTOFF);
    let mut count = Count::default();
    for day in 0..DAYS {
        // A person comes at nine in the morning.
        let (morning, evening) = (day * DAY + 3 * HOUR + 30 * MINUTE, day * DAY + BREEZE_CUTOFF);
        count.pass(&mut play, if day == 0 { 0 } else { morning.saturating_sub(9 * HOUR) }, morning, 0);
        play.paste(morning, day + 1, evening - morning);
        play.crash();
        count.pass(&mut play, morning + 1, evening, 0);
    }
    let cutoffs: Vec<u64> = (0..DAYS).map(|day| day * DAY + BREEZE_CUTOFF).collect();
    assert_eq!(
        named(&play, "expiring_soon"),
        cutoffs.iter().map(|cutoff| cutoff - 30 * MINUTE).collect::<Vec<_>>()
    );
    let needed = named(&play, "human_needed");
    // The last one is yet to come.
    assert_eq!((needed.len(), needed[0], &needed[1..]), (30, 0, &cutoffs[..29]));
    assert_eq!(named(&play, "human_answered").len(), 30);
    assert_eq!(play.alerts.len(), 90, "{:?}", play.said());
    for (_, kind) in &play.alerts {
        if let Kind::ExpiringSoon { expires_at, login_from, .. } = kind {
            assert_eq!(login_from, expires_at, "no button before a login gives something");
        }
    }
    assert_eq!(play.monitor.newest().generation.0, 30);
    let validations = count.begun.iter().filter(|(_, job)| matches!(job, Job::Validate(_))).count();
    assert!(validations <= 30 * 15, "{validations}: once an hour at most while there is a token");
    assert!(count.begun.iter().all(|(_, job)| matches!(job, Job::Validate(_) | Job::Prove(_))));
    assert!(count.ok > 2_500 && count.none > 1_500, "{} {}", count.ok, count.none);
}

#[test]
fn an_upstox_like_service_is_served_for_a_month_and_its_person_asked_once_a_day() {
    let mut play = Play::new(upstox_like());
    play.cutoff = Some(UPSTOX_CUTOFF);
    let mut count = Count::default();
    let mut pushes = 0;
    for day in 0..DAYS {
        // They approve at eight in the morning; on every third day they do not, and paste in the afternoon.
        let morning = day * DAY + 2 * HOUR + 30 * MINUTE;
        let end = next_cutoff(morning, UPSTOX_CUTOFF);
        count.pass(&mut play, if day == 0 { 0 } else { morning - 4 * HOUR - 30 * MINUTE }, morning, end);
        let ticket = play.monitor.row().push.map(|push| push.first);
        assert!(ticket.is_some(), "a person was asked");
        pushes += 1;
        if day % 3 == 2 {
            count.pass(&mut play, morning, morning + 6 * HOUR, end);
            play.hand_in(morning + 6 * HOUR, Play::handed(1_000 + day, Source::Pasted, end));
            play.crash();
            count.pass(&mut play, morning + 6 * HOUR + 1, end, end);
        } else {
            let approved = Handed { ticket, ..Play::handed(1_000 + day, Source::Approved, end) };
            play.hand_in(morning, approved);
            // It is delivered twice.
            play.hand_in(morning + 1, approved);
            count.pass(&mut play, morning + 2, end, end);
        }
    }
    let asked = count.begun.iter().filter(|(_, job)| *job == Job::AskPush).count();
    assert_eq!((asked, pushes), (30, 30));
    assert_eq!(play.monitor.newest().generation.0, 30);
    let cutoffs: Vec<u64> = (0..DAYS - 1).map(|day| day * DAY + UPSTOX_CUTOFF).collect();
    assert_eq!(named(&play, "human_needed")[1..], cutoffs);
    assert_eq!(named(&play, "expiring_soon").len(), 30);
    assert_eq!(named(&play, "human_answered").len(), 30);
    assert_eq!(play.alerts.len(), 90);
    assert!(count.ok > 2_000 && count.none > 500, "{} {}", count.ok, count.none);
}

#[test]
fn a_month_in_which_nobody_comes_is_quiet() {
    let mut play = Play::live(upstox_like(), 20 * HOUR);
    let begun = play.pass(DAYS * DAY, |_, job| match job {
        Job::AskPush => Some(Reply::PushSent { until: None }),
        _ => Some(Reply::Valid),
    });
    assert_eq!(begun.iter().filter(|(_, job)| *job == Job::AskPush).count(), 1);
    assert!(begun.iter().all(|(now, _)| *now <= 20 * HOUR), "{begun:?}");
    assert_eq!(play.said(), ["expiring_soon", "human_needed"]);
    play.step(DAYS * DAY, Event::DeadlineReached);
}
