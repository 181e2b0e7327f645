//! What went wrong once, or could: storms, loops, calls that wait for ever, and answers to the wrong question.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::id::CallId;
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{
    Ailment, Denial, Effect, Event, Failed, PeerMessage, Phase, Presence, ProviderId, ProviderState,
    ReloginAnswer, SessionAnswer, Settings, State, TokenAnswer, TokenState, Way, Ways,
};
use everlit_core::time::{Millis, Moment};
use everlit_core::vault::AskReason;
use everlit_core::{Epoch, Generation, Stamp};
use tab_play::{
    BARE, HOUR, LOGIN, MINUTE, OWN, Play, SECOND, asks, at, clocks, failed, moved, posted, sends, stamp,
    tells, token,
};

const IDLE_LIMIT: u64 = 30 * MINUTE;

/// A token of a session that ends after half an hour without activity; the last was so long ago.
fn token_of_short_session(inactive: u64) -> TokenState {
    TokenState {
        idle_left: Millis::from_millis(IDLE_LIMIT - inactive),
        idle_limit: Millis::from_millis(IDLE_LIMIT),
        ..token(1, 10 * HOUR, 10 * HOUR)
    }
}

fn denied_of(provider: ProviderId, call: u32, stamp: Stamp, repeated: bool, denial: Denial) -> Event {
    Event::CallDenied { call: CallId(call), provider, stamp, repeated, denial }
}

/// The first call was refused under a token.
fn expired(stamp: Stamp) -> Event {
    denied_of(OWN, 1, stamp, false, Denial::AccessExpired)
}

fn transient() -> TokenAnswer {
    TokenAnswer::Failed(failed(Failure::Transient))
}

/// A login so much after the one that is played here.
fn login_after(by: u64) -> Stamp {
    Stamp { epoch: Epoch(LOGIN.0 + by), generation: Generation::FIRST }
}

/// A tab whose grant is over after a minute.
fn grant_over(silent: Ways) -> Play {
    let mut play = Play::active(BARE);
    play.step(at(MINUTE), Event::RefreshAsked);
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent });
    play
}

fn reports(effects: &[Effect]) -> usize {
    asks(effects).iter().filter(|reason| **reason == AskReason::Activity).count()
}

/// How often a call goes out that is refused again and again, though the Worker says that the token is good.
fn sendings_of_refused(play: &mut Play, provider: ProviderId, denial: Denial) -> usize {
    let mut sent = 0;
    for round in 0..100 {
        let now = round * 50;
        sent += sends(&play.step(at(now), denied_of(provider, 1, stamp(1), round > 0, denial))).len();
        if play.state() == State::Resuming {
            sent += sends(&play.answer(at(now + 10), TokenAnswer::Current(token(1, HOUR, HOUR)))).len();
        }
    }
    sent
}

/// Five pages of five minutes each, one after the other, in which the user types all the time. How often that is reported.
fn reports_of_young_pages(began: u64, timers: bool) -> usize {
    let page = |number: u64| {
        let opened = number * 5 * MINUTE;
        let now = |millis: u64| clocks((opened + millis) as i64, began + millis);
        let mut play = Play::new(BARE);
        play.step(now(300), Event::Opened { hidden: false });
        let (request, answer) = (play.request(), SessionAnswer::Active(token_of_short_session(opened)));
        play.step(now(400), Event::SessionAnswered { request, answer });
        for second in 1..300 {
            let due = |play: &Play| play.tab.next_deadline().map(|due| due.as_millis().saturating_sub(began));
            while let Some(due) = due(&play).filter(|due| timers && *due <= second * SECOND) {
                play.step(now(due.max(400)), Event::DeadlineReached);
            }
            play.step(now(second * SECOND), Event::UserActive { gesture: false });
        }
        reports(&play.effects)
    };
    (0..5).map(page).sum()
}

#[test]
fn a_refused_token_is_not_used_after_a_refresh_that_failed() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), expired(stamp(1)));
    assert_eq!(sends(&play.answer(at(2 * SECOND), transient())), []);
}

#[test]
fn a_refusal_is_not_forgotten_when_it_is_tried_again() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), expired(stamp(1)));
    play.answer(at(2 * SECOND), transient());
    play.effects.clear();
    play.run_until(40 * SECOND);
    assert_eq!(asks(&play.effects).first(), Some(&AskReason::Unauthorized));
}

#[test]
fn a_degraded_tab_does_not_use_a_refused_token() {
    let mut play = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    play.step(at(0), Event::DeadlineReached);
    play.answer(at(SECOND), TokenAnswer::Failed(failed(Failure::Ambiguous)));
    assert_eq!(play.state(), State::Degraded);
    assert_eq!(sends(&play.step(at(SECOND), expired(stamp(1)))), []);
}

#[test]
fn pages_that_live_briefly_report_too() {
    assert!(reports_of_young_pages(0, true) > 0, "nobody would know of 25 minutes of typing");
    assert!(
        reports_of_young_pages(100 * HOUR, false) > 0,
        "nor with a clock that began long before the page"
    );
}

#[test]
fn a_call_that_waits_in_an_idle_tab_is_fetched_for() {
    let mut play = Play::active(BARE);
    // The user is away, the token lapses.
    play.run_until(20 * MINUTE);
    let lifetime = Millis::from_millis(MINUTE);
    let expires_at = at(21 * MINUTE).wall;
    play.step(at(20 * MINUTE), Event::PeerTold(PeerMessage::Moved { stamp: stamp(2), expires_at, lifetime }));
    play.run_until(22 * MINUTE);
    // A long poll that left under the first token comes back refused.
    play.step(at(22 * MINUTE), expired(stamp(1)));
    play.run_until(3 * HOUR);
    assert!(!sends(&play.effects).is_empty() || play.questions() > 0, "{:?}", play.effects);
}

#[test]
fn a_token_that_is_dead_on_arrival_is_asked_for_again() {
    let mut play = Play::active(BARE);
    play.run_until(61 * MINUTE);
    play.call(at(61 * MINUTE), 1);
    assert_eq!(play.questions(), 1);
    let dead = TokenState {
        elapsed: Millis::from_secs(5),
        idle_left: Millis::from_millis(14 * 24 * HOUR - 61 * MINUTE),
        ..token(1, 3 * SECOND, HOUR)
    };
    play.answer(at(61 * MINUTE + 5 * SECOND), TokenAnswer::Current(dead));
    play.run_until(5 * HOUR);
    assert!(play.questions() > 1, "the call waits for ever");
}

#[test]
fn calls_make_no_storm_of_tokens_that_are_dead() {
    let dead = || TokenAnswer::Current(token(1, 0, HOUR));
    let mut play = Play::active(BARE);
    play.step(at(0), Event::RefreshAsked);
    play.answer(at(0), dead());
    play.effects.clear();
    for second in 1..=300 {
        let now = second * SECOND;
        play.run_until(now);
        if play.state() == State::Refreshing {
            play.answer(at(now), dead());
        }
        play.call(at(now), second as u32);
        if play.state() == State::Refreshing {
            play.answer(at(now + 50), dead());
        }
    }
    assert!(play.questions() < 20, "{} questions in 300 s", play.questions());
}

#[test]
fn a_silent_login_that_brings_nothing_does_not_loop() {
    let mut play = Play::active(BARE);
    play.step(at(MINUTE), Event::UserActive { gesture: true });
    play.step(at(MINUTE), Event::RefreshAsked);
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL });
    for round in 0..50 {
        let Some(request) = play.tab.phase().request() else { break };
        let event = if let Phase::Relogin { .. } = play.tab.phase() {
            Event::ReloginAnswered { request, answer: ReloginAnswer::Done }
        } else {
            let answer = SessionAnswer::ReauthRequired { stamp: stamp(1), silent: Ways::ALL };
            Event::SessionAnswered { request, answer }
        };
        play.step(at(MINUTE + round), event);
    }
    let attempts = play.effects.iter().filter(|effect| matches!(effect, Effect::Relogin { .. })).count();
    assert!(attempts <= 2, "{attempts} attempts in 50 ms");
}

#[test]
fn a_tab_that_waits_for_a_gesture_says_so() {
    let mut play = Play::active(BARE);
    play.step(at(MINUTE), Event::UserActive { gesture: true });
    play.step(at(MINUTE), Event::RefreshAsked);
    let silent = Ways::ALL.without(Ways::of(Way::Frame));
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent });
    play.call(at(MINUTE), 1);
    play.run_until(HOUR);
    assert!(
        matches!(play.state(), State::Active | State::ReauthRequired),
        "{:?} after an hour",
        play.state()
    );
}

#[test]
fn a_report_keeps_a_cool_down() {
    let mut play = Play::found(BARE, token_of_short_session(0));
    play.step(
        at(MINUTE),
        Event::PeerTold(PeerMessage::CoolDown { until: at(30 * MINUTE).wall, wait: Millis::FOREVER }),
    );
    for minute in 1..25 {
        play.run_until(minute * MINUTE);
        play.step(at(minute * MINUTE), Event::UserActive { gesture: false });
    }
    assert_eq!(play.questions(), 0);
}

#[test]
fn a_sleep_is_noticed_by_whatever_comes_first() {
    for event in [Event::Shown, Event::Online, Event::UserActive { gesture: true }] {
        let mut play = Play::found(BARE, token(1, 12 * HOUR, 12 * HOUR));
        play.step(at(8 * HOUR), event);
        assert_eq!(play.state(), State::Resuming, "{event:?}");
    }
}

#[test]
fn a_hidden_page_that_could_not_open_rests() {
    let mut play = Play::new(BARE);
    let chance = |millis| Moment { entropy: 1 << 31, ..at(millis) };
    play.step(at(0), Event::Opened { hidden: true });
    let mut asked = 0;
    for _ in 0..100_000 {
        if let Some(request) = play.tab.phase().request() {
            asked += 1;
            let now = play.tab.next_deadline().map_or(0, |due| due.as_millis().saturating_sub(30_000));
            let answer = SessionAnswer::Failed(failed(Failure::Transient));
            play.step(chance(now), Event::SessionAnswered { request, answer });
        }
        let Some(due) = play.tab.next_deadline().filter(|due| due.as_millis() < 8 * HOUR) else { break };
        play.step(chance(due.as_millis()), Event::DeadlineReached);
    }
    assert!(asked < 100, "{asked} questions in 8 h");
}

#[test]
fn a_tab_that_hears_of_no_other_is_no_storm() {
    // Tokens of a minute; another tab is first each time, and the server kills the old one.
    let mut play = Play::found(BARE, token(1, MINUTE, MINUTE));
    for round in 1..20 {
        let now = at(round * 40 * SECOND);
        let held = play.tab.stamp().expect("a token");
        let effects = play.step(now, denied_of(OWN, round as u32, held, false, Denial::AccessExpired));
        let delivered = effects.iter().any(|effect| matches!(effect, Effect::DeliverCall { .. }));
        assert!(!delivered, "the {round}th call");
        if play.tab.phase().request().is_some() {
            play.answer(now, TokenAnswer::Current(token(round as u32 + 1, MINUTE, MINUTE)));
        }
    }
}

#[test]
fn a_mere_rumour_of_a_login_ends_nothing() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), moved(login_after(1)));
    let (request, answer) = (play.request(), SessionAnswer::Active(token(1, HOUR, HOUR)));
    play.step(at(2 * SECOND), Event::SessionAnswered { request, answer });
    assert_eq!(play.state(), State::Active);
}

#[test]
fn a_strategy_that_never_tries_again_leaves_no_call_waiting() {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    play.call(at(0), 1);
    let request = play.request();
    let never = Failed {
        advice: Advice::Never,
        retry_after: Some(Millis::from_secs(1)),
        ..failed(Failure::Throttled)
    };
    play.step(at(1), Event::SessionAnswered { request, answer: SessionAnswer::Failed(never) });
    play.effects.clear();
    play.run_until(MINUTE);
    for event in [Event::Online, Event::Shown, Event::RefreshAsked, Event::UserActive { gesture: true }] {
        play.step(at(HOUR), event);
    }
    let helps = |effect: &Effect| matches!(effect, Effect::RefuseCall { .. } | Effect::CheckSession { .. });
    assert!(play.effects.iter().any(helps), "{:?}", play.effects);
}

#[test]
fn a_hidden_tab_wakes_at_most_once_a_minute() {
    let mut play = Play::active(Settings::DEFAULT);
    play.step(at(0), Event::Hidden);
    play.run_until(20 * MINUTE);
    let mut wakes = 0;
    while let Some(due) = play.tab.next_deadline().filter(|due| due.as_millis() <= 24 * HOUR) {
        // Timers are late.
        play.step(at(due.as_millis() + 5), Event::DeadlineReached);
        wakes += 1;
    }
    assert!(wakes <= 24 * 60, "{wakes}");
}

#[test]
fn a_call_of_one_user_is_not_made_as_another() {
    let mut play = grant_over(Ways::ALL);
    play.call(at(MINUTE), 1);
    let request = play.request();
    play.step(at(MINUTE), Event::ReloginAnswered { request, answer: ReloginAnswer::Done });
    let other = TokenState { stamp: login_after(9), ..token(1, HOUR, HOUR) };
    let (request, answer) = (play.request(), SessionAnswer::Active(other));
    assert_eq!(sends(&play.step(at(MINUTE), Event::SessionAnswered { request, answer })), []);
}

#[test]
fn who_wants_to_be_asked_all_the_time_is_not() {
    let settings = Settings { idle_prompt: Some(Millis::from_millis(IDLE_LIMIT)), ..BARE };
    let mut play = Play::found(settings, token_of_short_session(0));
    play.step(at(SECOND), Event::UserActive { gesture: true });
    assert_eq!(play.tab.presence(), Presence::Present);
}

#[test]
fn a_login_elsewhere_is_not_missed_while_the_page_opens() {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    let first = play.request();
    play.step(at(100), moved(stamp(1)));
    if play.request() == first {
        let answer = SessionAnswer::LoggedOut;
        play.step(at(200), Event::SessionAnswered { request: first, answer });
    }
    assert_ne!(play.state(), State::LoggedOut);
}

#[test]
fn a_token_that_is_refused_while_it_is_asked_for_is_not_used() {
    let mut play = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    play.step(at(0), Event::DeadlineReached);
    play.step(at(SECOND), expired(stamp(1)));
    // The vault had no new one in 4.5 s: its still valid token.
    let still = token(1, 4 * MINUTE - 5 * SECOND, HOUR);
    assert_eq!(sends(&play.answer(at(5 * SECOND), TokenAnswer::Current(still))), []);
}

#[test]
fn a_grant_that_is_over_while_a_token_is_asked_for_makes_no_loop() {
    let mut play = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    play.step(at(0), Event::DeadlineReached);
    assert_eq!(play.state(), State::Refreshing);
    let mut sent = 0;
    for round in 0..100 {
        let denied = denied_of(OWN, 1, stamp(1), round > 0, Denial::ReauthRequired);
        let again = sends(&play.step(at(round * 50), denied)).len();
        sent += again;
        if again == 0 {
            break;
        }
    }
    assert!(sent <= 1, "sent again {sent} times in 5 s");
}

#[test]
fn a_worker_that_contradicts_itself_makes_no_loop() {
    let mut play = Play::active(BARE);
    let sent = sendings_of_refused(&mut play, OWN, Denial::ReauthRequired);
    assert!(sent <= 1, "sent again {sent} times, {} questions", play.questions());
}

#[test]
fn what_needs_a_human_elsewhere_does_not_rotate_the_session() {
    // A ninth provider, or a service's vault: nobody told of it.
    let ninth = ProviderId(8);
    let mut play = Play::active(BARE);
    play.step(at(0), Event::ProviderTold { provider: OWN, own: true, state: ProviderState::Ready });
    play.step(at(0), Event::ProviderTold { provider: ninth, own: false, state: ProviderState::NeedsHuman });
    let sent = sendings_of_refused(&mut play, ninth, Denial::ReauthRequired);
    assert!(sent <= 1, "sent again {sent} times, {} questions in 5 s", play.questions());
}

#[test]
fn who_was_never_active_was_not_so_in_1970() {
    let mut first = Play::active(BARE);
    let mut second = first.clone();
    first.step(at(SECOND), Event::RefreshAsked);
    for told in tells(&first.answer(at(SECOND), TokenAnswer::Current(token(2, HOUR, HOUR)))) {
        if let PeerMessage::Active { .. } = told {
            second.step(at(SECOND), Event::PeerTold(told));
        }
    }
    second.effects.clear();
    second.step(at(2 * SECOND), Event::RefreshAsked);
    let never = |effect: &Effect| matches!(effect, Effect::RequestToken { active_ago: None, .. });
    assert!(second.effects.iter().any(never), "{:?}", second.effects);
}

#[test]
fn a_socket_that_never_opens_is_given_up() {
    let mut play = Play::found(Settings::DEFAULT, token(1, HOUR, HOUR));
    play.effects.clear();
    play.stay_until(49 * MINUTE);
    let moves = |effect: &Effect| matches!(effect, Effect::OpenSocket | Effect::CloseSocket);
    assert!(play.effects.iter().any(moves));
}

#[test]
fn late_timers_of_a_hidden_tab_are_no_wakes() {
    let mut play = Play::active(BARE);
    play.step(at(0), Event::Hidden);
    for _ in 1..4 {
        // Some browsers let the timers of hidden pages run every five minutes.
        let now = play.tab.next_deadline().expect("it looks at its clocks").as_millis() + 4 * MINUTE;
        play.step(at(now), Event::DeadlineReached);
        assert_eq!(play.tab.phase().request(), None);
    }
}

#[test]
fn a_logout_during_a_silent_login_is_told_to_the_others() {
    let mut other = Play::active(BARE);
    let mut play = grant_over(Ways::ALL);
    let attempt = play.request();
    let request = posted(&play.step(at(MINUTE), Event::LogoutAsked));
    play.step(at(MINUTE + 1), Event::ReloginAnswered { request: attempt, answer: ReloginAnswer::Done });
    for told in tells(&play.step(at(MINUTE + 2), Event::LogoutAnswered { request, done: true })) {
        other.step(at(MINUTE + 3), Event::PeerTold(told));
    }
    assert_eq!(other.state(), State::LoggedOut);
}

#[test]
fn a_logout_ends_no_login_that_came_after_it() {
    let mut play = grant_over(Ways::NONE);
    let request = posted(&play.step(at(MINUTE), Event::LogoutAsked));
    let newer = login_after(5);
    play.step(at(MINUTE + 1), moved(newer));
    let active = SessionAnswer::Active(TokenState { stamp: newer, ..token(1, HOUR, HOUR) });
    play.step(at(MINUTE + 2), Event::SessionAnswered { request: play.request(), answer: active });
    play.step(at(MINUTE + 3), Event::LogoutAnswered { request, done: true });
    assert_eq!(play.tab.stamp(), Some(newer));
}

#[test]
fn a_token_that_lapsed_on_purpose_was_not_late() {
    let mut play = Play::active(BARE);
    play.run_until(2 * HOUR);
    play.step(at(2 * HOUR), Event::UserActive { gesture: true });
    play.answer(at(2 * HOUR), TokenAnswer::Current(token(2, HOUR, HOUR)));
    assert!(!play.tab.health().has(Ailment::Late));
}
