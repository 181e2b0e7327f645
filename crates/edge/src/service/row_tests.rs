use super::*;
use everlit_core::id::{CallerId, Epoch, Generation, RequestId};
use everlit_core::service::{Event, Handed, Monitor, Now, Reply, Settings};
use everlit_core::time::{Millis, Moment, Timestamp};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000).after(Millis::from_millis(millis))
}

fn stamp(generation: u32) -> Stamp {
    Stamp { epoch: Epoch(1_790_000_000_000), generation: Generation(generation) }
}

/// One of them after the other.
fn nth<T: Copy>(turn: usize, all: &[T]) -> T {
    *all.iter().cycle().nth(turn).unwrap()
}

/// A row with something in each of its members, and every variant of each of its choices in turn.
fn full(turn: usize) -> Row {
    let class = nth(turn, &Class::ALL);
    let sources = [
        Source::Pasted,
        Source::Approved,
        Source::Imported,
        Source::LoggedIn,
        Source::Automatic(WayKind::Refresh),
        Source::Automatic(WayKind::SelfExtension),
        Source::Automatic(WayKind::KeepAlive),
        Source::Automatic(WayKind::Credentials),
    ];
    let source = nth(turn, &sources);
    let wants = [Want::FirstToken, Want::Lapsed, Want::Refused(class), Want::GrantOver, Want::LoggedOut];
    let want = nth(turn, &wants);
    let verdicts = [
        Verdict::Accepted(stamp(3)),
        Verdict::Refused(class),
        Verdict::Over,
        Verdict::Foreign,
        Verdict::Lost,
        Verdict::Unproven,
        Verdict::Late,
        Verdict::Busy,
    ];
    let jobs = [
        Job::Exchange(Fingerprint(u64::MAX)),
        Job::Prove(Fingerprint(1)),
        Job::Validate(stamp(2)),
        Job::Renew(WayKind::KeepAlive),
        Job::AskPush,
    ];
    let kinds = [
        Kind::ExpiringSoon { threshold: Millis::from_secs(60), expires_at: at(1), login_from: at(2) },
        Kind::RenewalFailed(class),
        Kind::FailedRepeatedly { rounds: 3 },
        Kind::OnFallback { until: Some(at(3)) },
        Kind::OnFallback { until: None },
        Kind::Renewed(source),
        Kind::HumanNeeded { want, push: true },
        Kind::HumanAnswered(source),
    ];
    let causes = [DoubtCause::Routine, DoubtCause::Asked, DoubtCause::Ambiguous];
    let round = Round { made: 2, next_at: Some(at(4)) };
    let attempt =
        Attempt { request: RequestId(7), job: nth(turn, &jobs), number: 2, of: stamp(3), begun_at: at(5) };
    let alerts = kinds.into_iter().enumerate().map(|(id, kind)| Alert {
        id: AlertId(id as u32),
        kind,
        at: at(6),
        tries: 2,
        due_at: at(7),
    });
    Row {
        version: u64::MAX,
        newest: stamp(4),
        token: Some(Token {
            stamp: stamp(3),
            source,
            hand: Some(Fingerprint(9)),
            began_at: at(8),
            touched_at: at(9),
            expires_at: Some(at(10)),
            lapsed: true,
            alone: true,
            dead: Some(Death { at: at(11), class: turn.is_multiple_of(2).then_some(class) }),
        }),
        fallback: Some(Fallback { stamp: stamp(3), expires_at: at(12) }),
        hands: [Hand {
            name: Fingerprint(2),
            source,
            exchange: true,
            expires_at: None,
            fallback_until: Some(at(13)),
            round,
            ambiguous: 1,
        }]
        .into(),
        judged: verdicts.into_iter().map(|verdict| (Fingerprint(5), verdict)).collect(),
        attempt: Some(attempt),
        unheard: Some(attempt),
        next_request: RequestId(8),
        renewal: Renewal { begun: true, round, failed: 2, paused_until: at(14), unsure: true, waits: true },
        closed: [Closed { kind: WayKind::Credentials, class }].into(),
        hold_until: at(15),
        doubt: Some(Doubt { cause: nth(turn, &causes), round, ambiguous: 1 }),
        asked_at: at(16),
        validated: Some(Validated { at: at(17), valid: true }),
        spent: Spent::restored(Gcra::restored(u64::MAX), Gcra::restored(3)),
        need: Some(Need { since: at(18), want }),
        push: Some(Push {
            cause: stamp(3),
            began_at: at(19),
            first: RequestId(5),
            round,
            asked: 1,
            until: Some(at(20)),
        }),
        told: Told {
            warned: Some(Millis::from_secs(60)),
            failed: true,
            failed_often: true,
            on_fallback: true,
            fell_back_at: Some(at(30)),
            considered: true,
        },
        checked_at: at(21),
        next_check_at: at(22),
        trouble: Some(class),
        records: [Record { at: at(23), source, failed: Some(class), attempts: 2 }].into(),
        outbox: Outbox::load(alerts.collect(), AlertId(9)),
        revocations: Revocations::load(
            [Revocation { id: RevocationId(3), since: at(24), tries: 2, due_at: at(25) }].into(),
            RevocationId(4),
            turn.is_multiple_of(2).then(|| Revoked { at: at(26), outcome: nth(turn, &Outcome::ALL) }),
        ),
        strays: [Stray { request: RequestId(6), job: nth(turn, &jobs), until: at(27) }].into(),
        users: [User {
            name: "reports \"é\"".into(),
            served: 1,
            unserved: 2,
            limited: 3,
            last_at: at(24),
            rate: Gcra::restored(4),
            calls: 5,
            call_rate: Gcra::restored(6),
        }]
        .into(),
    }
}

#[test]
fn every_row_comes_back_as_it_was() {
    assert_eq!(decode(encode(&Row::default()).as_bytes()), Ok(Row::default()));
    for turn in 0..40 {
        let row = full(turn);
        assert_eq!(decode(encode(&row).as_bytes()), Ok(row), "{turn}");
    }
}

#[test]
fn a_machine_goes_on_from_what_was_kept() {
    let settings = Settings::default();
    let now = |millis| Now {
        moment: Moment { wall: at(millis), mono: at(millis), entropy: 7 },
        fresh_ends_at: Some(at(50_000_000)),
    };
    let mut machine = Monitor::new(settings.clone());
    let handed = Handed {
        name: Fingerprint(1),
        source: Source::Pasted,
        exchange: false,
        expires_at: Some(at(50_000_000)),
        fallback_until: None,
        ticket: None,
    };
    let _effects = machine.step(now(0), Event::HandedIn { caller: CallerId(1), handed });
    let kept = decode(encode(&machine.row()).as_bytes()).unwrap();
    assert_eq!(kept, machine.row());
    let mut again = Monitor::load(settings, kept);
    let request = again.attempt().unwrap().request;
    let _effects = again.step(now(10), Event::AttemptAnswered { request, reply: Reply::Valid });
    assert!(again.status(now(20)).valid);
}

#[test]
fn what_is_no_row_is_told_from_what_is_a_later_one() {
    let row = encode(&full(1));
    for (text, expected) in [
        (String::new(), RowError::Broken),
        ("null".into(), RowError::Broken),
        ("{}".into(), RowError::Broken),
        (row[..row.len() - 9].into(), RowError::Broken),
        (row.replace("\"shape\":1", "\"shape\":0"), RowError::Broken),
        (row.replace("\"shape\":1", "\"shape\":2"), RowError::Ahead),
        (row.replace("\"next_request\":8", "\"next_request\":-8"), RowError::Broken),
        (row.replace("\"begun\":true", "\"begun\":\"yes\""), RowError::Broken),
    ] {
        assert_eq!(decode(text.as_bytes()), Err(expected), "{text:.40}");
    }
}

#[test]
fn a_row_of_a_worker_that_knew_no_revocations_is_read() {
    let mut row = full(1);
    (row.revocations, row.strays) = Default::default();
    let text = encode(&row);
    assert!(!text.contains("revocations") && !text.contains("strays"));
    assert_eq!(decode(text.as_bytes()), Ok(row));
}

#[test]
fn a_row_of_an_earlier_worker_is_read_with_what_it_has() {
    let mut row = full(1);
    let mut text = encode(&row);
    for later in ["\"call_rate\":6,", "\"calls\":5,", "\"alone\":true,", ",\"waits\":true"] {
        assert!(text.contains(later), "{later}");
        text = text.replace(later, "");
    }
    (row.users[0].calls, row.users[0].call_rate) = (0, Gcra::new());
    (row.renewal.waits, row.token) = (false, row.token.map(|token| Token { alone: false, ..token }));
    assert_eq!(decode(text.as_bytes()), Ok(row));
    // What is there must be right all the same.
    assert_eq!(
        decode(encode(&full(1)).replace("\"calls\":5", "\"calls\":\"5\"").as_bytes()),
        Err(RowError::Broken)
    );
}

/// The corpus of `tests/network` begins with these.
#[test]
fn what_is_kept_reads_like_this() {
    assert_eq!(
        encode(&Row::default()),
        r#"{"asked_at":0,"checked_at":0,"hold_until":0,"newest":[0,0],"next_check_at":0,"next_request":0,"outbox":["0",[]],"renewal":{"begun":false,"failed":0,"paused_until":0,"round":{"made":0},"unsure":false,"waits":false},"shape":1,"spent":[0,0],"told":{"considered":false,"failed":false,"failed_often":false,"on_fallback":false},"version":0}"#
    );
}
