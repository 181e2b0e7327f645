//! Whether the user is there, and what a tab does when they are not.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::tab::{Effect, Event, PeerMessage, Presence, Settings, State, TokenAnswer, TokenState};
use everlit_core::time::Millis;
use everlit_core::vault::AskReason;
use tab_play::{BARE, HOUR, MINUTE, Play, SECOND, at, clocks, token};

const LIMIT: u64 = 30 * MINUTE;

/// A token of ten hours in a session that ends after half an hour without activity, as the Worker tells of it when the user
/// was last active so long ago.
fn short_session(generation: u32, inactive_for: u64) -> TokenState {
    TokenState {
        idle_left: Millis::from_millis(LIMIT - inactive_for),
        idle_limit: Millis::from_millis(LIMIT),
        ..token(generation, 10 * HOUR, 10 * HOUR)
    }
}

fn reports(play: &Play) -> Vec<Option<Millis>> {
    play.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::RequestToken { reason: AskReason::Activity, active_ago, .. } => Some(*active_ago),
            _ => None,
        })
        .collect()
}

fn told(effects: &[Effect]) -> Vec<PeerMessage> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(message) => Some(*message),
            _ => None,
        })
        .collect()
}

fn presences(play: &Play) -> Vec<Presence> {
    play.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Presence { to, .. } => Some(*to),
            _ => None,
        })
        .collect()
}

#[test]
fn a_hidden_idle_tab_makes_no_request_and_wakes_once_a_minute() {
    let mut play = Play::active(Settings::DEFAULT);
    play.step(at(0), Event::Hidden);
    play.run_until(20 * MINUTE);
    play.effects.clear();
    let mut wakes = 0;
    while let Some(due) = play.tab.next_deadline().filter(|due| due.as_millis() <= 24 * HOUR) {
        play.step(at(due.as_millis()), Event::DeadlineReached);
        wakes += 1;
    }
    assert_eq!(play.questions(), 0, "{:?}", play.effects);
    assert!(wakes <= 24 * 60, "{wakes} wake-ups");
    assert_eq!((play.state(), play.tab.presence()), (State::Active, Presence::Idle));

    // The user returns: now a token is fetched, and calls wait for it.
    play.call(at(24 * HOUR), 1);
    assert_eq!((play.questions(), play.state()), (1, State::Refreshing));
}

#[test]
fn a_hidden_idle_tab_asks_for_nothing_after_a_sleep_until_it_is_looked_at() {
    for mono_stops in [true, false] {
        let mut play = Play::active(BARE);
        play.step(at(0), Event::Hidden);
        play.run_until(20 * MINUTE);
        play.effects.clear();
        let slept = 8 * HOUR;
        let mono = 20 * MINUTE + if mono_stops { SECOND } else { slept };
        let now = clocks((20 * MINUTE + slept) as i64, mono);
        play.step(now, Event::DeadlineReached);
        assert_eq!((play.questions(), play.state()), (0, State::Active), "mono stops: {mono_stops}");
        play.step(now, Event::Shown);
        assert_eq!(play.questions(), 1, "mono stops: {mono_stops}");
    }
}

#[test]
fn a_page_that_works_by_itself_is_no_activity() {
    let mut play = Play::found(BARE, short_session(1, 0));
    for minute in 1..40 {
        play.run_until(minute * MINUTE);
        play.call(at(minute * MINUTE), minute as u32);
        play.step(at(minute * MINUTE), Event::Shown);
    }
    assert_eq!(reports(&play), []);
    assert_eq!(presences(&play), [Presence::Idle]);
}

#[test]
fn activity_is_reported_every_quarter_of_the_idle_limit_while_there_is_any() {
    let mut play = Play::found(BARE, short_session(1, 0));
    for second in (10..6 * 3_600).step_by(10) {
        let now = at(second * SECOND);
        play.run_until(second * SECOND);
        play.step(now, Event::UserActive { gesture: false });
        if let Some(Effect::RequestToken { request, active_ago, .. }) =
            play.effects.iter().rev().find(|effect| matches!(effect, Effect::RequestToken { .. })).copied()
        {
            let inactive = active_ago.expect("a report says when").as_millis();
            let answer = TokenAnswer::Current(TokenState {
                expires_in: Millis::from_millis(10 * HOUR - second * SECOND),
                ..short_session(1, inactive)
            });
            play.step(now, Event::TokenAnswered { request, answer });
        }
    }
    // Six hours, each 7.5 minutes and the few seconds until the next input or look.
    let count = reports(&play).len();
    assert!((45..=49).contains(&count), "{count} reports");
}

#[test]
fn with_a_limit_of_two_weeks_nothing_is_ever_reported() {
    let mut play = Play::active(BARE);
    for minute in 0..50 {
        play.run_until(minute * MINUTE);
        play.step(at(minute * MINUTE), Event::UserActive { gesture: false });
    }
    assert_eq!(reports(&play), []);
}

#[test]
fn one_tab_reports_for_all() {
    let mut typed_in = Play::found(BARE, short_session(1, 0));
    let mut other = typed_in.clone();
    for minute in 1..9 {
        for message in told(&typed_in.step(at(minute * MINUTE), Event::UserActive { gesture: false })) {
            other.step(at(minute * MINUTE), Event::PeerTold(message));
        }
        typed_in.run_until(minute * MINUTE + 1);
        other.run_until(minute * MINUTE + 1);
    }
    assert_eq!((reports(&typed_in).len(), reports(&other).len()), (1, 0));
    assert_eq!(other.tab.presence(), Presence::Present);
}

#[test]
fn what_a_user_did_in_a_tab_that_is_gone_is_reported_by_another() {
    let mut gone = Play::found(BARE, short_session(1, 0));
    let mut other = gone.clone();
    for minute in 1..=7 {
        for message in told(&gone.step(at(minute * MINUTE), Event::UserActive { gesture: false })) {
            other.step(at(minute * MINUTE), Event::PeerTold(message));
        }
    }
    other.run_until(8 * MINUTE - SECOND);
    assert_eq!(reports(&other), [], "the tab of the input is the first to report it");
    other.run_until(8 * MINUTE);
    assert_eq!(reports(&other), [Some(Millis::from_millis(MINUTE))]);
}

#[test]
fn the_user_is_asked_in_all_tabs_and_stays_by_one_input_in_any() {
    let prompt = Settings { idle_prompt: Some(Millis::from_secs(120)), ..BARE };
    let mut one = Play::found(prompt, short_session(1, 0));
    let mut two = one.clone();
    one.run_until(LIMIT - 121 * SECOND);
    two.run_until(LIMIT - 121 * SECOND);
    assert_eq!(presences(&one), [Presence::Idle]);
    let now = LIMIT - 120 * SECOND;
    one.run_until(now);
    two.run_until(now);
    assert_eq!(presences(&one), [Presence::Idle, Presence::Prompted]);
    assert_eq!(presences(&two), [Presence::Idle, Presence::Prompted]);
    assert!(one.effects.contains(&Effect::Presence { to: Presence::Prompted, left: Millis::from_secs(120) }));

    let effects = one.step(at(now + SECOND), Event::UserActive { gesture: true });
    for message in told(&effects) {
        two.step(at(now + SECOND), Event::PeerTold(message));
    }
    assert_eq!((one.tab.presence(), two.tab.presence()), (Presence::Present, Presence::Present));
    // And the vault hears of it at once, from one of them.
    assert_eq!((reports(&one), reports(&two)), (vec![Some(Millis::ZERO)], vec![]));
}

#[test]
fn a_user_who_does_not_answer_is_logged_out_by_the_vault_and_by_nobody_else() {
    let prompt = Settings { idle_prompt: Some(Millis::from_secs(120)), ..BARE };
    let mut play = Play::found(prompt, short_session(1, 0));
    play.run_until(LIMIT + SECOND);
    assert_eq!(play.state(), State::Resuming, "the tab asks, and claims nothing");
    play.answer(at(LIMIT + SECOND), TokenAnswer::Ended);
    assert_eq!(play.state(), State::Ended);
}

#[test]
fn sleep_counts_as_absence() {
    let prompt = Settings { idle_prompt: Some(Millis::from_secs(120)), ..BARE };
    let mut play = Play::found(prompt, short_session(1, 0));
    play.step(clocks((LIMIT - 60 * SECOND) as i64, 5 * SECOND), Event::Shown);
    assert_eq!(play.tab.presence(), Presence::Prompted);
}

#[test]
fn nobody_can_be_active_in_the_future() {
    let mut play = Play::found(BARE, short_session(1, 0));
    let at_wall = |millis| clocks(millis, 0).wall;
    let message = PeerMessage::Active { at: at_wall(HOUR as i64), known: at_wall(HOUR as i64) };
    play.step(at(SECOND), Event::PeerTold(message));
    play.run_until(16 * MINUTE);
    assert_eq!(play.tab.presence(), Presence::Idle);
}
