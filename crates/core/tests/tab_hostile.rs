//! What went wrong once, or could: storms, loops, calls that wait for ever, and answers to the wrong question.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    dead_code,
    unused
)]
mod tab_play;
use everlit_core::id::*;
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::*;
use everlit_core::time::*;
use everlit_core::vault::AskReason;
use tab_play::*;
const BARE: Settings = Settings { events: false, ..Settings::DEFAULT };
fn sends(e: &[Effect]) -> Vec<Stamp> {
    e.iter()
        .filter_map(|e| match e {
            Effect::SendCall { stamp, .. } => Some(*stamp),
            _ => None,
        })
        .collect()
}
fn reqs(e: &[Effect]) -> Vec<AskReason> {
    e.iter()
        .filter_map(|e| match e {
            Effect::RequestToken { reason, .. } => Some(*reason),
            _ => None,
        })
        .collect()
}
fn denied(call: u32, st: Stamp, repeated: bool, denial: Denial) -> Event {
    Event::CallDenied { call: CallId(call), provider: OWN, stamp: st, repeated, denial }
}
fn short(generation: u32, inactive: u64) -> TokenState {
    TokenState {
        idle_left: Millis::from_millis(30 * MINUTE - inactive),
        idle_limit: Millis::from_millis(30 * MINUTE),
        ..token(generation, 10 * HOUR, 10 * HOUR)
    }
}

#[test]
fn refused_token_resent_after_failed_refresh() {
    let mut p = Play::active(BARE);
    p.step(at(SECOND), denied(1, stamp(1), false, Denial::AccessExpired));
    let e = p.answer(at(2 * SECOND), TokenAnswer::Failed(failed(Failure::Transient)));
    let s = sends(&e);
    p.run_until(60 * SECOND);
    assert!(s.is_empty(), "resent under the refused token {s:?}");
}
#[test]
fn retry_forgets_unauthorized() {
    let mut p = Play::active(BARE);
    p.step(at(SECOND), denied(1, stamp(1), false, Denial::AccessExpired));
    p.answer(at(2 * SECOND), TokenAnswer::Failed(failed(Failure::Transient)));
    p.effects.clear();
    p.run_until(40 * SECOND);
    assert_eq!(reqs(&p.effects).first(), Some(&AskReason::Unauthorized));
}
#[test]
fn degraded_resends_refused() {
    let mut p = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    p.step(at(0), Event::DeadlineReached);
    p.answer(at(SECOND), TokenAnswer::Failed(failed(Failure::Ambiguous)));
    assert_eq!(p.state(), State::Degraded);
    let e = p.step(at(SECOND), denied(1, stamp(1), false, Denial::AccessExpired));
    assert!(sends(&e).is_empty(), "{e:?}");
}
#[test]
fn young_pages_never_report() {
    // Full page loads every 5 minutes, the user types all the time, mono starts at 0 in each page; idle limit 30 min.
    let mut reported = 0;
    for page in 0..5u64 {
        let base = page * 5 * MINUTE;
        let c = |t: u64| clocks((base + t) as i64, t);
        let mut p = Play::new(BARE);
        p.step(c(300), Event::Opened { hidden: false });
        let q = p.request();
        p.step(c(400), Event::SessionAnswered { request: q, answer: SessionAnswer::Active(short(1, base)) });
        for s in 1..300u64 {
            while let Some(d) = p.tab.next_deadline().filter(|d| d.as_millis() <= s * SECOND) {
                p.step(c(d.as_millis().max(400)), Event::DeadlineReached);
            }
            p.step(c(s * SECOND), Event::UserActive { gesture: false });
        }
        reported += p
            .effects
            .iter()
            .filter(|e| matches!(e, Effect::RequestToken { reason: AskReason::Activity, .. }))
            .count();
    }
    assert!(reported > 0, "25 minutes of typing, limit 30, reported {reported}");
}
#[test]
fn waiting_call_nobody_fetches() {
    let mut p = Play::active(BARE);
    // the user is away, the token lapses
    p.run_until(20 * MINUTE);
    p.step(
        at(20 * MINUTE),
        Event::PeerTold(PeerMessage::Moved {
            stamp: stamp(2),
            expires_at: at(21 * MINUTE).wall,
            lifetime: Millis::from_millis(MINUTE),
        }),
    );
    p.run_until(22 * MINUTE);
    // a long poll that left under the first token comes back refused
    p.step(at(22 * MINUTE), denied(1, stamp(1), false, Denial::AccessExpired));
    p.run_until(3 * HOUR);
    assert!(!sends(&p.effects).is_empty() || p.questions() > 0, "{:?}", p.effects);
}
#[test]
fn dead_answer_idle_poll() {
    let mut p = Play::active(BARE);
    p.run_until(20 * MINUTE);
    p.run_until(61 * MINUTE);
    p.call(at(61 * MINUTE), 1);
    assert_eq!(p.questions(), 1);
    // slow answer: vault still gives a token that has just ended on arrival
    p.answer(
        at(61 * MINUTE + 5 * SECOND),
        TokenAnswer::Current(TokenState {
            elapsed: Millis::from_secs(5),
            idle_left: Millis::from_millis(14 * 24 * HOUR - 61 * MINUTE),
            ..token(1, 3 * SECOND, HOUR)
        }),
    );
    p.run_until(5 * HOUR);
    assert!(p.questions() > 1, "the call waits for ever");
}
#[test]
fn breaker_bypassed_by_calls() {
    let mut p = Play::active(BARE);
    p.step(at(0), Event::RefreshAsked);
    p.answer(at(0), TokenAnswer::Current(token(1, 0, HOUR)));
    p.effects.clear();
    for s in 1..=300u64 {
        p.run_until(s * SECOND);
        if p.state() == State::Refreshing {
            p.answer(at(s * SECOND), TokenAnswer::Current(token(1, 0, HOUR)));
        }
        p.call(at(s * SECOND), s as u32);
        if p.state() == State::Refreshing {
            p.answer(at(s * SECOND + 50), TokenAnswer::Current(token(1, 0, HOUR)));
        }
    }
    assert!(p.questions() < 20, "{} questions in 300 s", p.questions());
}
#[test]
fn relogin_done_loop() {
    let mut p = Play::active(BARE);
    p.step(at(MINUTE), Event::UserActive { gesture: true });
    p.step(at(MINUTE), Event::RefreshAsked);
    p.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL });
    for i in 0..50u64 {
        let Some(q) = p.tab.phase().request() else { break };
        let now = at(MINUTE + i);
        match p.tab.phase() {
            Phase::Relogin { .. } => {
                p.step(now, Event::ReloginAnswered { request: q, answer: ReloginAnswer::Done });
            }
            _ => {
                p.step(
                    now,
                    Event::SessionAnswered {
                        request: q,
                        answer: SessionAnswer::ReauthRequired { stamp: stamp(1), silent: Ways::ALL },
                    },
                );
            }
        }
    }
    let frames = p.effects.iter().filter(|e| matches!(e, Effect::Relogin { .. })).count();
    assert!(frames <= 2, "{frames} frames in 50 ms");
}
#[test]
fn relogin_never_asks() {
    let mut p = Play::active(BARE);
    p.step(at(MINUTE), Event::UserActive { gesture: true });
    p.step(at(MINUTE), Event::RefreshAsked);
    p.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL.without(Ways::of(Way::Frame)) });
    p.call(at(MINUTE), 1);
    p.run_until(HOUR);
    assert!(matches!(p.state(), State::Active | State::ReauthRequired), "{:?} after an hour", p.state());
}
#[test]
fn report_ignores_cool_down() {
    let mut p = Play::found(BARE, short(1, 0));
    p.step(at(MINUTE), Event::PeerTold(PeerMessage::CoolDown { until: at(30 * MINUTE).wall }));
    for m in 1..25u64 {
        p.run_until(m * MINUTE);
        p.step(at(m * MINUTE), Event::UserActive { gesture: false });
        if let Some(r) = p.effects.iter().rev().find_map(|e| match e {
            Effect::RequestToken { request, .. } => Some(*request),
            _ => None,
        }) {
            p.step(
                at(m * MINUTE + 1),
                Event::TokenAnswered {
                    request: r,
                    answer: TokenAnswer::Failed(Failed {
                        retry_after: Some(Millis::from_secs(1200)),
                        ..failed(Failure::Throttled)
                    }),
                },
            );
        }
    }
    assert_eq!(p.questions(), 0, "questions in the cool-down");
}
#[test]
fn wake_by_shown_after_sleep_mono_runs() {
    for ev in [Event::Shown, Event::Online, Event::UserActive { gesture: true }] {
        let mut p = Play::found(BARE, token(1, 12 * HOUR, 12 * HOUR));
        p.step(at(8 * HOUR), ev);
        assert_eq!(p.state(), State::Resuming, "{ev:?}");
    }
}
#[test]
fn hidden_failed_open_retries_forever() {
    let mut p = Play::new(BARE);
    p.step(at(0), Event::Opened { hidden: true });
    let mut n = 0;
    for _ in 0..100_000 {
        if let Some(q) = p.tab.phase().request() {
            n += 1;
            let now = at(p.tab.next_deadline().map_or(0, |d| d.as_millis().saturating_sub(30_000)));
            p.step(
                Moment { entropy: 1 << 31, ..now },
                Event::SessionAnswered {
                    request: q,
                    answer: SessionAnswer::Failed(failed(Failure::Transient)),
                },
            );
        }
        let Some(d) = p.tab.next_deadline().filter(|d| d.as_millis() < 8 * HOUR) else { break };
        p.step(Moment { entropy: 1 << 31, ..at(d.as_millis()) }, Event::DeadlineReached);
    }
    assert!(n < 100, "{n} questions in 8 h by a hidden idle tab");
}
#[test]
fn breaker_good_session_no_channel() {
    // Tokens of a minute, another tab rotates each time first and the server kills the old token; no BroadcastChannel.
    let mut p = Play::found(BARE, token(1, MINUTE, MINUTE));
    let mut delivered = 0;
    for i in 1..20u64 {
        let now = at(i * 40 * SECOND);
        let st = p.tab.stamp().unwrap();
        let e = p.step(now, denied(i as u32, st, false, Denial::AccessExpired));
        if e.iter().any(|e| matches!(e, Effect::DeliverCall { .. })) {
            delivered += 1;
        }
        if p.tab.phase().request().is_some() {
            p.answer(now, TokenAnswer::Current(token(i as u32 + 1, MINUTE, MINUTE)));
        }
    }
    assert_eq!(delivered, 0);
}
#[test]
fn rumour_of_newer_epoch_logs_out() {
    let mut p = Play::active(BARE);
    let fake = Stamp { epoch: Epoch(LOGIN.0 + 1), generation: Generation(1) };
    p.step(
        at(SECOND),
        Event::PeerTold(PeerMessage::Moved {
            stamp: fake,
            expires_at: at(HOUR).wall,
            lifetime: Millis::from_millis(HOUR),
        }),
    );
    let q = p.request();
    p.step(
        at(2 * SECOND),
        Event::SessionAnswered { request: q, answer: SessionAnswer::Active(token(1, HOUR, HOUR)) },
    );
    assert_eq!(p.state(), State::Active);
}
#[test]
fn never_strategy_hangs() {
    let mut p = Play::new(BARE);
    p.step(at(0), Event::Opened { hidden: false });
    p.call(at(0), 1);
    let q = p.request();
    p.step(
        at(1),
        Event::SessionAnswered {
            request: q,
            answer: SessionAnswer::Failed(Failed {
                advice: Advice::Never,
                retry_after: Some(Millis::from_secs(1)),
                ..failed(Failure::Throttled)
            }),
        },
    );
    p.effects.clear();
    p.run_until(MINUTE);
    for e in [Event::Online, Event::Shown, Event::RefreshAsked, Event::UserActive { gesture: true }] {
        p.step(at(HOUR), e);
    }
    assert!(
        p.effects.iter().any(|e| matches!(e, Effect::RefuseCall { .. } | Effect::CheckSession { .. })),
        "{:?}",
        p.effects
    );
}
#[test]
fn wakes_per_minute_with_late_timers() {
    let mut p = Play::active(Settings::DEFAULT);
    p.step(at(0), Event::Hidden);
    p.run_until(20 * MINUTE);
    let mut wakes = 0;
    while let Some(d) = p.tab.next_deadline().filter(|d| d.as_millis() <= 24 * HOUR) {
        p.step(at(d.as_millis() + 5), Event::DeadlineReached);
        wakes += 1;
    }
    assert!(wakes <= 24 * 60, "{wakes}");
}
#[test]
fn relogin_calls_other_user() {
    let mut p = Play::active(BARE);
    p.step(at(MINUTE), Event::RefreshAsked);
    p.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL });
    p.call(at(MINUTE), 1);
    let q = p.tab.phase().request().unwrap();
    p.step(at(MINUTE), Event::ReloginAnswered { request: q, answer: ReloginAnswer::Done });
    let q = p.request();
    let other = Stamp { epoch: Epoch(LOGIN.0 + 9), generation: Generation(1) };
    let e = p.step(
        at(MINUTE),
        Event::SessionAnswered {
            request: q,
            answer: SessionAnswer::Active(TokenState { stamp: other, ..token(1, HOUR, HOUR) }),
        },
    );
    assert!(sends(&e).is_empty(), "{e:?}");
}
#[test]
fn prompt_longer_than_limit() {
    let mut p = Play::found(
        Settings { idle_prompt: Some(Millis::from_millis(30 * MINUTE)), ..BARE },
        TokenState { ..short(1, 0) },
    );
    p.step(at(SECOND), Event::UserActive { gesture: true });
    assert_eq!(p.tab.presence(), Presence::Present);
}
#[test]
fn resuming_ignores_login_elsewhere() {
    let mut p = Play::new(BARE);
    p.step(at(0), Event::Opened { hidden: false });
    let q = p.request();
    p.step(
        at(100),
        Event::PeerTold(PeerMessage::Moved {
            stamp: stamp(1),
            expires_at: at(HOUR).wall,
            lifetime: Millis::from_millis(HOUR),
        }),
    );
    let q2 = p.request();
    if q2 == q {
        p.step(at(200), Event::SessionAnswered { request: q, answer: SessionAnswer::LoggedOut });
    }
    assert!(p.state() != State::LoggedOut);
}
#[test]
fn stamp_expired_while_refreshing_prompt_stuck() {
    // not-due answer to a Deadline question that was turned into an unauthorized one
    let mut p = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    p.step(at(0), Event::DeadlineReached);
    p.step(at(SECOND), denied(1, stamp(1), false, Denial::AccessExpired));
    // The vault had no new one in 4.5 s: its still valid token.
    let e = p.answer(at(5 * SECOND), TokenAnswer::Current(token(1, 4 * MINUTE - 5 * SECOND, HOUR)));
    assert!(sends(&e).is_empty(), "{e:?}");
}

#[test]
fn control_with_a_clock_that_began_earlier() {
    let mut reported = 0;
    for page in 0..5u64 {
        let base = page * 5 * MINUTE;
        let c = |t: u64| clocks((base + t) as i64, 100 * HOUR + t);
        let mut p = Play::new(BARE);
        p.step(c(300), Event::Opened { hidden: false });
        let q = p.request();
        p.step(c(400), Event::SessionAnswered { request: q, answer: SessionAnswer::Active(short(1, base)) });
        for s in 1..300u64 {
            p.step(c(s * SECOND), Event::UserActive { gesture: false });
        }
        reported += p
            .effects
            .iter()
            .filter(|e| matches!(e, Effect::RequestToken { reason: AskReason::Activity, .. }))
            .count();
    }
    assert!(reported > 0, "reported {reported}");
}
#[test]
fn reauth_denied_while_refreshing_loops() {
    let mut p = Play::found(BARE, token(1, 4 * MINUTE, HOUR));
    p.step(at(0), Event::DeadlineReached);
    assert_eq!(p.state(), State::Refreshing);
    let mut n = 0;
    for i in 0..100u64 {
        let e = p.step(at(i * 50), denied(1, stamp(1), i > 0, Denial::ReauthRequired));
        n += sends(&e).len();
        if sends(&e).is_empty() {
            break;
        }
    }
    assert!(n <= 1, "sent again {n} times in 5 s");
}
#[test]
fn reauth_denied_loops_for_ever() {
    let mut p = Play::active(BARE);
    let mut n = 0;
    for i in 0..100u64 {
        let e = p.step(at(i * 50), denied(1, stamp(1), i > 0, Denial::ReauthRequired));
        n += sends(&e).len();
        if p.state() == State::Resuming {
            let e = p.answer(at(i * 50 + 10), TokenAnswer::Current(token(1, HOUR, HOUR)));
            n += sends(&e).len();
        }
    }
    assert!(n <= 1, "sent again {n} times, {} questions", p.questions());
}
#[test]
fn never_active_becomes_1970() {
    let mut a = Play::active(BARE);
    let mut b = a.clone();
    a.step(at(SECOND), Event::RefreshAsked);
    for e in a.answer(at(SECOND), TokenAnswer::Current(token(2, HOUR, HOUR))) {
        if let Effect::Tell(m @ PeerMessage::Active { .. }) = e {
            b.step(at(SECOND), Event::PeerTold(m));
        }
    }
    b.effects.clear();
    b.step(at(2 * SECOND), Event::RefreshAsked);
    assert!(
        b.effects.iter().any(|e| matches!(e, Effect::RequestToken { active_ago: None, .. })),
        "{:?}",
        b.effects
    );
}
#[test]
fn socket_opening_for_ever() {
    let mut p = Play::found(Settings::DEFAULT, token(1, HOUR, HOUR));
    p.effects.clear();
    for m in 1..50u64 {
        p.run_until(m * MINUTE);
        p.step(at(m * MINUTE), Event::UserActive { gesture: true });
    }
    assert!(p.effects.iter().any(|e| matches!(e, Effect::OpenSocket | Effect::CloseSocket)));
}
#[test]
fn wake_every_event_storm() {
    // A hidden tab whose user works in another one; Safari lets its timers run every 5 minutes.
    let mut p = Play::active(BARE);
    p.step(at(0), Event::Hidden);
    let mut n = 0;
    for i in 1..12u64 {
        let now = i * 5 * MINUTE;
        for s in (0..5 * 60).step_by(60) {
            p.step(
                at(now - 5 * MINUTE + s * SECOND + 1),
                Event::PeerTold(PeerMessage::Active {
                    at: at(now - 5 * MINUTE + s * SECOND + 1).wall,
                    known: at(0).wall,
                }),
            );
        }
    }
    let mut p = Play::active(BARE);
    p.step(at(0), Event::Hidden);
    for i in 1..4u64 {
        let d = p.tab.next_deadline().unwrap().as_millis();
        let now = d + 4 * MINUTE;
        p.step(at(now), Event::DeadlineReached);
        if p.tab.phase().request().is_some() {
            n += 1;
            p.answer(at(now + 100), TokenAnswer::Current(token(1, HOUR - now, HOUR)));
        }
    }
    assert_eq!(n, 0, "late timers of a hidden tab");
}
#[test]
fn logout_while_relogin_is_checked_tells_others_nothing() {
    let mut p = Play::active(BARE);
    let mut other = p.clone();
    p.step(at(MINUTE), Event::RefreshAsked);
    p.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL });
    let q = p.tab.phase().request().unwrap();
    let e = p.step(at(MINUTE), Event::LogoutAsked);
    let l = e
        .iter()
        .find_map(|e| match e {
            Effect::PostLogout { request } => Some(*request),
            _ => None,
        })
        .unwrap();
    p.step(at(MINUTE + 1), Event::ReloginAnswered { request: q, answer: ReloginAnswer::Done });
    let e = p.step(at(MINUTE + 2), Event::LogoutAnswered { request: l, done: true });
    for m in e {
        if let Effect::Tell(m) = m {
            other.step(at(MINUTE + 3), Event::PeerTold(m));
        }
    }
    assert_eq!(other.state(), State::LoggedOut);
}
#[test]
fn logout_in_reauth_ends_a_later_login() {
    let mut p = Play::active(BARE);
    p.step(at(MINUTE), Event::RefreshAsked);
    p.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::NONE });
    let e = p.step(at(MINUTE), Event::LogoutAsked);
    let l = e
        .iter()
        .find_map(|e| match e {
            Effect::PostLogout { request } => Some(*request),
            _ => None,
        })
        .unwrap();
    let newer = Stamp { epoch: Epoch(LOGIN.0 + 5), generation: Generation(1) };
    p.step(
        at(MINUTE + 1),
        Event::PeerTold(PeerMessage::Moved {
            stamp: newer,
            expires_at: at(HOUR).wall,
            lifetime: Millis::from_millis(HOUR),
        }),
    );
    let q = p.request();
    p.step(
        at(MINUTE + 2),
        Event::SessionAnswered {
            request: q,
            answer: SessionAnswer::Active(TokenState { stamp: newer, ..token(1, HOUR, HOUR) }),
        },
    );
    p.step(at(MINUTE + 3), Event::LogoutAnswered { request: l, done: true });
    assert_eq!(p.tab.stamp(), Some(newer));
}
#[test]
fn unknown_vault_needing_a_human_rotates_the_session() {
    // A ninth provider, or a service's vault: nobody told of it, so it counts as the session's own.
    let mut p = Play::active(BARE);
    p.step(at(0), Event::ProviderTold { provider: OWN, own: true, state: ProviderState::Ready });
    let ninth = ProviderId(8);
    p.step(at(0), Event::ProviderTold { provider: ninth, own: false, state: ProviderState::NeedsHuman });
    let mut n = 0;
    for i in 0..100u64 {
        let e = p.step(
            at(i * 50),
            Event::CallDenied {
                call: CallId(1),
                provider: ninth,
                stamp: stamp(1),
                repeated: i > 0,
                denial: Denial::ReauthRequired,
            },
        );
        n += sends(&e).len();
        if p.state() == State::Resuming {
            let e = p.answer(at(i * 50 + 10), TokenAnswer::Current(token(1, HOUR, HOUR)));
            n += sends(&e).len();
        }
    }
    assert!(n <= 1, "sent again {n} times, {} questions in 5 s", p.questions());
}
#[test]
fn idle_visible_lapse_counts_late() {
    let mut p = Play::active(BARE);
    p.run_until(2 * HOUR);
    p.step(at(2 * HOUR), Event::UserActive { gesture: true });
    p.answer(at(2 * HOUR), TokenAnswer::Current(token(2, HOUR, HOUR)));
    assert!(!p.tab.health().has(Ailment::Late));
}
