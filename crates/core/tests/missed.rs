//! What those are told who come back after they could not be told.
#![allow(clippy::expect_used, missing_docs)]

use everlit_core::id::{CallerId, Stamp};
use everlit_core::vault::{AskReason, EndReason, Event, News, Policy, Revoker, Vault};

mod play;

use play::{Play, at};

fn begun() -> Play {
    Play::new(Policy::default())
}

fn stamp(play: &Play) -> Stamp {
    play.vault.stamp().expect("a login has a stamp")
}

#[test]
fn a_vault_without_a_trace_of_a_session_says_nothing() {
    assert_eq!(Vault::new(Policy::default()).missed(at(0).wall), None);
}

#[test]
fn it_is_where_the_session_stands_and_what_ended_it() {
    let mut live = begun();
    assert_eq!(live.vault.missed(at(1).wall), Some(News::Moved(stamp(&live))));
    live.ask(59, AskReason::Deadline);
    live.granted(59, 0, 2);
    assert_eq!((live.generation(), live.vault.missed(at(60).wall)), (2, Some(News::Moved(stamp(&live)))));
    assert_eq!(live.vault.missed(at(600).wall), Some(News::Moved(stamp(&live))), "a token may have ended");

    let mut waiting = begun();
    waiting.ask(59, AskReason::Deadline);
    waiting.refused(59, 0);
    let said = waiting.vault.missed(at(61).wall);
    assert_eq!(said, Some(News::ReauthRequired(stamp(&waiting))));

    let mut revoked = begun();
    revoked
        .step(1, Event::RevokeAsked { caller: CallerId(1), by: Revoker::OtherDevice, others_go_on: false });
    let said = revoked.vault.missed(at(2).wall);
    assert_eq!(said, Some(News::Over(stamp(&revoked), EndReason::OtherDevice)));
}

#[test]
fn a_limit_that_nobody_has_noticed_yet_has_ended_it_all_the_same() {
    let play = begun();
    let late = at(0).wall.after(play.policy.idle_limit);
    assert_eq!(play.vault.missed(late), Some(News::Over(stamp(&play), EndReason::IdleLimit)));
}
