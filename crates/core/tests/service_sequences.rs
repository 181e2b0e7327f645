//! Whatever comes, in whatever order, and whenever the object is reset, a monitor keeps what it promises.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod every;
mod service_play;
mod service_watch;

use everlit_core::id::{CallerId, RequestId};
use everlit_core::service::{
    AlertId, Brought, Budget, Class, Effect, Event, Fingerprint, Handed, Job, Monitor, Now, Person, Purpose,
    PushPolicy, Reply, RevocationAnswer, RevocationId, Settings, Source, Way, WayKind,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use proptest::prelude::*;
use service_play::{HOUR, MINUTE, WALL, breeze_like, failed, upstox_like, way};
use service_watch::Watch;

/// Everything that can happen, as near to what the monitor waits for as it can be.
fn events(monitor: &Monitor, at: Timestamp, caller: u64) -> Vec<Event> {
    use Event as E;
    let caller = CallerId(caller);
    let name = || String::from("orders");
    let request = monitor.attempt().map_or(RequestId(0), |attempt| attempt.request);
    let late = monitor.row().unheard.map_or(RequestId(77), |attempt| attempt.request);
    let reply = |reply| E::AttemptAnswered { request, reply };
    let lives = |seconds| Some(at.after(Millis::from_secs(seconds)));
    let brought = |seconds| Brought {
        stamp: None,
        expires_at: lives(seconds),
        fallback_until: lives(9 * HOUR),
        alone: false,
    };
    let stamp = monitor.newest();
    let called = |class| E::CallAnswered { stamp, read_only: false, class, until: None };
    let next = u64::from(stamp.generation.0) + 1;
    let ticket = monitor.open_push().map(|(ticket, _)| ticket);
    let handed = |name, source, exchange| E::HandedIn {
        caller,
        handed: Handed {
            name: Fingerprint(name),
            source,
            exchange,
            expires_at: lives(2 * HOUR),
            fallback_until: None,
            ticket,
        },
    };
    let alert = monitor.alerts().first().map_or(AlertId(99), |alert| alert.id);
    let row = monitor.row();
    let stray = row.strays.iter().find(|stray| stray.job != Job::AskPush);
    let stray = stray.map_or(RequestId(78), |stray| stray.request);
    let revocation = row.revocations.waiting().first().map_or(RevocationId(99), |waiting| waiting.id);
    let revoked = |answer| E::RevocationAnswered { revocation, answer };
    vec![
        E::DeadlineReached,
        handed(next, Source::Pasted, false),
        reply(Reply::Valid),
        reply(Reply::Renewed(brought(HOUR))),
        E::Asked { caller, name: name(), reads_only: false, purpose: Purpose::Token },
        E::Asked { caller, name: name(), reads_only: true, purpose: Purpose::Call },
        E::RefreshAsked { caller, name: name(), holds: Some(stamp), operator: false },
        E::RefreshAsked { caller, name: name(), holds: None, operator: true },
        E::PersonAsked { caller, person: Person(7), reads_only: true, forces: false, doubts: false },
        E::PersonAsked { caller, person: Person(7), reads_only: true, forces: false, doubts: true },
        E::PersonAsked { caller, person: Person(8), reads_only: false, forces: true, doubts: false },
        E::FellBack,
        handed(1, Source::Pasted, false),
        handed(100 + next, Source::LoggedIn, true),
        handed(200 + next, Source::Approved, false),
        reply(Reply::Renewed(brought(0))),
        reply(Reply::Extended { expires_at: lives(HOUR) }),
        reply(Reply::Foreign),
        reply(Reply::PushSent { until: lives(3 * HOUR) }),
        reply(Reply::Unsent),
        reply(failed(Class::Transient)),
        reply(failed(Class::AccessExpired)),
        reply(failed(Class::ReauthRequired)),
        reply(failed(Class::ClientMisconfigured)),
        reply(failed(Class::UserActionRequired)),
        reply(failed(Class::Ambiguous)),
        reply(failed(Class::OutcomeUnknown)),
        reply(Reply::Failed { class: Class::RateLimited, until: lives(20 * MINUTE) }),
        E::AttemptAnswered { request: late, reply: Reply::Renewed(brought(HOUR)) },
        called(Class::AccessExpired),
        called(Class::Ambiguous),
        called(Class::RateLimited),
        E::CallAnswered { stamp, read_only: true, class: Class::ReauthRequired, until: None },
        E::Moved(Brought { stamp: Some(stamp.rotated()), ..brought(HOUR) }),
        E::Moved(Brought { stamp: Some(stamp), ..brought(HOUR) }),
        E::GrantEnded,
        E::LoggedOut,
        E::AlertAnswered { alert, settled: true, retry_after: None },
        E::AlertAnswered { alert, settled: false, retry_after: Some(Millis::from_secs(40)) },
        E::AttemptAnswered { request: stray, reply: Reply::Renewed(brought(HOUR)) },
        revoked(RevocationAnswer::Revoked),
        revoked(RevocationAnswer::Retry { retry_after: None }),
    ]
}

fn services() -> Vec<Settings> {
    let every = Some(Millis::from_secs(60));
    let budget = Budget { minute: Some(100), day: Some(5_000), percent: 1 };
    let thresholds: Vec<Millis> = [60, 30, 5].map(|minutes| Millis::from_secs(minutes * MINUTE)).into();
    let push = Some(PushPolicy { open_for: Millis::from_secs(HOUR), times: 2 });
    let base = Settings { budget, thresholds, ..breeze_like() };
    let ladder = vec![way(WayKind::SelfExtension, false), Way::REFRESH, way(WayKind::Credentials, false)];
    vec![
        base.clone(),
        Settings { budget, exchange_repeatable: false, ..upstox_like() },
        Settings { ways: ladder, push, exchange_repeatable: false, ..base.clone() },
        Settings {
            ways: vec![Way { every, ..way(WayKind::KeepAlive, true) }],
            person: false,
            revokes: false,
            revokes_foreign: false,
            ..base.clone()
        },
        Settings { ways: vec![Way::CREDENTIALS], attempts: 1, check_every: Millis::ZERO, ..base },
    ]
}

/// A service in the hands of chance.
struct World {
    settings: Settings,
    monitor: Monitor,
    watch: Watch,
    at: Timestamp,
    callers: u64,
}

impl World {
    fn new(settings: Settings) -> Self {
        let monitor = Monitor::new(settings.clone());
        let at = Timestamp::from_millis(WALL);
        Self { settings, monitor, watch: Watch::default(), at, callers: 0 }
    }

    fn step(&mut self, entropy: u32, choice: usize) -> Result<(), String> {
        self.callers += 1;
        let events = events(&self.monitor, self.at, self.callers);
        let event = events[choice % events.len()].clone();
        let moment = Moment { wall: self.at, mono: self.at, entropy };
        // Sometimes a login helps, and sometimes not.
        let fresh_ends_at = (!entropy.is_multiple_of(3)).then(|| self.at.after(Millis::from_secs(HOUR)));
        let now = Now { moment, fresh_ends_at };
        let before = self.monitor.clone();
        let effects: Vec<Effect> = self.monitor.step(now, event.clone()).into_iter().collect();
        let after = &self.monitor;
        let checked = self.watch.check(&self.settings, now, &before, &event, &effects, after);
        checked.map_err(|broken| {
            format!(
                "{broken}: {event:?} at {:?}\nfrom {:?}\nto {:?}\nby {effects:?}",
                self.at,
                before.row(),
                after.row()
            )
        })?;
        let loaded = Monitor::load(self.settings.clone(), after.row());
        if loaded.row() != after.row() {
            Err(format!("a row does not say all: {:?}", after.row()))
        } else {
            Ok(())
        }
    }

    fn restart(&mut self) {
        self.monitor = Monitor::load(self.settings.clone(), self.monitor.row());
        self.watch.restarted();
    }

    /// A pause, in which alarms ring. Some ring late.
    fn pause(&mut self, length: Millis, entropy: u32) -> Result<(), String> {
        let until = self.at.after(length);
        for _ in 0..500 {
            let Some(next) = self.monitor.next_deadline().filter(|next| *next <= until) else { break };
            self.at = next;
            self.step(entropy, 0)?;
        }
        self.at = until;
        self.step(entropy, 0)
    }
}

#[test]
fn every_sequence_of_three_events_keeps_every_promise_with_and_without_restarts() {
    let mut attempts = 0;
    for (settings, pause, restart) in services()
        .into_iter()
        .zip([(1_000, false), (31_000, true), (125_000, true), (61_000, false), (2_000, true)])
        .map(|(settings, (pause, restart))| (settings, pause, restart))
    {
        let choices = events(&Monitor::new(settings.clone()), Timestamp::from_millis(WALL), 0).len();
        every::sequence(choices, 3, |sequence| {
            let mut world = World::new(settings.clone());
            // First of all somebody hands in a token, which is taken: without one there is little to break.
            for choice in [1, 2].iter().chain(sequence) {
                if let Err(broken) = world.step(7, *choice) {
                    panic!("{broken}\nin {sequence:?}");
                }
                if restart {
                    world.restart();
                }
                if *choice != 1
                    && let Err(broken) = world.pause(Millis::from_millis(pause), 7)
                {
                    panic!("{broken}\nin {sequence:?}");
                }
            }
            attempts += world.watch.attempts;
        });
    }
    assert!(attempts > 300_000, "the sequences went nowhere: {attempts} attempts");
}

/// What happens, how long it takes until the next thing does, by which chance, and whether the object is reset.
fn happening() -> impl Strategy<Value = (usize, u64, u32, bool)> {
    let pause = prop_oneof![
        4 => 0..100_u64,
        4 => 1_000..40_000_u64,
        2 => 60_000..1_800_000_u64,
        1 => 3_600_000..40_000_000_u64,
    ];
    // What waits for an answer gets one half of the time.
    let choice = prop_oneof![1 => 0..4_usize, 1 => 0..38_usize];
    (choice, pause, any::<u32>(), prop::bool::weighted(0.2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn long_lives_keep_every_promise(which in 0..5_usize, lived in prop::collection::vec(happening(), 1..200)) {
        let mut world = World::new(services()[which].clone());
        for (choice, pause, entropy, restart) in lived {
            if let Err(broken) = world.step(entropy, choice) {
                return Err(TestCaseError::fail(broken));
            }
            if restart {
                world.restart();
            }
            if let Err(broken) = world.pause(Millis::from_millis(pause), entropy) {
                return Err(TestCaseError::fail(broken));
            }
        }
        // Whatever happened, it never stands still.
        prop_assert!(world.monitor.next_alarm().is_some());
    }

    #[test]
    fn a_clock_that_jumps_never_makes_it_spin_or_sleep_for_longer_than_a_check(
        which in 0..5_usize,
        lived in prop::collection::vec((happening(), 0..40_000_000_u64), 1..60),
    ) {
        let settings = services()[which].clone();
        let mut monitor = Monitor::new(settings.clone());
        for (at, ((choice, _, entropy, restart), wall)) in lived.into_iter().enumerate() {
            let wall = Timestamp::from_millis(WALL + wall);
            let now = Now { moment: Moment { wall, mono: wall, entropy }, fresh_ends_at: None };
            let events = events(&monitor, wall, at as u64);
            drop(monitor.step(now, events[choice % events.len()].clone()));
            let next = monitor.next_deadline();
            prop_assert!(next.is_some_and(|next| wall < next), "due again at once: {:?}", monitor.row());
            let latest = wall.after(settings.check_every.max(Millis::from_secs(1)));
            prop_assert!(next.is_some_and(|next| next <= latest), "it sleeps: {:?}", monitor.row());
            if restart {
                monitor = Monitor::load(settings.clone(), monitor.row());
            }
        }
    }
}
