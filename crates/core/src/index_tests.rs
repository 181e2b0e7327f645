//! What an index keeps, ends and refuses.

use super::*;
use alloc::vec;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn at(seconds: u64) -> Timestamp {
    NOW.after(Millis::from_secs(seconds))
}

fn stay(seconds: u64) -> Stay<u8> {
    Stay {
        session: 1,
        began_at: at(seconds),
        entered_at: at(seconds),
        issued_at: at(seconds),
        until: at(seconds).after(Millis::from_secs(1_000_000)),
    }
}

fn note(jti: u8, seconds: u64) -> LogoutNote {
    LogoutNote {
        jti: [jti; 32],
        digest: [0; 32],
        issued_at: at(seconds),
        until: at(seconds).after(Millis::from_secs(120)),
    }
}

fn handle(n: u8) -> Handle {
    Handle([n; 16])
}

fn ending(index: &Index<u8>) -> Vec<u8> {
    index.ending().map(|entry| entry.handle.0[0]).collect()
}

#[test]
fn a_logout_of_a_user_spares_later_logins_and_one_of_a_sid_spares_none() {
    for (kind, expected) in [(Kind::Subject, vec![1, 2]), (Kind::Sid, vec![1, 2, 3])] {
        let mut index = Index::default();
        for n in 1..=3_u8 {
            index.enter(kind, NOW, handle(n), stay(n.into())).unwrap();
        }
        assert_eq!(index.logout(kind, at(4), note(1, 2)), Heard::First);
        assert_eq!(ending(&index), expected, "{kind:?}");
    }
}

#[test]
fn a_login_that_a_logout_has_overtaken_is_refused_until_nobody_can_be_at_it() {
    for (kind, later) in [(Kind::Subject, Ok(())), (Kind::Sid, Err(NotEntered::Forbidden))] {
        let mut index = Index::default();
        index.logout(kind, at(10), note(1, 10));
        assert_eq!(index.enter(kind, at(11), handle(1), stay(9)), Err(NotEntered::Forbidden));
        assert_eq!(index.enter(kind, at(11), handle(1), stay(10)), Err(NotEntered::Forbidden));
        assert_eq!(index.clone().enter(kind, at(11), handle(1), stay(11)), later);
        let over = at(10).after(KEPT);
        assert_eq!(index.next_sweep(), Some(over));
        assert!(index.enter(kind, over.before(Millis::from_secs(1)), handle(1), stay(9)).is_err());
        assert!(index.enter(kind, over, handle(1), stay(9)).is_ok(), "also where the alarm is late");
        index.sweep(over);
        assert!(index.notes().is_empty());
    }
}

#[test]
fn a_logout_token_has_one_effect_and_its_name_no_second_content() {
    let mut index = Index::default();
    assert_eq!(index.logout(Kind::Subject, NOW, note(1, 5)), Heard::First);
    index.enter(Kind::Subject, NOW, handle(1), stay(6)).unwrap();
    assert_eq!(index.logout(Kind::Subject, NOW, note(1, 5)), Heard::Again);
    let other = LogoutNote { digest: [9; 32], issued_at: at(7), ..note(1, 7) };
    assert_eq!(index.logout(Kind::Subject, NOW, other), Heard::Forged);
    assert_eq!(ending(&index), Vec::<u8>::new());
    assert_eq!(index.notes().len(), 1);
    assert_eq!(index.logout(Kind::Subject, NOW, note(2, 7)), Heard::First);
    assert_eq!(ending(&index), [1]);
}

#[test]
fn a_session_stays_until_its_vault_says_that_it_is_over() {
    let mut index = Index::default();
    index.enter(Kind::Subject, NOW, handle(1), stay(0)).unwrap();
    assert_eq!(index.end(Which::Others(handle(1)), Revoker::OtherDevice), 0);
    assert_eq!(index.end(Which::One(handle(1)), Revoker::OtherDevice), 1);
    index.told(Kind::Subject, handle(1), at(1), Reached::Silence);
    // Its login may be on its way to the vault.
    index.told(Kind::Subject, handle(1), at(1), Reached::Vacant);
    assert_eq!(ending(&index), [1]);
    let mut settled = index.clone();
    settled.told(Kind::Subject, handle(1), NOW.after(SETTLED), Reached::Vacant);
    assert!(settled.entries().is_empty());
    index.told(Kind::Subject, handle(2), at(1), Reached::Over);
    assert_eq!(ending(&index), [1]);
    index.told(Kind::Subject, handle(1), at(1), Reached::Over);
    assert!(index.entries().is_empty());
}

#[test]
fn what_is_taken_over_is_what_there_was_and_once() {
    let (mut old, mut new) = (Index::default(), Index::default());
    for n in 1..=2_u8 {
        old.enter(Kind::Subject, NOW, handle(n), stay(n.into())).unwrap();
    }
    old.logout(Kind::Subject, NOW, note(1, 1));
    new.enter(Kind::Subject, NOW, handle(1), stay(7)).unwrap();
    for _ in 0..2 {
        new.adopt(Kind::Subject, old.entries().to_vec(), old.notes().to_vec());
        assert_eq!(new.entries().iter().map(|entry| entry.handle.0[0]).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((ending(&new), new.notes().len()), (vec![1], 1));
        assert_eq!((new.entries()[0].stay.began_at, new.entries()[0].stay.issued_at), (at(1), at(1)));
    }
    assert_eq!(new.logout(Kind::Subject, NOW, note(1, 1)), Heard::Again);
}

#[test]
fn a_logout_that_one_of_two_indexes_has_heard_is_about_the_sessions_of_both() {
    for kind in [Kind::Subject, Kind::Sid] {
        let (mut old, mut new) = (Index::default(), Index::default());
        old.enter(kind, NOW, handle(1), stay(1)).unwrap();
        new.enter(kind, NOW, handle(2), stay(1)).unwrap();
        new.logout(kind, NOW, note(1, 2));
        new.adopt(kind, old.entries().to_vec(), Vec::new());
        assert_eq!(ending(&new), [2, 1], "{kind:?}");
        assert!(new.forbids(kind, at(3), at(2)) && !old.forbids(kind, at(3), at(2)));
    }
}

#[test]
fn whether_others_go_on_is_known_of_a_user_and_not_of_a_session_at_the_issuer() {
    let mut index = Index::default();
    for n in 1..=2_u8 {
        index.enter(Kind::Subject, NOW, handle(n), stay(n.into())).unwrap();
    }
    index.logout(Kind::Subject, NOW, note(1, 1));
    assert_eq!(ending(&index), [1]);
    assert!(index.others_go_on(Kind::Subject, Revoker::BackChannel), "one has logged in since");
    index.logout(Kind::Subject, NOW, note(2, 2));
    assert!(!index.others_go_on(Kind::Subject, Revoker::BackChannel));
    assert!(index.others_go_on(Kind::Sid, Revoker::BackChannel));
    assert!(index.others_go_on(Kind::Subject, Revoker::OtherDevice), "who asks may be in no index");
}

#[test]
fn who_ended_a_session_first_is_remembered() {
    let mut index = Index::default();
    index.enter(Kind::Subject, NOW, handle(1), stay(0)).unwrap();
    index.end(Which::One(handle(1)), Revoker::OtherDevice);
    index.logout(Kind::Subject, NOW, note(1, 0));
    assert_eq!(index.entries()[0].ending, Some(Revoker::OtherDevice));
    index.enter(Kind::Subject, NOW, handle(2), stay(1)).unwrap();
    index.logout(Kind::Subject, NOW, note(2, 1));
    index.end(Which::One(handle(2)), Revoker::OtherDevice);
    assert_eq!(index.entries()[1].ending, Some(Revoker::OtherDevice), "which is about every login");
}

#[test]
fn a_logout_is_about_the_login_that_it_names() {
    let sid = Fence::Sid("one");
    assert_eq!([Some("one"), Some("two"), None].map(|own| sid.spares(own, at(9))), [false, true, false]);
    assert_eq!([4, 5, 6].map(|seconds| Fence::Until(at(5)).spares(None, at(seconds))), [false, false, true]);
}

#[test]
fn a_session_with_a_later_login_is_spared_unless_one_that_is_meant_may_be_under_way() {
    for kind in [Kind::Subject, Kind::Sid] {
        let mut index = Index::default();
        index.enter(kind, NOW, handle(1), stay(0)).unwrap();
        index.enter(kind, NOW, handle(1), stay(60)).unwrap();
        index.logout(kind, at(61), note(1, 30));
        assert_eq!(ending(&index), [1], "its vault is asked");
        let spared = Reached::Spared { until: index.until() };
        index.told(kind, handle(1), at(60 + 119), spared);
        assert_eq!(ending(&index), [1]);
        let mut later = index.clone();
        later.told(kind, handle(1), at(60 + 120), spared);
        assert_eq!(ending(&later), Vec::<u8>::new());
        assert_eq!(later.entries().len(), usize::from(kind == Kind::Subject));
        // Another logout came while the vault was asked.
        index.logout(kind, at(181), note(2, 90));
        index.told(kind, handle(1), at(182), spared);
        assert_eq!(ending(&index), [1]);
    }
}

#[test]
fn of_too_many_sessions_the_oldest_is_ended() {
    let mut index = Index::default();
    let named = |n: u16| Handle([n.to_be_bytes(); 8].concat().try_into().unwrap());
    for n in 0..=1_001 {
        index.enter(Kind::Subject, NOW, named(n), stay(n.into())).unwrap();
    }
    let ended: Vec<Handle> = index.ending().map(|entry| entry.handle).collect();
    assert_eq!(ended, [named(0), named(1)]);
    index.enter(Kind::Subject, NOW, named(1_001), stay(2_000)).unwrap();
    assert_eq!(index.ending().count(), 2, "a login again is no more");
}

#[test]
fn no_login_joins_a_session_that_is_being_ended() {
    let mut index = Index::default();
    index.enter(Kind::Subject, NOW, handle(1), stay(0)).unwrap();
    index.end(Which::One(handle(1)), Revoker::OtherDevice);
    assert_eq!(index.enter(Kind::Subject, at(9), handle(1), stay(9)), Err(NotEntered::Ending));
    assert!(index.enter(Kind::Subject, at(9), handle(2), stay(9)).is_ok());
    index.logout(Kind::Subject, at(20), note(1, 20));
    assert_eq!(index.enter(Kind::Subject, at(21), handle(1), stay(20)), Err(NotEntered::Forbidden));
}

#[test]
fn a_note_is_kept_until_the_vaults_have_heard_it() {
    let mut index = Index::default();
    index.enter(Kind::Subject, NOW, handle(1), stay(0)).unwrap();
    index.logout(Kind::Subject, NOW, note(1, 0));
    index.sweep(NOW.after(KEPT));
    assert_eq!((index.until(), index.notes().len()), (Some(NOW), 1));
    index.told(Kind::Subject, handle(1), NOW.after(KEPT), Reached::Over);
    index.sweep(NOW.after(KEPT));
    assert!(index.notes().is_empty());
}

#[test]
fn a_login_again_is_the_same_entry_for_longer() {
    let mut index = Index::default();
    index.enter(Kind::Subject, NOW, handle(1), stay(5)).unwrap();
    index.enter(Kind::Subject, NOW, handle(1), stay(9)).unwrap();
    // A repetition that comes late takes nothing back.
    index.enter(Kind::Subject, NOW, handle(1), stay(5)).unwrap();
    let [entry] = index.entries() else { panic!("one entry") };
    assert_eq!(
        (entry.stay.began_at, entry.stay.issued_at, entry.stay.until),
        (at(5), at(5), at(1_000_009)),
        "which login its vault has is not known here"
    );
    index.sweep(at(1_000_008));
    assert_eq!(index.next_sweep(), Some(at(1_000_009)));
    index.sweep(at(1_000_009));
    assert_eq!(index.next_sweep(), None);
}
