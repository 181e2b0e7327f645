//! Every state of a service with every event: what becomes of it and what is done. The table lies beside this file for people to
//! read; a change of the machine shows there, line by line. `UPDATE=1 cargo test -p everlit-core` writes it anew.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod service_play;
mod written;

use std::fmt::Write as _;

use everlit_core::id::{CallerId, RequestId};
use everlit_core::service::{
    AlertId, Answer, Brought, Class, Effect, Event, Fingerprint, Handed, Job, Leftover, Line, Monitor,
    Origin, Person, Purpose, Reply, RevocationAnswer, RevocationId, Settings, Source, Way, WayKind,
};
use everlit_core::time::Millis;
use service_play::{
    BREEZE_CUTOFF, HOUR, MINUTE, Play, UPSTOX_CUTOFF, at, breeze_like, failed, upstox_like, way,
};

/// When everything happens: twenty minutes before the end of each token that lives, less some seconds, so that no check is due.
const NOW: u64 = UPSTOX_CUTOFF - 20 * MINUTE + 7;

/// A service that lives until a little after now, with all that was due done, and nothing but that.
fn quiet(settings: Settings) -> Play {
    let mut play = Play::new(Settings { validate_every: Millis::FOREVER, ..settings });
    play.cutoff = Some(UPSTOX_CUTOFF);
    play.pasted(HOUR, 1, UPSTOX_CUTOFF - HOUR);
    play
}

/// At the last step before now: its alerts are taken, and no attempt is answered.
fn ready(mut play: Play) -> Play {
    play.pass(NOW - 1, |_, _| None);
    play
}

fn renewing(kind: WayKind, repeatable: bool) -> Play {
    let lead = Millis::from_secs(20 * MINUTE + 5);
    let mut play = quiet(Settings { ways: vec![way(kind, repeatable)], lead, ..breeze_like() });
    // Whenever another is had, it lives as long.
    play.cutoff = None;
    ready(play)
}

fn services() -> Vec<(&'static str, Play)> {
    let answered = |mut play: Play, reply| {
        play.reply(NOW - 1, reply);
        ready(play)
    };
    let refused = |mut play: Play| {
        let stamp = play.monitor.newest();
        let class = Class::AccessExpired;
        play.step(NOW - 1, Event::CallAnswered { stamp, read_only: false, class, until: None });
        ready(play)
    };
    let mut lapsed = Play::live(breeze_like(), BREEZE_CUTOFF);
    lapsed.pass(NOW - 1, |_, _| Some(Reply::Valid));
    let mut proving = ready(quiet(breeze_like()));
    proving.paste(NOW - 1, 2, HOUR);
    let mut exchanging = ready(quiet(upstox_like()));
    exchanging.hand_in(NOW - 1, Play::code(2));
    let mut validating = ready(quiet(breeze_like()));
    let stamp = validating.monitor.newest();
    let ambiguous = Event::CallAnswered { stamp, read_only: false, class: Class::Ambiguous, until: None };
    validating.step(NOW - 1, ambiguous);
    let asked = refused(ready(quiet(upstox_like())));
    let until = Some(at(NOW + HOUR));
    let pushed = answered(refused(ready(quiet(upstox_like()))), Reply::PushSent { until });
    let out = |mut play: Play| {
        play.step(NOW - 1, Event::LoggedOut);
        play
    };
    let refreshing = || renewing(WayKind::Refresh, true);
    let held = Reply::Failed { class: Class::RateLimited, until };
    vec![
        ("no token", ready(Play::new(breeze_like()))),
        ("live", ready(quiet(breeze_like()))),
        ("live, being validated", validating),
        ("live, another being proven", proving),
        ("live, a code being exchanged", exchanging.clone()),
        ("live, being renewed", refreshing()),
        ("live, being extended once", renewing(WayKind::SelfExtension, false)),
        ("live, between attempts", answered(refreshing(), failed(Class::Transient))),
        ("live, the provider wants to be left alone", answered(refreshing(), held)),
        ("live, the grant is over", answered(refreshing(), failed(Class::ReauthRequired))),
        ("live, misconfigured", answered(refreshing(), failed(Class::ClientMisconfigured))),
        (
            "live, another would end with it",
            ready(quiet(Settings { ways: vec![Way::REFRESH], ..breeze_like() })),
        ),
        ("lapsed", lapsed),
        ("refused", refused(ready(quiet(breeze_like())))),
        ("refused, a person being asked", asked),
        ("refused, a person was asked", pushed.clone()),
        ("logged out", out(ready(quiet(breeze_like())))),
        ("logged out while it was renewed", out(renewing(WayKind::Refresh, true))),
        ("logged out while a code was exchanged", out(exchanging)),
        ("logged out while a person was asked", out(pushed)),
        (
            "logged out where nothing is revoked",
            out(ready(quiet(Settings { revokes: false, ..breeze_like() }))),
        ),
        (
            "refused, being renewed",
            refused(ready(quiet(Settings { ways: vec![Way::CREDENTIALS], ..breeze_like() }))),
        ),
    ]
}

fn events(monitor: &Monitor) -> Vec<(&'static str, Event)> {
    use Event as E;
    let caller = CallerId(1);
    let name = || String::from("orders");
    let request = monitor.attempt().map_or(RequestId(99), |attempt| attempt.request);
    let stamp = monitor.newest();
    let reply = |reply| E::AttemptAnswered { request, reply };
    let fails = |class| reply(failed(class));
    let until = Some(at(NOW + HOUR));
    let brought = |expires_at| Brought {
        stamp: None,
        expires_at: Some(at(expires_at)),
        fallback_until: None,
        alone: false,
    };
    let called = |class| E::CallAnswered { stamp, read_only: false, class, until: None };
    let asked = |reads_only| E::Asked { caller, name: name(), reads_only, purpose: Purpose::Token };
    let person =
        |forces| E::PersonAsked { caller, person: Person(1), reads_only: false, forces, doubts: false };
    let refresh = |operator| E::RefreshAsked { caller, name: name(), holds: Some(stamp), operator };
    let ticket = monitor.row().push.map(|push| push.first);
    let pasted = Play::handed(9, Source::Pasted, NOW + HOUR);
    let handed = |handed| E::HandedIn { caller, handed };
    let alert = monitor.alerts().first().map_or(AlertId(99), |alert| alert.id);
    let row = monitor.row();
    let stray = |is_push| row.strays.iter().find(|stray| (stray.job == Job::AskPush) == is_push);
    let stray_push = stray(true).map(|stray| stray.request);
    let stray_answered = E::AttemptAnswered {
        request: stray(false).map_or(RequestId(99), |stray| stray.request),
        reply: Reply::Renewed(brought(NOW + HOUR)),
    };
    let revocation = row.revocations.waiting().first().map_or(RevocationId(99), |waiting| waiting.id);
    let revoked = |answer| E::RevocationAnswered { revocation, answer };
    vec![
        ("asked", asked(false)),
        ("asked by one that only reads", asked(true)),
        ("refresh by a service", refresh(false)),
        ("refresh by an operator", refresh(true)),
        ("a user calls", person(false)),
        ("refresh by a user who is an operator", person(true)),
        ("the app fell back", E::FellBack),
        ("handed in: pasted", handed(pasted)),
        ("handed in: the same as the token", handed(Handed { name: Fingerprint(1), ..pasted })),
        ("handed in: a code", handed(Handed { name: Fingerprint(9), ..Play::code(9) })),
        ("handed in: approved", handed(Handed { source: Source::Approved, ticket, ..pasted })),
        ("answer: valid", reply(Reply::Valid)),
        ("answer: another token", reply(Reply::Renewed(brought(NOW + HOUR)))),
        ("answer: another token that is over", reply(Reply::Renewed(brought(NOW)))),
        ("answer: lives on", reply(Reply::Extended { expires_at: until })),
        ("answer: foreign", reply(Reply::Foreign)),
        ("answer: a person is asked", reply(Reply::PushSent { until })),
        ("answer: unsent", reply(Reply::Unsent)),
        ("answer: transient", fails(Class::Transient)),
        ("answer: rate limited", reply(Reply::Failed { class: Class::RateLimited, until })),
        ("answer: access expired", fails(Class::AccessExpired)),
        ("answer: reauth required", fails(Class::ReauthRequired)),
        ("answer: misconfigured", fails(Class::ClientMisconfigured)),
        ("answer: user action required", fails(Class::UserActionRequired)),
        ("answer: ambiguous", fails(Class::Ambiguous)),
        ("answer: outcome unknown", fails(Class::OutcomeUnknown)),
        (
            "answer: late",
            E::AttemptAnswered { request: RequestId(77), reply: Reply::Renewed(brought(NOW + HOUR)) },
        ),
        ("call: access expired", called(Class::AccessExpired)),
        ("call: ambiguous", called(Class::Ambiguous)),
        ("call: rate limited", called(Class::RateLimited)),
        ("call: misconfigured", called(Class::ClientMisconfigured)),
        ("the vault moved", E::Moved(Brought { stamp: Some(stamp.rotated()), ..brought(NOW + HOUR) })),
        ("the vault's grant ended", E::GrantEnded),
        ("logout", E::LoggedOut),
        ("alert: taken", E::AlertAnswered { alert, settled: true, retry_after: None }),
        ("answer: another token, to what was under way at a logout", stray_answered),
        (
            "handed in: approved, as was asked before a logout",
            handed(Handed { source: Source::Approved, ticket: stray_push, ..pasted }),
        ),
        ("revocation: done", revoked(RevocationAnswer::Revoked)),
        ("revocation: refused", revoked(RevocationAnswer::Refused)),
        ("revocation: no answer", revoked(RevocationAnswer::Retry { retry_after: None })),
        ("deadline", E::DeadlineReached),
    ]
}

fn job(job: Job) -> String {
    match job {
        Job::Exchange(Fingerprint(name)) => format!("exchange {name}"),
        Job::Prove(Fingerprint(name)) => format!("prove {name}"),
        Job::Validate(_) => "validate".into(),
        Job::Renew(kind) => format!("renew by {}", kind.as_str()),
        Job::AskPush => "ask by push".into(),
    }
}

/// Lines of the log repeat what the rest says, but for the end of a token.
fn effect(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Keep { hand } => format!("keep {}", hand.0),
        Effect::Adopt { from, stamp } => {
            let from = match from {
                Origin::Hand(hand) => format!("hand {}", hand.0),
                Origin::Attempt(_) => "the answer".into(),
                Origin::Vault => "the vault".into(),
            };
            format!("adopt {} from {from}", stamp.generation.0)
        }
        Effect::Drop { hand } => format!("drop {}", hand.0),
        Effect::SetAside { what: Leftover::Held, .. } => "set aside what is held".into(),
        Effect::SetAside { what: Leftover::Hand(hand), .. } => format!("set aside hand {}", hand.0),
        Effect::SetAside { what: Leftover::Brought(_), .. } => "set aside the answer".into(),
        Effect::Forget { revocation } => format!("forget revocation {}", revocation.0),
        Effect::Revoke { revocation } => format!("revoke {}", revocation.0),
        Effect::Persist => "persist".into(),
        Effect::Attempt { job: of, .. } => job(*of),
        Effect::Deliver { kind, .. } => format!("alert {}", kind.as_str()),
        Effect::Answer { answer: Answer::Token { stamp, read_only, .. }, .. } => {
            format!("answer {}{}", stamp.generation.0, if *read_only { " to read" } else { "" })
        }
        Effect::Answer { answer: Answer::None { reason, retry_after }, .. } => {
            format!("answer {} for {} s", reason.as_str(), retry_after.as_millis() / 1_000)
        }
        Effect::Tell { verdict, .. } => format!("tell {}", verdict.as_str()),
        Effect::Log(Line::Ended { .. }) => "log the end".into(),
        Effect::Log(
            Line::Checked { .. }
            | Line::Attempted { .. }
            | Line::Judged { .. }
            | Line::LoggedOut { .. }
            | Line::Revoked { .. }
            | Line::AlertGivenUp { .. },
        ) => return None,
    })
}

#[test]
fn a_service_does_in_every_state_what_its_table_says() {
    let mut table = String::from("| state | event | next | under way | effects |\n|---|---|---|---|---|\n");
    for (state, play) in services() {
        for (name, event) in events(&play.monitor) {
            let mut next = play.monitor.clone();
            let effects: Vec<String> = next.step(play.now(NOW), event).iter().filter_map(effect).collect();
            let word = next.word(at(NOW)).as_str();
            let to = if next.row() == play.monitor.row() { "=" } else { word };
            let under_way = next.attempt().map_or_else(String::new, |attempt| job(attempt.job));
            writeln!(table, "| {state} | {name} | {to} | {under_way} | {} |", effects.join("; "))
                .expect("memory");
        }
    }
    written::table_is("service_table.md", &table);
}
