//! Every state with every event: what becomes of it and what is done. The tables lie beside this file for people to read;
//! a change of a machine shows there, line by line. `UPDATE=1 cargo test -p everlit-core --test table` writes them anew.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::path::PathBuf;

use everlit_core::escrow::Closed;
use everlit_core::id::{CallId, CallerId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::tab::{self, Denial, PeerMessage, SessionAnswer, Tab, TokenState};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    self, Ask, AskReason, ErrandId, Granted, Login, Policy, RevocationAnswer, Revoker, Vault,
};
use everlit_core::{Epoch, Generation, Stamp};

const WALL: u64 = 1_790_000_000_000;
const LOGIN: Epoch = Epoch(WALL);

fn at(seconds: u64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(WALL + seconds * 1_000),
        mono: Timestamp::from_millis(seconds * 1_000),
        entropy: 0,
    }
}

fn stamp(generation: u32) -> Stamp {
    Stamp { epoch: LOGIN, generation: Generation(generation) }
}

/// Compares with the file of that name, or writes it.
fn table_is(name: &str, table: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", name].iter().collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, table).expect("the table can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (now, before)) in table.lines().zip(written.lines()).enumerate() {
        assert_eq!(now, before, "{name}, line {}: look at it, then run with UPDATE=1", line + 1);
    }
    assert_eq!(table.lines().count(), written.lines().count(), "{name} has other rows: run with UPDATE=1");
}

// The tab

fn token(generation: u32) -> TokenState {
    TokenState {
        stamp: stamp(generation),
        expires_in: Millis::from_secs(60),
        lifetime: Millis::from_secs(60),
    }
}

/// The request that the tab waits for; names are given in order, so a fresh tab's first is 1.
fn open_request(tab: &Tab) -> RequestId {
    tab.phase().request().unwrap_or(RequestId(99))
}

fn stepped(mut tab: Tab, seconds: u64, event: tab::Event) -> Tab {
    drop(tab.step(at(seconds), event));
    tab
}

/// Every state, and those that come with and without a token in both forms.
fn tabs() -> Vec<(&'static str, Tab)> {
    use tab::{Event as E, State};
    let opened = stepped(Tab::new(), 0, E::Opened);
    let request = open_request(&opened);
    let session = |answer| stepped(opened.clone(), 40, E::SessionAnswered { request, answer });
    let logged_out = session(SessionAnswer::LoggedOut);
    let active = session(SessionAnswer::Active(TokenState { expires_in: Millis::from_secs(20), ..token(2) }));
    let refreshing = stepped(active.clone(), 50, E::DeadlineReached);
    let answered = |answer| {
        stepped(refreshing.clone(), 50, E::TokenAnswered { request: open_request(&refreshing), answer })
    };
    let unavailable = SessionAnswer::Failed { failure: Failure::Transient, retry_after: None };
    let tabs = vec![
        ("logged-out", logged_out.clone()),
        ("logging-in", stepped(logged_out, 40, E::LoginAsked)),
        ("active", active.clone()),
        ("refreshing", refreshing.clone()),
        ("resuming", stepped(Tab::new(), 45, E::Opened)),
        ("resuming, with a token", stepped(active, 45, E::Restored)),
        ("degraded", session(unavailable)),
        (
            "degraded, with a token",
            answered(tab::TokenAnswer::Failed { failure: Failure::Transient, retry_after: None }),
        ),
        ("reauth-required", answered(tab::TokenAnswer::ReauthRequired)),
        ("ended", answered(tab::TokenAnswer::Ended)),
    ];
    for state in State::ALL {
        assert!(tabs.iter().any(|(_, tab)| tab.state() == state), "{state:?} is missing");
    }
    tabs
}

/// Every event with each of its meanings; answers are to the question that is open.
fn tab_events(tab: &Tab) -> Vec<(&'static str, tab::Event)> {
    use tab::Event as E;
    let request = open_request(tab);
    let call = CallId(1);
    let failed = |failure| tab::TokenAnswer::Failed { failure, retry_after: None };
    let session = |answer| E::SessionAnswered { request, answer };
    let told = |answer| E::TokenAnswered { request, answer };
    let denied =
        |generation, repeated, denial| E::CallDenied { call, stamp: stamp(generation), repeated, denial };
    let moved = |stamp| {
        let expires_at = Timestamp::from_millis(WALL + 110_000);
        E::PeerTold(PeerMessage::Moved { stamp, expires_at, lifetime: Millis::from_secs(60) })
    };
    let later_login = Stamp { epoch: Epoch(LOGIN.0 + 1), generation: Generation::FIRST };
    let unavailable = SessionAnswer::Failed { failure: Failure::Transient, retry_after: None };
    vec![
        ("opened", E::Opened),
        ("session: active", session(SessionAnswer::Active(token(2)))),
        ("session: reauth required", session(SessionAnswer::ReauthRequired(stamp(2)))),
        ("session: logged out", session(SessionAnswer::LoggedOut)),
        ("session: failed", session(unavailable)),
        ("token: same", told(tab::TokenAnswer::Current(token(2)))),
        ("token: newer", told(tab::TokenAnswer::Current(token(3)))),
        ("token: older", told(tab::TokenAnswer::Current(token(1)))),
        (
            "token: later login",
            told(tab::TokenAnswer::Current(TokenState { stamp: later_login, ..token(1) })),
        ),
        ("token: reauth required", told(tab::TokenAnswer::ReauthRequired)),
        ("token: ended", told(tab::TokenAnswer::Ended)),
        ("token: logged out", told(tab::TokenAnswer::LoggedOut)),
        ("token: transient", told(failed(Failure::Transient))),
        ("token: throttled", told(failed(Failure::Throttled))),
        ("token: misconfigured", told(failed(Failure::Misconfigured))),
        ("token: late", E::TokenAnswered { request: RequestId(77), answer: tab::TokenAnswer::Ended }),
        ("logout: late", E::LogoutAnswered { request: RequestId(77), done: true }),
        ("deadline", E::DeadlineReached),
        ("nudged", E::Nudged),
        ("restored", E::Restored),
        ("refresh asked", E::RefreshAsked),
        ("login asked", E::LoginAsked),
        ("logout asked", E::LogoutAsked),
        ("call asked", E::CallAsked { call }),
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
    ]
}

/// One effect in a few words. Exhaustive: a new effect does not compile until it has some.
fn tab_effect(effect: &tab::Effect) -> String {
    use tab::Effect as E;
    match effect {
        E::CheckSession { .. } => "check session".into(),
        E::RequestToken { stamp, reason, .. } => {
            format!("ask for token ({reason:?}, holds {})", stamp.generation.0)
        }
        E::PostLogout { .. } => "post logout".into(),
        E::Cancel { .. } => "cancel question".into(),
        E::Navigate => "navigate".into(),
        E::Tell(PeerMessage::Moved { stamp, .. }) => format!("tell: moved to {}", stamp.generation.0),
        E::Tell(PeerMessage::LoggedOut { .. }) => "tell: logged out".into(),
        E::SendCall { stamp, .. } => format!("send call ({})", stamp.generation.0),
        E::DeliverCall { .. } => "deliver call".into(),
        E::RefuseCall { refusal, .. } => format!("refuse call ({refusal:?})"),
        E::SettleLogout { done } => format!("settle logout ({done})"),
        E::Transition { reason, .. } => format!("say why: {}", reason.as_str()),
    }
}

#[test]
fn tab_does_in_every_state_what_its_table_says() {
    let mut table = String::from("| state | event | next | effects |\n|---|---|---|---|\n");
    for (state, tab) in tabs() {
        for (name, event) in tab_events(&tab) {
            let mut next = tab.clone();
            let effects: Vec<String> = next.step(at(50), event).iter().map(tab_effect).collect();
            let to = if next.phase() == tab.phase() { "=" } else { next.state().as_str() };
            writeln!(table, "| {state} | {name} | {to} | {} |", effects.join("; ")).expect("memory");
        }
    }
    table_is("tab_table.md", &table);
}

// The vault

fn granted(n: u32) -> Granted {
    Granted {
        access_token: Secret::new(format!("access-{n}")),
        expires_in: Millis::from_secs(60),
        refresh_token: Some(Secret::new(format!("refresh-{n}"))),
    }
}

const CALLER: CallerId = CallerId(1);

fn ask(generation: u32, reason: AskReason) -> vault::Event {
    vault::Event::TokenAsked {
        caller: CALLER,
        ask: Ask { op: None, stamp: Some(stamp(generation)), reason, active_ago: None },
    }
}

fn vaults() -> Vec<(&'static str, Vault)> {
    use vault::Event as E;
    let step = |vault: &Vault, seconds, event| {
        let mut vault = vault.clone();
        drop(vault.step(at(seconds), event));
        vault
    };
    let vacant = Vault::new(Policy::default());
    let live = step(&vacant, 0, E::LoginCommitted(Login { epoch: LOGIN, grant: granted(1) }));
    let in_flight = step(&live, 49, ask(1, AskReason::Deadline));
    let request = RequestId(0);
    let failed = |failure, retry_after| E::TokenAnswered {
        request,
        answer: vault::TokenAnswer::Failed { failure, retry_after },
    };
    // Loaded from its row, and asked before anybody else spoke: the escrow is being asked.
    let orphaned = step(&Vault::load(Policy::default(), in_flight.row()), 49, ask(1, AskReason::Deadline));
    let claimed = Closed::Claimed { at: at(0).wall };
    let ambiguous = step(
        &step(&live, 12, ask(1, AskReason::Forced)),
        45,
        E::EscrowAnswered { request, closed: Some(claimed) },
    );
    let cooling = step(&in_flight, 49, failed(Failure::Throttled, Some(Millis::from_secs(120))));
    let reauth = step(&in_flight, 49, failed(Failure::Reauth, None));
    let ended = step(&in_flight, 49, E::LogoutAsked { caller: CALLER });
    vec![
        ("vacant", vacant),
        ("live", live),
        ("live, in flight", in_flight),
        ("live, in flight before a restart", orphaned),
        ("live, ambiguous", ambiguous),
        ("live, cooling down", cooling),
        ("reauth required", reauth),
        ("ended, in flight", ended),
    ]
}

fn vault_events() -> Vec<(&'static str, vault::Event)> {
    use vault::Event as E;
    let request = RequestId(0);
    let answered = |answer| E::TokenAnswered { request, answer };
    let failed = |failure| answered(vault::TokenAnswer::Failed { failure, retry_after: None });
    let escrow = |closed| E::EscrowAnswered { request, closed };
    let first_load = Ask { op: None, stamp: None, reason: AskReason::Resume, active_ago: None };
    vec![
        ("login", E::LoginCommitted(Login { epoch: Epoch(LOGIN.0 + 1), grant: granted(9) })),
        ("same login", E::LoginCommitted(Login { epoch: LOGIN, grant: granted(1) })),
        (
            "renewal",
            E::RenewalCommitted {
                caller: CALLER,
                login: Login { epoch: Epoch(LOGIN.0 + 1), grant: granted(9) },
            },
        ),
        (
            "same renewal",
            E::RenewalCommitted { caller: CALLER, login: Login { epoch: LOGIN, grant: granted(9) } },
        ),
        ("ask: deadline", ask(1, AskReason::Deadline)),
        ("ask: unauthorized", ask(1, AskReason::Unauthorized)),
        ("ask: forced", ask(1, AskReason::Forced)),
        ("ask: resume", ask(1, AskReason::Resume)),
        ("ask: activity", ask(1, AskReason::Activity)),
        ("ask: call", ask(1, AskReason::Call)),
        ("ask: behind", ask(0, AskReason::Forced)),
        ("ask: ahead", ask(5, AskReason::Resume)),
        ("ask: first load", E::TokenAsked { caller: CALLER, ask: first_load }),
        ("answer: granted", answered(vault::TokenAnswer::Granted(granted(2)))),
        ("answer: refused", failed(Failure::Reauth)),
        ("answer: transient", failed(Failure::Transient)),
        ("answer: ambiguous", failed(Failure::Ambiguous)),
        ("answer: throttled", failed(Failure::Throttled)),
        ("answer: misconfigured", failed(Failure::Misconfigured)),
        ("answer: unsent", answered(vault::TokenAnswer::Unsent)),
        ("answer: unheard", answered(vault::TokenAnswer::Unheard)),
        (
            "answer: late",
            E::TokenAnswered { request: RequestId(77), answer: vault::TokenAnswer::Granted(granted(2)) },
        ),
        ("escrow: no answer", escrow(None)),
        ("escrow: never sent", escrow(Some(Closed::NeverSent))),
        ("escrow: claimed just now", escrow(Some(Closed::Claimed { at: at(49).wall }))),
        ("escrow: claimed long ago", escrow(Some(Closed::Claimed { at: at(0).wall }))),
        ("escrow: granted", escrow(Some(Closed::Answered(vault::TokenAnswer::Granted(granted(2)))))),
        ("escrow: outrun", escrow(Some(Closed::Outrun { newest: RequestId(9) }))),
        ("escrow: erased", E::EscrowErased),
        (
            "revocation: settled",
            E::RevocationAnswered { errand: ErrandId(0), answer: RevocationAnswer::Settled },
        ),
        (
            "revocation: retry",
            E::RevocationAnswered {
                errand: ErrandId(0),
                answer: RevocationAnswer::Retry { retry_after: None },
            },
        ),
        ("silent re-login: refused in a frame", E::SilentRefused { caller: CALLER, top_level: false }),
        ("silent re-login: refused at the top", E::SilentRefused { caller: CALLER, top_level: true }),
        ("revoke: by an operator", E::RevokeAsked { caller: CALLER, by: Revoker::Admin }),
        ("revoke: by back-channel", E::RevokeAsked { caller: CALLER, by: Revoker::BackChannel }),
        ("logout", E::LogoutAsked { caller: CALLER }),
        ("deadline", E::DeadlineReached),
    ]
}

fn vault_effect(effect: &vault::Effect) -> String {
    use vault::{Answer, Effect as E};
    match effect {
        E::Persist => "persist".into(),
        E::Forget => "forget".into(),
        E::RequestToken { refresh_token, .. } => format!("request with {}", refresh_token.expose()),
        E::CloseEscrow { .. } => "close escrow".into(),
        E::EraseEscrow => "erase escrow".into(),
        E::AbandonRevocation { .. } => "abandon revocation".into(),
        E::Revoke { refresh_token, .. } => format!("revoke {}", refresh_token.expose()),
        E::Report(outcome) => format!("report {}", outcome.as_str()),
        E::Answer { answer, .. } => match answer {
            Answer::Current(current) => {
                format!(
                    "answer {} for {} s",
                    current.stamp.generation.0,
                    current.expires_in.as_millis() / 1_000
                )
            }
            Answer::RetryAfter(wait) => format!("answer retry after {} ms", wait.as_millis()),
            Answer::ReauthRequired(reason) => format!("answer reauth required ({reason:?})"),
            Answer::Ended(reason) => format!("answer ended ({reason:?})"),
            Answer::LoggedOut => "answer logged out".into(),
        },
    }
}

#[test]
fn vault_does_in_every_state_what_its_table_says() {
    let mut table = String::from("| state | seconds | event | next | effects |\n|---|---|---|---|---|\n");
    for (state, vault) in vaults() {
        // In the token's last seconds, after its end, and after every limit.
        for seconds in [50, 70, 100 * 86_400] {
            for (name, event) in vault_events() {
                let mut next = vault.clone();
                let effects: Vec<String> = next.step(at(seconds), event).iter().map(vault_effect).collect();
                let to = if next == vault { "=" } else { next.row().status.as_str() };
                writeln!(table, "| {state} | {seconds} | {name} | {to} | {} |", effects.join("; "))
                    .expect("memory");
            }
        }
    }
    table_is("vault_table.md", &table);
}
