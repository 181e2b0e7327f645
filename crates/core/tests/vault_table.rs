//! Every state of a vault with every event: what becomes of it and what is done. The table lies beside this file for people to
//! read; a change of the machine shows there, line by line. `UPDATE=1 cargo test -p everlit-core` writes it anew.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod written;

use std::fmt::Write as _;

use everlit_core::escrow::Closed;
use everlit_core::id::{Aim, CallerId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    self, Ask, AskReason, ErrandId, Granted, Login, Policy, RevocationAnswer, Revoker, Target, Vault,
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

fn granted(n: u32) -> Granted {
    Granted {
        access_token: Secret::new(format!("access-{n}")),
        expires_in: Millis::from_secs(60),
        refresh_token: Some(Secret::new(format!("refresh-{n}"))),
        target: None,
    }
}

const CALLER: CallerId = CallerId(1);

fn ask(generation: u32, reason: AskReason) -> vault::Event {
    vault::Event::TokenAsked {
        caller: CALLER,
        ask: Ask { op: None, stamp: Some(stamp(generation)), reason, aim: None, active_ago: None },
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
    let aimed = Ask { op: None, stamp: None, reason: AskReason::Resume, aim: Some(Aim(1)), active_ago: None };
    let for_aim = step(&live, 49, E::TokenAsked { caller: CALLER, ask: aimed });
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
        ("live, in flight for an aim", for_aim),
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
    let for_aim = Ask {
        op: None,
        stamp: Some(stamp(1)),
        reason: AskReason::Resume,
        aim: Some(Aim(1)),
        active_ago: None,
    };
    let target = Some(Target { aim: Aim(1), scope: "orders".into() });
    let first_load = Ask { op: None, stamp: None, reason: AskReason::Resume, aim: None, active_ago: None };
    vec![
        ("login", E::LoginCommitted(Login { epoch: Epoch(LOGIN.0 + 1), grant: granted(9) })),
        ("same login", E::LoginCommitted(Login { epoch: LOGIN, grant: granted(1) })),
        (
            "renewal",
            E::RenewalCommitted {
                caller: CALLER,
                login: Login { epoch: Epoch(LOGIN.0 + 1), grant: granted(9) },
                silent: false,
            },
        ),
        (
            "same renewal",
            E::RenewalCommitted {
                caller: CALLER,
                login: Login { epoch: LOGIN, grant: granted(9) },
                silent: false,
            },
        ),
        ("ask: deadline", ask(1, AskReason::Deadline)),
        ("ask: unauthorized", ask(1, AskReason::Unauthorized)),
        ("ask: forced", ask(1, AskReason::Forced)),
        ("ask: resume", ask(1, AskReason::Resume)),
        ("ask: activity", ask(1, AskReason::Activity)),
        ("ask: call", ask(1, AskReason::Call)),
        ("ask: for an aim", E::TokenAsked { caller: CALLER, ask: for_aim }),
        ("ask: behind", ask(0, AskReason::Forced)),
        ("ask: ahead", ask(5, AskReason::Resume)),
        ("ask: first load", E::TokenAsked { caller: CALLER, ask: first_load }),
        ("answer: granted", answered(vault::TokenAnswer::Granted(granted(2)))),
        (
            "answer: granted for an aim",
            answered(vault::TokenAnswer::Granted(Granted { target, ..granted(3) })),
        ),
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
        (
            "revoke: by an operator",
            E::RevokeAsked { caller: CALLER, by: Revoker::Admin, others_go_on: false },
        ),
        (
            "revoke: by back-channel",
            E::RevokeAsked { caller: CALLER, by: Revoker::BackChannel, others_go_on: false },
        ),
        (
            "revoke: on another device",
            E::RevokeAsked { caller: CALLER, by: Revoker::OtherDevice, others_go_on: true },
        ),
        ("logout", E::LogoutAsked { caller: CALLER }),
        ("deadline", E::DeadlineReached),
    ]
}

fn vault_effect(effect: &vault::Effect) -> String {
    use vault::{Answer, Effect as E};
    match effect {
        E::Persist => "persist".into(),
        E::Forget => "forget".into(),
        E::RequestToken { refresh_token, aim: None, .. } => {
            format!("request with {}", refresh_token.expose())
        }
        E::RequestToken { refresh_token, aim: Some(Aim(aim)), .. } => {
            format!("request for aim {aim} with {}", refresh_token.expose())
        }
        E::CloseEscrow { .. } => "close escrow".into(),
        E::EraseEscrow => "erase escrow".into(),
        E::EndLink { .. } => "end link".into(),
        E::AbandonRevocation { .. } => "abandon revocation".into(),
        E::Revoke { refresh_token, .. } => format!("revoke {}", refresh_token.expose()),
        E::Report(outcome) => format!("report {}", outcome.as_str()),
        E::Answer { answer, .. } => match answer {
            Answer::Current(current) => {
                let aim = current.target.as_ref().map(|target| format!(" (aim {})", target.aim.0));
                format!(
                    "answer {}{} for {} s",
                    current.stamp.generation.0,
                    aim.unwrap_or_default(),
                    current.expires_in.as_millis() / 1_000
                )
            }
            Answer::RetryAfter(wait) => format!("answer retry after {} ms", wait.as_millis()),
            Answer::Unobtainable => "answer unobtainable".into(),
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
    written::table_is("vault_table.md", &table);
}
