//! How well a session is doing, what the Worker's clock shows, and where its providers stand.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::id::CallId;
use everlit_core::retry::Failure;
use everlit_core::tab::{
    Ailment, Effect, Event, Health, ProviderId, ProviderState, Reason, Refusal, SessionAnswer, Settings,
    State, TokenAnswer, TokenState, Ways,
};
use everlit_core::time::{Millis, Timestamp};
use proptest::prelude::*;
use tab_play::{BARE, HOUR, MINUTE, OWN, Play, SECOND, WALL, at, clocks, failed, stamp, token};

fn told(play: &Play) -> Vec<Health> {
    play.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Health(health) => Some(*health),
            _ => None,
        })
        .collect()
}

#[test]
fn a_session_that_is_well_has_a_hundred_and_says_nothing() {
    let mut play = Play::active(BARE);
    play.run_until(14 * MINUTE);
    assert_eq!((play.tab.health(), told(&play)), (Health::FULL, vec![]));
}

#[test]
fn every_ailment_is_named_and_counts() {
    let ill = |play: &Play, ailment| {
        let health = play.tab.health();
        assert!(health.has(ailment) && health.score < 100, "{ailment:?} in {health:?}");
    };
    // An outage with a token that still lives, then with none.
    let mut play = Play::found(BARE, token(1, 10 * SECOND, MINUTE));
    for second in 0..60 {
        play.run_until(second * SECOND);
        if matches!(play.state(), State::Refreshing) {
            play.answer(at(second * SECOND), TokenAnswer::Failed(failed(Failure::Transient)));
        }
        if second == 5 {
            ill(&play, Ailment::Failing);
            assert!(play.tab.health().grade() >= 2, "nobody has noticed: {:?}", play.tab.health());
        }
    }
    ill(&play, Ailment::Unreachable);
    assert!(play.tab.health().grade() <= 1, "{:?}", play.tab.health());

    // A person is needed.
    let mut play = Play::active(BARE);
    play.step(at(SECOND), Event::RefreshAsked);
    play.answer(at(SECOND), TokenAnswer::ReauthRequired { silent: Ways::NONE });
    ill(&play, Ailment::NeedsHuman);
    assert_eq!(play.tab.health().grade(), 0);

    // A clock that is an hour off.
    let hour_behind = TokenState { server_time: Timestamp::from_millis(WALL + HOUR), ..token(1, HOUR, HOUR) };
    ill(&Play::found(BARE, hour_behind), Ailment::Skewed);

    // Answers that take four seconds.
    let slow = TokenState { elapsed: Millis::from_secs(20), ..token(1, HOUR, HOUR) };
    ill(&Play::found(BARE, slow), Ailment::Slow);

    // A call that had to wait.
    let mut play = Play::active(BARE);
    play.step(at(SECOND), Event::Restored);
    play.call(at(SECOND), 1);
    play.answer(at(6 * SECOND), TokenAnswer::Current(token(1, HOUR, HOUR)));
    ill(&play, Ailment::Waiting);
}

#[test]
fn health_is_told_when_it_changes_and_then_only() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), Event::RefreshAsked);
    play.answer(at(SECOND), TokenAnswer::Failed(failed(Failure::Transient)));
    let first = told(&play).len();
    assert_eq!(first, 1);
    for _ in 0..5 {
        play.step(at(SECOND), Event::Hidden);
    }
    assert_eq!(told(&play).len(), first);
}

#[test]
fn the_workers_clock_is_known_within_half_of_the_round_trip() {
    // The computer's own clock is a day behind, and the answer took two seconds.
    let server = Timestamp::from_millis(WALL + 24 * HOUR);
    let state = TokenState { server_time: server, elapsed: Millis::from_secs(2), ..token(1, HOUR, HOUR) };
    let play = Play::found(BARE, state);
    let anchor = play.tab.anchor().expect("the Worker told the time");
    let now = at(0).mono;
    assert_eq!(anchor.server_time(now), server.after(Millis::from_secs(1)));
    assert_eq!(anchor.error_at(now), Millis::from_secs(1));
    // It is carried on by the monotonic clock, and grows less certain.
    let later = at(HOUR).mono;
    assert_eq!(anchor.server_time(later), server.after(Millis::from_secs(3_601)));
    assert_eq!(anchor.error_at(later), Millis::from_millis(1_360));
    // The token ends by what the Worker said, whatever the computer's clock shows.
    assert_eq!(play.tab.phase().hold().expect("a token").expires_at, at(HOUR - 2 * SECOND).mono);
}

#[test]
fn a_better_answer_moves_the_anchor_and_a_worse_one_does_not() {
    let mut play = Play::active(BARE);
    let answer = |play: &mut Play, elapsed, server| {
        play.step(at(SECOND), Event::RefreshAsked);
        let server_time = Timestamp::from_millis(server);
        let elapsed = Millis::from_millis(elapsed);
        play.answer(
            at(SECOND),
            TokenAnswer::Current(TokenState { elapsed, server_time, ..token(1, HOUR, HOUR) }),
        );
        play.tab.anchor().expect("an anchor").error
    };
    // Of a second ago, and now: both may be true.
    assert_eq!(answer(&mut play, 9_000, WALL - 3_000), Millis::ZERO, "the first took no time at all");
    // These may not. What took no time was wrong, or a clock was set.
    assert_eq!(
        answer(&mut play, 9_000, WALL + 5_000),
        Millis::from_millis(4_500),
        "the newer one is the truth"
    );
    assert_eq!(answer(&mut play, 1_000, WALL + 5_000), Millis::from_millis(500), "it is more exact");
    play.step(clocks(HOUR as i64, 2 * SECOND), Event::Shown);
    assert_eq!(play.tab.anchor(), None, "after a sleep nothing is certain");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is answered, and however long it took: what is held can be true together with the last answer, and it is no worse.
    #[test]
    fn the_anchor_never_contradicts_the_last_answer(
        answers in prop::collection::vec((1_u64..100_000, 0_u64..20_000, 0_u64..60_000), 1..12),
    ) {
        let mut play = Play::active(BARE);
        let mut time = 0;
        for (pause, elapsed, server) in answers {
            time += pause;
            play.step(at(time), Event::RefreshAsked);
            let before = play.tab.anchor();
            let server_time = Timestamp::from_millis(WALL + server);
            let elapsed = Millis::from_millis(elapsed);
            play.answer(
                at(time),
                TokenAnswer::Current(TokenState { elapsed, server_time, ..token(1, HOUR, HOUR) }),
            );
            let anchor = play.tab.anchor().expect("the Worker told the time");
            let now = at(time).mono;
            let (from, to) = (server_time, server_time.after(elapsed));
            prop_assert!(anchor.server_time(now).before(anchor.error_at(now)) <= to, "{anchor:?} is later than {to:?}");
            prop_assert!(from <= anchor.server_time(now).after(anchor.error_at(now)), "{anchor:?} is earlier than {from:?}");
            let best = before.map_or(anchor.error, |before| before.error_at(now)).max(elapsed.percent(50));
            prop_assert!(anchor.error_at(now) <= best);
            prop_assert!(Some(anchor) == before || anchor.mono == now);
        }
    }
}

#[test]
fn a_dead_brokers_token_stops_its_own_calls_and_no_others() {
    let broker = ProviderId(1);
    let mut play = Play::active(Settings::DEFAULT);
    play.step(at(0), Event::SocketOpened { shared: true });
    let tell = |play: &mut Play, provider, own, state| {
        play.step(at(SECOND), Event::ProviderTold { provider, own, state })
    };
    tell(&mut play, OWN, true, ProviderState::Ready);
    let effects = tell(&mut play, broker, false, ProviderState::NeedsHuman);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::ProviderTransition {
            provider, from: ProviderState::Unavailable, to: ProviderState::NeedsHuman, reason: Reason::Told, ..
        } if *provider == broker)),
        "{effects:?}"
    );
    let call = |play: &mut Play, id, provider| {
        play.step(at(2 * SECOND), Event::CallAsked { call: CallId(id), provider })
    };
    let refused = |id, refusal| Effect::RefuseCall { call: CallId(id), refusal };
    assert_eq!(call(&mut play, 1, broker), [refused(1, Refusal::ReauthRequired)]);
    assert_eq!(call(&mut play, 2, OWN), [Effect::SendCall { call: CallId(2), stamp: stamp(1) }]);
    tell(&mut play, broker, false, ProviderState::Unavailable);
    assert_eq!(call(&mut play, 3, broker), [refused(3, Refusal::Unavailable)]);
    // While a new token is on its way, the Worker waits for it.
    let sent = |id| Effect::SendCall { call: CallId(id), stamp: stamp(1) };
    tell(&mut play, broker, false, ProviderState::Renewing);
    assert_eq!(call(&mut play, 4, broker), [sent(4)]);
    // What is known is worth nothing when the Worker tells no more.
    tell(&mut play, broker, false, ProviderState::NeedsHuman);
    play.step(at(2 * SECOND), Event::SocketClosed);
    assert_eq!(call(&mut play, 5, broker), [sent(5)]);
}

#[test]
fn the_sessions_own_provider_stands_where_the_session_stands() {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    let request = play.request();
    play.step(at(0), Event::SessionAnswered { request, answer: SessionAnswer::Active(token(1, HOUR, HOUR)) });
    play.step(at(0), Event::ProviderTold { provider: OWN, own: true, state: ProviderState::Ready });
    let stands = |play: &Play| play.tab.provider(OWN);
    assert_eq!(stands(&play), Some(ProviderState::Ready));
    play.step(at(SECOND), Event::RefreshAsked);
    assert_eq!(stands(&play), Some(ProviderState::Renewing));
    play.answer(at(SECOND), TokenAnswer::Failed(failed(Failure::Transient)));
    assert_eq!(stands(&play), Some(ProviderState::Expiring));
    play.step(at(2 * SECOND), Event::Online);
    play.answer(at(2 * SECOND), TokenAnswer::ReauthRequired { silent: Ways::NONE });
    assert_eq!(stands(&play), Some(ProviderState::NeedsHuman));
    let sequences: Vec<u32> = play
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Transition { sequence, .. } | Effect::ProviderTransition { sequence, .. } => {
                Some(*sequence)
            }
            _ => None,
        })
        .collect();
    assert!(sequences.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{sequences:?}");
}
