//! What people hand in: proven before it counts, and counted once.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::service::{
    Class, Effect, Event, Fingerprint, Handed, Job, Leftover, Monitor, Origin, Reply, RevocationId, Settings,
    Source, Verdict, Word,
};
use everlit_core::time::Millis;
use service_play::{DAY, HOUR, MINUTE, Play, UPSTOX_CUTOFF, at, breeze_like, brought, failed, upstox_like};

/// Nothing else is asked of the provider.
fn breeze() -> Settings {
    Settings { validate_every: Millis::FOREVER, ..breeze_like() }
}

fn upstox() -> Settings {
    Settings { validate_every: Millis::FOREVER, ..upstox_like() }
}

#[test]
fn a_pasted_token_is_proven_before_it_takes_the_place_of_one_that_lives() {
    let mut play = Play::live(breeze(), DAY);
    let first = play.monitor.newest();
    assert_eq!(play.paste(HOUR, 2, DAY), None);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(2))]);
    assert_eq!(play.monitor.token().expect("it lives").stamp, first);
    assert!(play.is_valid(HOUR));
    play.reply(HOUR + 1, Reply::Valid);
    let second = first.rotated();
    let adopt = Effect::Adopt { from: Origin::Hand(Fingerprint(2)), stamp: second };
    let order: Vec<usize> = [adopt, Effect::Drop { hand: Fingerprint(2) }, Effect::Persist]
        .iter()
        .map(|wanted| play.done.iter().position(|effect| effect == wanted).expect("it is done"))
        .collect();
    assert!(order.is_sorted(), "{:?}", play.done);
    assert_eq!(play.verdicts(), [Verdict::Accepted(second)]);
}

#[test]
fn a_wrong_token_leaves_the_one_that_lives() {
    for (reply, verdict) in [
        (failed(Class::AccessExpired), Verdict::Refused(Class::AccessExpired)),
        (failed(Class::ReauthRequired), Verdict::Refused(Class::ReauthRequired)),
        (failed(Class::WrongToken), Verdict::Refused(Class::WrongToken)),
        (failed(Class::ClientMisconfigured), Verdict::Refused(Class::ClientMisconfigured)),
        (failed(Class::UserActionRequired), Verdict::Refused(Class::UserActionRequired)),
        (Reply::Foreign, Verdict::Foreign),
    ] {
        let mut play = Play::live(breeze(), DAY);
        let (first, token) = (play.monitor.newest(), play.monitor.token().copied());
        play.paste(HOUR, 2, DAY);
        play.reply(HOUR, reply);
        assert_eq!(play.verdicts(), [verdict]);
        assert!(play.done.contains(&Effect::Drop { hand: Fingerprint(2) }));
        assert_eq!((play.monitor.newest(), play.monitor.token().copied()), (first, token), "{reply:?}");
        assert!(play.is_valid(HOUR));
        assert_eq!(play.said(), [""; 0]);
    }
}

#[test]
fn what_a_login_into_another_account_brought_is_ended_at_the_provider_while_its_person_is_told() {
    let ended = |play: &Play| {
        let set_aside = play.done.iter().any(|effect| matches!(effect, Effect::SetAside { .. }));
        assert_eq!(set_aside, play.done.iter().any(|effect| matches!(effect, Effect::Revoke { .. })));
        set_aside
    };
    for (is_alone, handed) in [(true, true), (false, true), (true, false)] {
        let mut play = Play::live(Settings { revokes_foreign: is_alone, ..upstox() }, DAY);
        let first = play.monitor.newest();
        let what = if handed { Play::code(2) } else { Play::handed(2, Source::Pasted, DAY) };
        play.hand_in(HOUR, what);
        let request = play.request();
        play.reply(HOUR, Reply::Foreign);
        assert_eq!(play.verdicts(), [Verdict::Foreign], "they do not wait for the provider");
        assert_eq!((play.monitor.newest(), play.is_valid(HOUR)), (first, true));
        // What somebody has pasted is theirs.
        assert_eq!(ended(&play), is_alone && handed);
        if ended(&play) {
            let (revocation, what) = (RevocationId(0), Leftover::Brought(request));
            assert!(play.done.contains(&Effect::SetAside { revocation, what }));
        }
        play.step(HOUR + 1, Event::AttemptAnswered { request, reply: Reply::Foreign });
        assert!(!ended(&play), "once");
    }
    // Also where its answer comes when it was given up: it was good for one exchange.
    let mut play = Play::live(upstox(), DAY);
    play.hand_in(HOUR, Play::code(2));
    let request = play.request();
    play.deadline(HOUR + MINUTE);
    assert_eq!(play.verdicts(), [Verdict::Lost]);
    for is_first in [true, false] {
        play.step(HOUR + 2 * MINUTE, Event::AttemptAnswered { request, reply: Reply::Foreign });
        assert_eq!(ended(&play), is_first);
    }
}

#[test]
fn what_is_handed_in_twice_counts_once() {
    let mut play = Play::live(breeze(), DAY);
    let first = play.monitor.newest();
    // While it is being proven,
    play.paste(HOUR, 2, DAY);
    assert_eq!(play.paste(HOUR, 2, DAY), None);
    assert_eq!(play.jobs(), [], "it is being proven already");
    play.reply(HOUR, Reply::Valid);
    let accepted = Verdict::Accepted(first.rotated());
    assert_eq!(play.verdicts(), [accepted, accepted], "both are told");
    // right after, after a restart, and much later, when others have come.
    play.crash();
    for name in 3..60 {
        let row = play.monitor.row();
        assert_eq!(play.paste(HOUR, 2, DAY), Some(accepted), "{name}");
        assert_eq!((play.monitor.row(), play.jobs()), (row, vec![]), "{name}");
        play.paste(HOUR, name, DAY);
        play.reply(HOUR, failed(Class::ReauthRequired));
    }
    assert_eq!(play.monitor.newest(), first.rotated());
}

#[test]
fn a_refused_token_that_comes_again_is_refused_without_a_call() {
    let mut play = Play::live(breeze(), DAY);
    play.paste(HOUR, 2, DAY);
    play.reply(HOUR, failed(Class::ReauthRequired));
    assert_eq!(play.paste(2 * HOUR, 2, DAY), Some(Verdict::Refused(Class::ReauthRequired)));
    assert_eq!(play.jobs(), []);
    // What an operator can mend may come again.
    play.paste(2 * HOUR, 3, DAY);
    play.reply(2 * HOUR, failed(Class::ClientMisconfigured));
    assert_eq!(play.paste(3 * HOUR, 3, DAY), None);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(3))]);
}

#[test]
fn a_token_that_was_taken_and_is_over_is_no_answer_to_who_brings_it_again() {
    let mut play = Play::new(breeze());
    play.pasted(HOUR, 1, HOUR);
    play.deadline(2 * HOUR);
    // By its plan alone: the provider is asked, and may know better.
    assert_eq!(play.paste(2 * HOUR + 1, 1, DAY), None);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(1))]);
    play.reply(2 * HOUR + 1, failed(Class::AccessExpired));
    let refused = Verdict::Refused(Class::AccessExpired);
    assert_eq!(play.verdicts(), [refused]);
    assert_eq!(play.paste(2 * HOUR + 2, 1, DAY), Some(refused), "and is asked once");
    assert_eq!(play.jobs(), []);
    // What was good for one exchange is not exchanged again.
    let mut play = Play::new(upstox());
    play.hand_in(HOUR, Play::code(1));
    play.reply(HOUR, Reply::Renewed(brought(2 * HOUR)));
    play.deadline(2 * HOUR);
    assert_eq!(play.hand_in(2 * HOUR + 1, Play::code(1)), Some(Verdict::Over));
    assert_eq!(play.jobs(), []);
}

#[test]
fn a_token_whose_end_has_passed_is_told_without_a_call() {
    let mut play = Play::new(breeze());
    assert_eq!(play.hand_in(HOUR, Play::handed(1, Source::Imported, HOUR)), Some(Verdict::Over));
    assert_eq!(play.jobs(), []);
}

#[test]
fn a_provider_that_says_nothing_leaves_a_token_unproven_and_it_is_tried_again() {
    let mut play = Play::live(breeze(), DAY);
    let first = play.monitor.newest();
    play.paste(HOUR, 2, DAY);
    let begun = play.pass(HOUR + 4, |_, _| Some(failed(Class::Transient)));
    assert_eq!(begun.len(), 1, "the first was begun before");
    play.deadline(HOUR + 5);
    assert_eq!(play.verdicts(), [Verdict::Unproven], "whoever waits hears it in time");
    play.pass(2 * HOUR, |_, _| Some(failed(Class::Transient)));
    assert_eq!(play.monitor.newest(), first);
    let begun = play.pass(2 * HOUR + 5 * MINUTE, |_, _| Some(Reply::Valid));
    assert_eq!(begun.len(), 1);
    assert_eq!(play.monitor.newest(), first.rotated());
}

#[test]
fn an_answer_that_could_mean_anything_counts_when_it_comes_twice() {
    let mut play = Play::live(breeze(), DAY);
    play.paste(HOUR, 2, DAY);
    play.reply(HOUR, failed(Class::Ambiguous));
    assert_eq!(play.verdicts(), []);
    play.deadline(HOUR + 2);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(2))]);
    play.reply(HOUR + 2, failed(Class::Ambiguous));
    assert_eq!(play.verdicts(), [Verdict::Refused(Class::Ambiguous)]);
}

#[test]
fn a_code_that_is_good_for_one_exchange_is_never_sent_twice() {
    for reply in [
        Some(failed(Class::Transient)),
        Some(failed(Class::RateLimited)),
        Some(failed(Class::Ambiguous)),
        Some(failed(Class::OutcomeUnknown)),
        Some(Reply::Valid),
        None,
    ] {
        let mut play = Play::live(upstox(), DAY);
        assert_eq!(play.hand_in(HOUR, Play::code(2)), None);
        assert_eq!(play.jobs(), [Job::Exchange(Fingerprint(2))]);
        let mut told = Vec::new();
        match reply {
            Some(reply) => {
                play.reply(HOUR, reply);
                told = play.verdicts();
            }
            None => play.crash(),
        }
        let begun = play.pass(2 * HOUR, |_, _| None);
        assert!(!begun.iter().any(|(now, job)| *now > HOUR && matches!(job, Job::Exchange(_))), "{begun:?}");
        assert!(reply.is_none() || told == [Verdict::Lost], "{told:?}");
        assert_eq!(play.hand_in(2 * HOUR, Play::code(2)), Some(Verdict::Lost), "{reply:?}");
        assert!(play.is_valid(2 * HOUR));
    }
}

#[test]
fn a_code_that_was_under_way_at_an_operators_logout_is_never_sent_twice() {
    let mut play = Play::new(upstox());
    play.hand_in(HOUR, Play::code(2));
    assert_eq!(play.jobs(), [Job::Exchange(Fingerprint(2))]);
    let request = play.request();
    play.step(HOUR, Event::LoggedOut);
    assert_eq!(play.verdicts(), [Verdict::Lost]);
    assert_eq!(play.hand_in(HOUR + 1, Play::code(2)), Some(Verdict::Lost));
    play.step(HOUR + 2, Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) });
    assert!(!play.is_valid(HOUR + 2), "a logout is final");
}

#[test]
fn a_code_that_was_refused_for_what_an_operator_can_mend_is_used_up_all_the_same() {
    let mut play = Play::new(upstox());
    play.hand_in(HOUR, Play::code(2));
    play.reply(HOUR, failed(Class::ClientMisconfigured));
    let refused = Verdict::Refused(Class::ClientMisconfigured);
    assert_eq!((play.verdicts(), play.hand_in(HOUR, Play::code(2))), (vec![refused], Some(refused)));
}

#[test]
fn a_code_that_was_provably_not_sent_is_sent() {
    let mut play = Play::new(upstox());
    play.hand_in(HOUR, Play::code(2));
    play.reply(HOUR, Reply::Unsent);
    play.deadline(HOUR + 2);
    assert_eq!(play.jobs(), [Job::Exchange(Fingerprint(2))]);
}

#[test]
fn what_may_be_exchanged_again_is_after_a_restart() {
    let mut play = Play::new(breeze());
    play.hand_in(HOUR, Play::code(2));
    play.crash();
    let begun = play.pass(HOUR + MINUTE, |now, _| (now > HOUR).then(|| Reply::Renewed(brought(DAY))));
    assert_eq!(begun.len(), 1);
    assert!(play.is_valid(2 * HOUR));
}

#[test]
fn an_exchange_that_ends_well_after_it_was_given_up_is_taken_if_nothing_newer_came() {
    for newer in [false, true] {
        let mut play = Play::new(upstox());
        play.hand_in(HOUR, Play::code(2));
        let request = play.request();
        play.crash();
        play.deadline(HOUR + MINUTE);
        if newer {
            play.reply(HOUR + MINUTE, failed(Class::ClientMisconfigured));
            play.pasted(HOUR + MINUTE, 3, DAY);
        }
        let before = play.monitor.newest();
        let late = Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) };
        play.step(HOUR + 2 * MINUTE, late.clone());
        assert_eq!(play.monitor.newest() == before, newer);
        assert!(play.is_valid(2 * HOUR));
        let now = play.monitor.newest();
        play.step(HOUR + 3 * MINUTE, late);
        assert_eq!(play.monitor.newest(), now, "it is taken once");
    }
}

#[test]
fn of_two_tokens_the_one_that_was_handed_in_later_stays() {
    let mut play = Play::new(breeze());
    play.paste(HOUR, 1, DAY);
    play.paste(HOUR, 2, DAY);
    play.reply(HOUR, Reply::Valid);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(2))]);
    play.reply(HOUR, Reply::Valid);
    assert_eq!(play.monitor.token().expect("it lives").hand, Some(Fingerprint(2)));
}

#[test]
fn who_hands_in_too_much_is_told_to_wait() {
    let mut play = Play::new(breeze());
    let verdicts: Vec<_> = (1..=6).map(|name| play.paste(HOUR, name, DAY)).collect();
    assert_eq!(verdicts[..4], [None; 4]);
    assert_eq!(verdicts[4..], [Some(Verdict::Busy); 2]);
}

/// A service of whose token the provider's person is asked, and the ticket of that question.
fn asked_by_push() -> Play {
    let mut play = Play::new(upstox());
    play.cutoff = Some(UPSTOX_CUTOFF);
    play.deadline(0);
    assert_eq!(play.jobs(), [Job::AskPush]);
    play
}

fn approved(play: &Play, name: u64) -> Handed {
    Handed { ticket: Some(play.request()), ..Play::handed(name, Source::Approved, UPSTOX_CUTOFF) }
}

#[test]
fn an_approval_counts_only_for_the_question_it_answers() {
    let mut play = asked_by_push();
    let approved = approved(&play, 1);
    play.reply(1, Reply::PushSent { until: Some(at(UPSTOX_CUTOFF)) });
    for forged in [None, Some(everlit_core::id::RequestId(77))] {
        assert_eq!(play.hand_in(2, Handed { ticket: forged, ..approved }), Some(Verdict::Late));
        assert_eq!(play.jobs(), []);
    }
    assert_eq!(play.hand_in(3, approved), None);
    play.reply(4, Reply::Valid);
    let accepted = play.verdicts();
    assert!(matches!(accepted[..], [Verdict::Accepted(_)]));
    assert_eq!(play.said(), ["human_needed", "human_answered"]);
    // It is delivered again, and a different one comes late.
    let row = play.monitor.row();
    assert_eq!(play.hand_in(5, approved), accepted.first().copied());
    assert_eq!(play.hand_in(6, Handed { name: Fingerprint(2), ..approved }), Some(Verdict::Late));
    assert_eq!(play.monitor.row(), row);
}

#[test]
fn an_approval_that_comes_before_the_word_that_a_person_is_asked_counts() {
    for restart in [false, true] {
        let mut play = asked_by_push();
        let approved = approved(&play, 1);
        if restart {
            play.crash();
        }
        assert_eq!(play.hand_in(1, approved), None);
        play.reply(2, Reply::PushSent { until: Some(at(UPSTOX_CUTOFF)) });
        assert_eq!(play.jobs(), [Job::Prove(Fingerprint(1))]);
        play.reply(3, Reply::Valid);
        assert!(play.is_valid(4));
    }
}

#[test]
fn an_approval_after_its_time_changes_nothing() {
    let mut play = asked_by_push();
    let approved = approved(&play, 1);
    play.reply(1, Reply::PushSent { until: Some(at(HOUR)) });
    assert_eq!(play.hand_in(HOUR, approved), Some(Verdict::Late));
    assert_eq!(play.monitor.word(at(HOUR)), Word::NeedsHuman);
}

#[test]
fn what_is_handed_in_while_the_provider_wants_to_be_left_alone_is_proven_after_that() {
    let mut play = Play::live(breeze(), DAY);
    let (stamp, until) = (play.monitor.newest(), Some(at(2 * HOUR)));
    play.step(HOUR, Event::CallAnswered { stamp, read_only: false, class: Class::RateLimited, until });
    assert_eq!(play.paste(HOUR + 1, 2, DAY), None);
    let begun = play.pass(3 * HOUR, |_, _| Some(Reply::Valid));
    assert_eq!(begun, [(2 * HOUR, Job::Prove(Fingerprint(2)))]);
}

#[test]
fn what_waits_for_its_proof_survives_a_restart() {
    let settings = Settings { caller_wait: Millis::from_secs(60), ..breeze() };
    let mut play = Play::new(settings);
    play.paste(HOUR, 1, DAY);
    play.paste(HOUR, 2, DAY);
    play.monitor = Monitor::load(play.settings.clone(), play.monitor.row());
    let begun = play.pass(HOUR + 5 * MINUTE, |_, _| Some(Reply::Valid));
    assert_eq!(begun, [(HOUR, Job::Prove(Fingerprint(2)))]);
    assert_eq!(play.monitor.token().expect("it lives").hand, Some(Fingerprint(2)));
}
