//! Every state of a tab with every event: what becomes of it and what is done. The table lies beside this file for people to
//! read; a change of the machine shows there, line by line. `UPDATE=1 cargo test -p everlit-core` writes it anew.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod tab_play;
mod written;

use std::fmt::Write as _;

use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::tab::{
    Denial, Effect, Event, News, PeerMessage, ProviderId, ProviderState, ReloginAnswer, SessionAnswer,
    Settings, State, Tab, TokenAnswer, TokenState, Way, Ways,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};
use tab_play::{LOGIN, OWN, WALL, failed, stamp};

fn at(seconds: u64) -> Moment {
    tab_play::at(seconds * 1_000)
}

fn token(generation: u32) -> TokenState {
    tab_play::token(generation, 60_000, 60_000)
}

/// The request that the tab waits for; names are given in order, so a fresh tab's first is 1.
fn open_request(tab: &Tab) -> RequestId {
    tab.phase().request().unwrap_or(RequestId(99))
}

fn stepped(mut tab: Tab, seconds: u64, event: Event) -> Tab {
    drop(tab.step(at(seconds), event));
    tab
}

fn opened(seconds: u64) -> Tab {
    let tab = stepped(Tab::new(Settings::DEFAULT), seconds, Event::Opened { hidden: false });
    stepped(tab, seconds, Event::ProviderTold { provider: OWN, own: true, state: ProviderState::Unavailable })
}

/// Every state, and those that come with and without a token in both forms.
fn tabs() -> Vec<(&'static str, Tab)> {
    let opened_early = opened(0);
    let request = open_request(&opened_early);
    let session = |answer| stepped(opened_early.clone(), 40, Event::SessionAnswered { request, answer });
    let logged_out = session(SessionAnswer::LoggedOut);
    let active = session(SessionAnswer::Active(TokenState { expires_in: Millis::from_secs(20), ..token(2) }));
    let refreshing = stepped(active.clone(), 50, Event::DeadlineReached);
    let answered = |answer| {
        stepped(refreshing.clone(), 50, Event::TokenAnswered { request: open_request(&refreshing), answer })
    };
    let silent = |ways| answered(TokenAnswer::ReauthRequired { silent: ways });
    let popup = Ways::ALL.without(Ways::of(Way::Frame));
    let tabs = vec![
        ("logged-out", logged_out.clone()),
        ("logging-in", stepped(logged_out, 40, Event::LoginAsked)),
        ("active", active.clone()),
        ("refreshing", refreshing.clone()),
        ("refreshing in a frame", silent(Ways::ALL)),
        ("refreshing, a gesture is awaited", silent(popup)),
        ("refreshing in a popup", stepped(silent(popup), 50, Event::UserActive { gesture: true })),
        ("resuming", opened(45)),
        ("resuming, with a token", stepped(active, 45, Event::Restored)),
        ("degraded", session(SessionAnswer::Failed(failed(Failure::Transient)))),
        ("degraded, with a token", answered(TokenAnswer::Failed(failed(Failure::Transient)))),
        ("reauth-required", silent(Ways::NONE)),
        ("ended", answered(TokenAnswer::Ended)),
    ];
    for state in State::ALL {
        assert!(tabs.iter().any(|(_, tab)| tab.state() == state), "{state:?} is missing");
    }
    tabs
}

/// Every event with each of its meanings; answers are to the question that is open.
fn events(tab: &Tab) -> Vec<(&'static str, Event)> {
    use Event as E;
    let request = open_request(tab);
    let call = CallId(1);
    let session = |answer| E::SessionAnswered { request, answer };
    let told = |answer| E::TokenAnswered { request, answer };
    let denied = |generation, repeated, denial| E::CallDenied {
        call,
        provider: OWN,
        stamp: stamp(generation),
        repeated,
        denial,
    };
    let moved = |stamp| {
        let expires_at = Timestamp::from_millis(WALL + 110_000);
        E::PeerTold(PeerMessage::Moved { stamp, expires_at, lifetime: Millis::from_secs(60) })
    };
    let wall = |seconds: u64| Timestamp::from_millis(WALL + seconds * 1_000);
    let later_login = Stamp { epoch: Epoch(LOGIN.0 + 1), generation: Generation::FIRST };
    let silent = Ways::ALL;
    let relogin = |answer| E::ReloginAnswered { request, answer };
    let news = |news, stamp| E::SocketTold { news, stamp };
    let provider = |state| E::ProviderTold { provider: ProviderId(1), own: false, state };
    vec![
        ("opened", E::Opened { hidden: false }),
        ("session: active", session(SessionAnswer::Active(token(2)))),
        (
            "session: reauth required",
            session(SessionAnswer::ReauthRequired { stamp: stamp(2), silent: Ways::NONE }),
        ),
        (
            "session: reauth required, silently",
            session(SessionAnswer::ReauthRequired { stamp: stamp(2), silent }),
        ),
        ("session: logged out", session(SessionAnswer::LoggedOut)),
        ("session: failed", session(SessionAnswer::Failed(failed(Failure::Transient)))),
        ("token: same", told(TokenAnswer::Current(token(2)))),
        ("token: newer", told(TokenAnswer::Current(token(3)))),
        ("token: older", told(TokenAnswer::Current(token(1)))),
        ("token: later login", told(TokenAnswer::Current(TokenState { stamp: later_login, ..token(1) }))),
        ("token: reauth required", told(TokenAnswer::ReauthRequired { silent: Ways::NONE })),
        ("token: reauth required, silently", told(TokenAnswer::ReauthRequired { silent })),
        ("token: ended", told(TokenAnswer::Ended)),
        ("token: logged out", told(TokenAnswer::LoggedOut)),
        ("token: transient", told(TokenAnswer::Failed(failed(Failure::Transient)))),
        ("token: throttled", told(TokenAnswer::Failed(failed(Failure::Throttled)))),
        ("token: misconfigured", told(TokenAnswer::Failed(failed(Failure::Misconfigured)))),
        ("token: late", E::TokenAnswered { request: RequestId(77), answer: TokenAnswer::Ended }),
        ("logout: late", E::LogoutAnswered { request: RequestId(77), done: true }),
        ("relogin: done", relogin(ReloginAnswer::Done)),
        ("relogin: refused", relogin(ReloginAnswer::Refused)),
        ("relogin: failed", relogin(ReloginAnswer::Failed)),
        ("relogin: unavailable", relogin(ReloginAnswer::Unavailable)),
        ("relogin: late", E::ReloginAnswered { request: RequestId(77), answer: ReloginAnswer::Refused }),
        ("deadline", E::DeadlineReached),
        ("shown", E::Shown),
        ("hidden", E::Hidden),
        ("online", E::Online),
        ("restored", E::Restored),
        ("user active", E::UserActive { gesture: false }),
        ("user active, gesture", E::UserActive { gesture: true }),
        ("refresh asked", E::RefreshAsked),
        ("login asked", E::LoginAsked),
        ("logout asked", E::LogoutAsked),
        ("call asked", E::CallAsked { call, provider: OWN }),
        ("call denied: expired", denied(2, false, Denial::AccessExpired)),
        ("call denied: expired, older token", denied(1, false, Denial::AccessExpired)),
        ("call denied: expired, repeated", denied(2, true, Denial::AccessExpired)),
        ("call denied: reauth required", denied(2, false, Denial::ReauthRequired)),
        ("call denied: ended", denied(2, false, Denial::Ended)),
        ("call denied: logged out", denied(2, false, Denial::LoggedOut)),
        ("call cancelled", E::CallCancelled { call }),
        ("peer: moved on", moved(stamp(3))),
        ("peer: same", moved(stamp(2))),
        ("peer: later login", moved(later_login)),
        ("peer: logged out", E::PeerTold(PeerMessage::LoggedOut { epoch: LOGIN })),
        (
            "peer: logged out of an earlier login",
            E::PeerTold(PeerMessage::LoggedOut { epoch: Epoch(LOGIN.0 - 1) }),
        ),
        ("peer: logged out of an unknown login", E::PeerTold(PeerMessage::LoggedOut { epoch: Epoch(0) })),
        ("peer: cool-down", E::PeerTold(PeerMessage::CoolDown { until: wall(90), wait: Millis::FOREVER })),
        ("peer: active", E::PeerTold(PeerMessage::Active { at: wall(49), known: wall(40) })),
        ("peer: refused", E::PeerTold(PeerMessage::Refused { stamp: stamp(2), left: Ways::NONE })),
        ("peer: listening", E::PeerTold(PeerMessage::Listening { tab: 7, until: wall(200) })),
        ("provider: ready", provider(ProviderState::Ready)),
        ("provider: needs human", provider(ProviderState::NeedsHuman)),
        ("socket: opened", E::SocketOpened { shared: true }),
        ("socket: opened, for all tabs", E::SocketOpened { shared: false }),
        ("socket: closed", E::SocketClosed),
        ("socket: moved", news(News::Moved, stamp(3))),
        ("socket: reauth required", news(News::ReauthRequired, stamp(2))),
        ("socket: ended", news(News::Ended, stamp(2))),
        ("socket: logged out", news(News::LoggedOut, stamp(2))),
        ("socket: later login", news(News::Moved, later_login)),
    ]
}

/// One effect in a few words. Exhaustive: a new effect does not compile until it has some.
fn words(effect: &Effect) -> String {
    use Effect as E;
    match effect {
        E::CheckSession { .. } => "check session".into(),
        E::RequestToken { stamp, reason, .. } => {
            format!("ask for token ({reason:?}, holds {})", stamp.generation.0)
        }
        E::PostLogout { .. } => "post logout".into(),
        E::Relogin { way, .. } => format!("log in silently ({way:?})"),
        E::Cancel { .. } => "cancel question".into(),
        E::Navigate => "navigate".into(),
        E::Tell(PeerMessage::Moved { stamp, .. }) => format!("tell: moved to {}", stamp.generation.0),
        E::Tell(PeerMessage::LoggedOut { .. }) => "tell: logged out".into(),
        E::Tell(PeerMessage::CoolDown { .. }) => "tell: cool-down".into(),
        E::Tell(PeerMessage::Active { .. }) => "tell: active".into(),
        E::Tell(PeerMessage::Refused { left, .. }) => {
            format!("tell: refused, {} left", left.bits().count_ones())
        }
        E::Tell(PeerMessage::Listening { .. }) => "tell: listening".into(),
        E::OpenSocket => "open socket".into(),
        E::CloseSocket => "close socket".into(),
        E::SendCall { stamp, .. } => format!("send call ({})", stamp.generation.0),
        E::DeliverCall { .. } => "deliver call".into(),
        E::RefuseCall { refusal, .. } => format!("refuse call ({refusal:?})"),
        E::SettleLogout { done } => format!("settle logout ({done})"),
        E::Transition { reason, .. } => format!("say why: {}", reason.as_str()),
        E::ProviderTransition { provider, to, .. } => format!("provider {}: {}", provider.0, to.as_str()),
        E::Presence { to, .. } => format!("user: {}", to.as_str()),
        E::Health(health) => format!("health: {}", health.score),
    }
}

#[test]
fn tab_does_in_every_state_what_its_table_says() {
    let mut table = String::from("| state | event | next | effects |\n|---|---|---|---|\n");
    for (state, tab) in tabs() {
        for (name, event) in events(&tab) {
            let mut next = tab.clone();
            let effects: Vec<String> = next.step(at(50), event).iter().map(words).collect();
            let to = if next.phase() == tab.phase() { "=" } else { next.state().as_str() };
            writeln!(table, "| {state} | {name} | {to} | {} |", effects.join("; ")).expect("memory");
        }
    }
    written::table_is("tab_table.md", &table);
}
