//! A service with everybody around it, in the hands of a test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    dead_code,
    missing_docs,
    unreachable_pub
)]

use everlit_core::id::{CallerId, RequestId};
use everlit_core::service::{
    Alert, Answer, Brought, Class, Effect, Event, Fingerprint, Handed, Job, Kind, Monitor, Now, Purpose,
    PushPolicy, Reply, Settings, Source, Verdict, Way, WayKind,
};
use everlit_core::time::{Millis, Moment, Timestamp};

/// A midnight by UTC.
pub const WALL: u64 = 1_789_948_800_000;
pub const MINUTE: u64 = 60;
pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 86_400;

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(WALL + seconds * 1_000)
}

/// The seconds of a time, rounded up.
pub fn seconds(at: Timestamp) -> u64 {
    at.as_millis().saturating_sub(WALL).div_ceil(1_000)
}

/// A person pastes a token each day, which ends at midnight in Mumbai.
pub fn breeze_like() -> Settings {
    Settings {
        check_every: Millis::from_secs(5 * MINUTE),
        lead: Millis::from_secs(15 * MINUTE),
        thresholds: vec![Millis::from_secs(30 * MINUTE)],
        exchange_repeatable: true,
        ..Settings::DEFAULT
    }
}
pub const BREEZE_CUTOFF: u64 = 18 * HOUR + 30 * MINUTE;

/// The provider asks a person on their phone each day, for a token that ends at half past three in Mumbai.
pub fn upstox_like() -> Settings {
    Settings {
        check_every: Millis::from_secs(30 * MINUTE),
        lead: Millis::from_secs(HOUR),
        thresholds: vec![Millis::from_secs(HOUR)],
        push: Some(PushPolicy { open_for: Millis::from_secs(DAY), times: 1 }),
        ..Settings::DEFAULT
    }
}
pub const UPSTOX_CUTOFF: u64 = 22 * HOUR;

/// Renewed without anybody.
pub fn with(way: Way) -> Settings {
    // Nothing else is asked of the provider.
    Settings { ways: vec![way], validate_every: Millis::FOREVER, ..breeze_like() }
}

pub fn way(kind: WayKind, repeatable: bool) -> Way {
    Way { kind, repeatable, every: None }
}

/// The next time of day after this one.
pub fn next_cutoff(now: u64, of_day: u64) -> u64 {
    let today = now / DAY * DAY + of_day;
    if now < today { today } else { today + DAY }
}

pub fn failed(class: Class) -> Reply {
    Reply::Failed { class, until: None }
}

pub fn brought(expires: u64) -> Brought {
    Brought { stamp: None, expires_at: Some(at(expires)), fallback_until: None, alone: false }
}

#[derive(Clone)]
pub struct Play {
    pub settings: Settings,
    pub monitor: Monitor,
    /// What the last step wanted done, in its order.
    pub done: Vec<Effect>,
    /// Which second of the day every token ends at, if all do.
    pub cutoff: Option<u64>,
    pub entropy: u32,
    /// Every alert, when it was sent first.
    pub alerts: Vec<(u64, Kind)>,
    next_caller: u64,
    /// When the last step was made.
    wall: Timestamp,
    /// The newest attempt that a test has seen.
    seen: Option<RequestId>,
}

impl Play {
    pub fn new(settings: Settings) -> Self {
        let monitor = Monitor::new(settings.clone());
        let (done, alerts) = (Vec::new(), Vec::new());
        Self {
            settings,
            monitor,
            done,
            cutoff: None,
            entropy: 0,
            alerts,
            next_caller: 0,
            wall: at(0),
            seen: None,
        }
    }

    /// A service whose token was pasted at the beginning, and lives so many seconds.
    pub fn live(settings: Settings, lives: u64) -> Self {
        let mut play = Self::new(settings);
        play.pasted(0, 1, lives);
        assert!(play.is_valid(0), "{:?}", play.done);
        play.alerts.clear();
        play
    }

    pub fn now(&self, seconds: u64) -> Now {
        let wall = at(seconds);
        let fresh_ends_at = self.cutoff.map(|cutoff| at(next_cutoff(seconds, cutoff)));
        Now { moment: Moment { wall, mono: wall, entropy: self.entropy }, fresh_ends_at }
    }

    pub fn step(&mut self, seconds: u64, event: Event) {
        let now = self.now(seconds);
        self.step_at(now, event);
        self.seen = self.monitor.attempt().map(|attempt| attempt.request);
    }

    fn step_at(&mut self, now: Now, event: Event) {
        self.wall = now.moment.wall;
        self.done = self.monitor.step(now, event).into_iter().collect();
        let seconds = seconds(now.moment.wall);
        for alert in self.monitor.alerts().iter().filter(|alert| alert.tries == 1) {
            let deliver = Effect::Deliver { alert: alert.id, kind: alert.kind, at: alert.at };
            if self.done.contains(&deliver) {
                self.alerts.push((seconds, alert.kind));
            }
        }
    }

    pub fn deadline(&mut self, seconds: u64) {
        self.step(seconds, Event::DeadlineReached);
    }

    /// The object is reset: its row stays.
    pub fn crash(&mut self) {
        self.monitor = Monitor::load(self.settings.clone(), self.monitor.row());
    }

    pub fn caller(&mut self) -> CallerId {
        self.next_caller += 1;
        CallerId(self.next_caller)
    }

    pub fn ask(&mut self, seconds: u64) -> Option<Answer> {
        self.ask_as(seconds, "orders", false)
    }

    pub fn ask_as(&mut self, seconds: u64, name: &str, reads_only: bool) -> Option<Answer> {
        let caller = self.caller();
        self.step(seconds, Event::Asked { caller, name: name.into(), reads_only, purpose: Purpose::Token });
        self.answer_to(caller)
    }

    /// For a call that is made at once.
    pub fn call_as(&mut self, seconds: u64, name: &str) -> Option<Answer> {
        let caller = self.caller();
        let event = Event::Asked { caller, name: name.into(), reads_only: false, purpose: Purpose::Call };
        self.step(seconds, event);
        self.answer_to(caller)
    }

    pub fn refresh(&mut self, seconds: u64, operator: bool) -> Option<Answer> {
        let (caller, holds) = (self.caller(), self.monitor.token().map(|token| token.stamp));
        self.step(seconds, Event::RefreshAsked { caller, name: "orders".into(), holds, operator });
        self.answer_to(caller)
    }

    pub fn answer_to(&self, caller: CallerId) -> Option<Answer> {
        self.done.iter().find_map(|effect| match effect {
            Effect::Answer { caller: answered, answer } if *answered == caller => Some(*answer),
            _ => None,
        })
    }

    /// All answers of the last step.
    pub fn answers(&self) -> Vec<Answer> {
        let answer = |effect: &Effect| match effect {
            Effect::Answer { answer, .. } => Some(*answer),
            _ => None,
        };
        self.done.iter().filter_map(answer).collect()
    }

    pub fn handed(name: u64, source: Source, expires: u64) -> Handed {
        let expires_at = Some(at(expires));
        Handed {
            name: Fingerprint(name),
            source,
            exchange: false,
            expires_at,
            fallback_until: None,
            ticket: None,
        }
    }

    /// A code, which has to be exchanged.
    pub fn code(name: u64) -> Handed {
        let name = Fingerprint(name);
        Handed {
            name,
            source: Source::LoggedIn,
            exchange: true,
            expires_at: None,
            fallback_until: None,
            ticket: None,
        }
    }

    pub fn hand_in(&mut self, seconds: u64, handed: Handed) -> Option<Verdict> {
        let caller = self.caller();
        self.step(seconds, Event::HandedIn { caller, handed });
        self.verdicts().first().copied()
    }

    pub fn paste(&mut self, seconds: u64, name: u64, lives: u64) -> Option<Verdict> {
        self.hand_in(seconds, Self::handed(name, Source::Pasted, seconds + lives))
    }

    /// Pasted, and the provider takes it. Where tokens are renewed by a refresh token that is what was pasted.
    pub fn pasted(&mut self, seconds: u64, name: u64, lives: u64) {
        if self.settings.ways.iter().any(|way| way.kind == WayKind::Refresh) {
            let handed = Handed { exchange: true, ..Self::handed(name, Source::Pasted, seconds + lives) };
            self.hand_in(seconds, handed);
            assert_eq!(self.jobs(), [Job::Exchange(Fingerprint(name))]);
            return self.reply(seconds, Reply::Renewed(brought(seconds + lives)));
        }
        self.paste(seconds, name, lives);
        assert_eq!(self.jobs(), [Job::Prove(Fingerprint(name))]);
        self.reply(seconds, Reply::Valid);
    }

    pub fn verdicts(&self) -> Vec<Verdict> {
        let verdict = |effect: &Effect| match effect {
            Effect::Tell { verdict, .. } => Some(*verdict),
            _ => None,
        };
        self.done.iter().filter_map(verdict).collect()
    }

    /// What the last step began.
    pub fn jobs(&self) -> Vec<Job> {
        let job = |effect: &Effect| match effect {
            Effect::Attempt { job, .. } => Some(*job),
            _ => None,
        };
        self.done.iter().filter_map(job).collect()
    }

    pub fn request(&self) -> RequestId {
        self.monitor.attempt().expect("an attempt is under way").request
    }

    /// The attempt that is under way ends.
    pub fn reply(&mut self, seconds: u64, reply: Reply) {
        let request = self.request();
        self.step(seconds, Event::AttemptAnswered { request, reply });
    }

    pub fn is_valid(&self, seconds: u64) -> bool {
        matches!(self.monitor.peek(at(seconds), false), Answer::Token { .. })
    }

    /// What was alerted, by name.
    pub fn said(&self) -> Vec<&'static str> {
        self.alerts.iter().map(|(_, kind)| kind.as_str()).collect()
    }

    pub fn next(&self) -> u64 {
        seconds(self.monitor.next_deadline().expect("there is a next check"))
    }

    /// Lets time pass until then: alerts are taken at once, attempts are answered by `provider`, if it answers. What was begun, and when.
    pub fn pass(
        &mut self,
        until: u64,
        mut provider: impl FnMut(u64, Job) -> Option<Reply>,
    ) -> Vec<(u64, Job)> {
        let mut begun = Vec::new();
        self.serve(&mut provider, &mut begun);
        for _ in 0..1_000_000 {
            // One that has passed rings now.
            let next = self.monitor.next_deadline().expect("there is a next check").max(self.wall);
            if at(until) < next {
                return begun;
            }
            // To the millisecond, as an alarm would be.
            let now = Now {
                moment: Moment { wall: next, mono: next, entropy: self.entropy },
                ..self.now(seconds(next))
            };
            self.step_at(now, Event::DeadlineReached);
            let after = self.monitor.next_deadline().expect("there is a next check");
            assert!(next < after, "{next:?} is due again at once: {:?}", self.monitor.row());
            self.serve(&mut provider, &mut begun);
        }
        panic!("it spins: {:?}", self.monitor.row());
    }

    fn serve(&mut self, provider: &mut impl FnMut(u64, Job) -> Option<Reply>, begun: &mut Vec<(u64, Job)>) {
        let (wall, seconds) = (self.wall, seconds(self.wall));
        let now = Now { moment: Moment { wall, mono: wall, entropy: self.entropy }, ..self.now(seconds) };
        // One leads to another.
        for _ in 0..10 {
            let alerts: Vec<Alert> = self.monitor.alerts().to_vec();
            for alert in alerts {
                let taken = Event::AlertAnswered { alert: alert.id, settled: true, retry_after: None };
                self.step_at(now, taken);
            }
            let Some(attempt) = self.monitor.attempt().copied() else { return };
            if self.seen != Some(attempt.request) {
                self.seen = Some(attempt.request);
                begun.push((seconds, attempt.job));
            }
            let Some(reply) = provider(seconds, attempt.job) else { return };
            self.step_at(now, Event::AttemptAnswered { request: attempt.request, reply });
        }
    }
}
