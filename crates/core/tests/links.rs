//! Further accounts of a user: taken once, replaced, and ended with the session.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod play;

use everlit_core::Epoch;
use everlit_core::id::CallerId;
use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_core::vault::{
    AskReason, Effect, EndReason, Event, KeepGrant, Link, LinkChange, Phase, Policy, RevocationAnswer, Task,
};
use play::{Play, WALL, at};

fn link(provider: &str, made: u64) -> Link {
    let vault = Secret::new(format!("{provider}-{made}"));
    Link { provider: provider.into(), vault, made: Epoch(WALL + made) }
}

fn changed(change: LinkChange) -> Event {
    Event::LinkChanged { caller: CallerId(9), change }
}

fn made(link: Link) -> Event {
    changed(LinkChange::Made { of: Epoch(WALL), link })
}

/// The links that the last step has ended.
fn ended(play: &Play) -> Vec<String> {
    let vault = |effect: &Effect| {
        if let Effect::EndLink { link, .. } = effect { Some(link.vault.expose().clone()) } else { None }
    };
    play.done.iter().filter_map(vault).collect()
}

#[test]
fn one_is_taken_once_survives_a_restart_and_ends_with_the_session() {
    let mut play = Play::new(Policy::default());
    for again in [false, true] {
        play.step(1, made(link("other", 1)));
        assert_eq!(play.done.contains(&Effect::Persist), !again, "a repetition writes nothing");
        assert_eq!(ended(&play), [""; 0]);
    }
    play.step(2, made(link("third", 2)));
    play.crash();
    assert_eq!(play.vault.links(), [link("other", 1), link("third", 2)]);
    play.step(3, Event::LogoutAsked { caller: CallerId(1) });
    assert_eq!(ended(&play), ["other-1", "third-2"]);
    assert_eq!((play.vault.links().len(), play.revoked()), (0, vec!["refresh-1"]));
}

#[test]
fn every_end_of_a_session_ends_them() {
    let idle = Policy::default().idle_limit.as_millis() / 1_000;
    for (seconds, event) in [
        (3, Event::LogoutAsked { caller: CallerId(1) }),
        (
            3,
            Event::RevokeAsked {
                caller: CallerId(1),
                by: everlit_core::vault::Revoker::BackChannel,
                others_go_on: false,
            },
        ),
        (idle, Event::DeadlineReached),
    ] {
        let mut play = Play::new(Policy::default());
        play.step(1, made(link("other", 1)));
        play.step(seconds, event);
        assert!(matches!(play.vault.phase(), Phase::Ended(_)));
        assert_eq!(ended(&play), ["other-1"]);
        // Only its user has said that it is to be over everywhere.
        let spares = |effect: &Effect| matches!(effect, Effect::EndLink { others_go_on: true, .. });
        assert_eq!(play.done.iter().any(spares), seconds == idle);
    }
}

#[test]
fn a_grant_that_ends_ends_none_and_one_may_be_added_meanwhile() {
    let mut play = Play::new(Policy::default());
    play.step(1, made(link("other", 1)));
    play.ask(55, AskReason::Deadline);
    play.refused(56, 0);
    assert!(matches!(play.vault.phase(), Phase::ReauthRequired(_)));
    play.step(57, made(link("third", 2)));
    play.crash();
    assert_eq!((play.vault.links().len(), ended(&play)), (2, vec![]));
}

#[test]
fn the_newest_of_a_provider_takes_the_place_of_the_one_before_and_a_late_loser_is_not_taken() {
    let mut play = Play::new(Policy::default());
    play.step(1, made(link("other", 1)));
    play.step(3, made(link("other", 3)));
    assert_eq!(ended(&play), ["other-1"]);
    play.step(4, made(link("other", 2)));
    assert_eq!((ended(&play).len(), play.vault.links()), (0, &[link("other", 3)][..]));
    play.step(5, changed(LinkChange::Undone { provider: "other".into() }));
    assert_eq!((ended(&play), play.vault.links().len()), (vec!["other-3".to_owned()], 0));
    play.step(6, changed(LinkChange::Undone { provider: "other".into() }));
    assert_eq!(ended(&play), [""; 0]);
}

#[test]
fn none_is_taken_by_a_session_that_is_over_that_is_another_or_that_has_many() {
    let mut play = Play::new(Policy::default());
    play.step(1, changed(LinkChange::Made { of: Epoch(WALL + 1), link: link("other", 1) }));
    assert_eq!(play.vault.links(), []);
    for n in 0..9 {
        play.step(1, made(link(&format!("p{n}"), n)));
    }
    assert_eq!(play.vault.links().len(), 8);
    play.step(2, Event::LogoutAsked { caller: CallerId(1) });
    assert_eq!((ended(&play).len(), play.revoked().len()), (8, 1), "they push no revocation out");
    play.step(3, made(link("other", 9)));
    assert_eq!((play.vault.links().len(), ended(&play).len()), (0, 0));
}

#[test]
fn an_end_that_is_not_heard_is_told_again_and_nothing_is_forgotten_before() {
    let mut play = Play::new(Policy::default());
    play.step(1, made(link("other", 1)));
    play.step(2, Event::LogoutAsked { caller: CallerId(1) });
    let errand = |play: &Play| {
        let is_link = |errand: &&everlit_core::vault::Errand| matches!(errand.task, Task::EndLink { .. });
        play.vault.outbox().errands().iter().find(is_link).map(|errand| errand.id)
    };
    let id = errand(&play).expect("it is an errand");
    let answer = RevocationAnswer::Retry { retry_after: None };
    play.step(3, Event::RevocationAnswered { errand: id, answer });
    play.crash();
    play.step(120, Event::DeadlineReached);
    assert_eq!(ended(&play), ["other-1"]);
    play.step(200_000, Event::DeadlineReached);
    assert!(matches!(play.vault.phase(), Phase::Ended(_)), "not forgotten");
    play.step(200_001, Event::RevocationAnswered { errand: id, answer: RevocationAnswer::Settled });
    assert_eq!(errand(&play), None);
}

#[test]
fn the_vault_of_a_link_ends_when_its_session_says_or_at_its_end_and_for_no_want_of_activity() {
    let policy = Policy {
        grant_idle: Some(Millis::from_days(3)),
        keep_grant: KeepGrant::UntilIdleLimit,
        absolute_limit: Millis::from_secs(600),
        shared_grant: false,
        ..Policy::default()
    };
    // Nobody has taken it.
    let mut play = Play::new(policy);
    play.step(600, Event::DeadlineReached);
    assert_eq!(play.vault.row().status, everlit_core::vault::Status::Ended(EndReason::AbsoluteLimit));
    assert_eq!(play.revoked(), ["refresh-1"]);

    let mut play = Play::new(policy);
    let until = at(0).wall.after(Millis::from_days(60));
    for again in [false, true] {
        play.step(1, changed(LinkChange::Bounded { until }));
        assert_eq!(play.done.contains(&Effect::Persist), !again);
    }
    let day = 86_400;
    play.step(59 * day, Event::DeadlineReached);
    assert!(matches!(play.vault.phase(), Phase::Live(_)), "nobody was active, and nobody need be");
    play.step(60 * day, Event::DeadlineReached);
    assert!(matches!(play.vault.phase(), Phase::Ended(_)));
    play.step(60 * day + 1, changed(LinkChange::Bounded { until: until.after(Millis::from_days(1)) }));
    assert!(matches!(play.vault.phase(), Phase::Ended(_)), "it does not come back");
}
