//! The monitor of a service: what a service vault has beside the [vault machine](crate::vault), as no browser is open to ask for anything.
//!
//! A *service* is an account of the operator's that the whole app uses: one broker, one API. The monitor looks after its token day and
//! night: it checks, asks the provider within its call budget, has the token renewed ahead of its end, warns and calls a person where
//! only a person can renew, takes what they hand in, answers callers, and says all that once.
//!
//! # Beside the vault
//!
//! The vault machine keeps the tokens and answers *may the refresh token be spent now?* The monitor answers *is a new token wanted, and
//! who can bring it?* It holds no secret: a token is a [`Stamp`], what was handed in is a [`Fingerprint`], and the driver keeps both,
//! sealed, beside the row. Where a provider has a refresh grant, [`Job::Renew`] of [`WayKind::Refresh`] is a question to the vault of the
//! same object, with its intent, its escrow and its grace; what the vault made of it comes back as the answer to that attempt, with the
//! vault's stamp, and what it did without being asked as [`Event::Moved`] and [`Event::GrantEnded`]. For every other way the attempt is
//! one request to the provider, and the new token is named here. There is one order of tokens for both: epoch, then generation, and what
//! is not newer is dropped.
//!
//! # What it promises
//!
//! - One attempt is under way at a time, whatever it is at, and it is written down before it is made. Attempts come in rounds, with
//!   growing pauses; after a round nothing is tried before the next check.
//! - A planned end only hides a token. What ends it is the provider's word, and a provider whose word could mean anything says so twice.
//! - What is handed in is proven before it takes the place of a token, and counts once however often it is delivered.
//! - A person is called once for each token that they have to replace, and where the provider asks them by itself, once for each too.
//! - A caller gets the token while there is one, also while another is being had. Else it is told why there is none and when to come
//!   again, after it has waited a moment where that can help.
//! - Whatever waits for a provider's hour or an operator says so, and does not try.
//! - A logout is final: nothing that is under way brings the session back, and what it left at the provider is revoked, also a token that
//!   comes too late ([`Revocations`]).
//!
//! # After a restart
//!
//! The row holds the attempt that was under way. Its answer is taken if it still comes. If it does not come in time, it counts by
//! what it was at:
//!
//! | the attempt was at | and | then |
//! |---|---|---|
//! | exchanging a code | it is good for one exchange | it is lost, is never sent again, and whoever handed it in is told |
//! | exchanging what may be exchanged again, or proving, or validating | | it is made again, as the next of its round |
//! | renewing | that may be repeated | it is made again, as the next of its round |
//! | renewing | that may not | the provider is asked about the token first |
//! | having a person asked | | they may have been asked, and are not asked twice |
//!
//! Who waits for an answer is in memory alone, and counts of use that no row has taken along yet: of tokens those of a minute at most, of
//! calls those of the time between two checks.
//!
//! ```
//! use everlit_core::id::CallerId;
//! use everlit_core::service::{
//!     Answer, Effect, Event, Fingerprint, Handed, Monitor, Now, Reply, Settings, Source, Verdict, Word,
//! };
//! use everlit_core::time::{Millis, Moment, Timestamp};
//!
//! let midnight = Timestamp::from_millis(1_790_000_000_000);
//! let at = |wall| Now { moment: Moment { wall, mono: wall, entropy: 7 }, fresh_ends_at: Some(midnight) };
//! let morning = midnight.before(Millis::from_secs(15 * 3_600));
//! let mut broker = Monitor::new(Settings::default());
//!
//! // Somebody pastes this day's token: the provider is asked before it counts.
//! let handed = Handed {
//!     name: Fingerprint(1),
//!     source: Source::Pasted,
//!     exchange: false,
//!     expires_at: Some(midnight),
//!     fallback_until: None,
//!     ticket: None,
//! };
//! let effects = broker.step(at(morning), Event::HandedIn { caller: CallerId(1), handed });
//! let request = effects.iter().find_map(|effect| match effect {
//!     Effect::Attempt { request, .. } => Some(*request),
//!     _ => None,
//! });
//! let proven = Event::AttemptAnswered { request: request.unwrap(), reply: Reply::Valid };
//! let effects = broker.step(at(morning), proven);
//! assert!(effects.iter().any(|effect| matches!(effect, Effect::Tell { verdict: Verdict::Accepted(_), .. })));
//! assert!(matches!(broker.peek(morning, false), Answer::Token { .. }));
//!
//! // At the cutoff there is none, and a person is called.
//! let _ = broker.step(at(midnight), Event::DeadlineReached);
//! assert!(matches!(broker.peek(midnight, false), Answer::None { .. }));
//! assert_eq!(broker.word(midnight), Word::NeedsHuman);
//! ```

mod asks;
mod budget;
mod class;
mod clock;
mod doubt;
mod effect;
mod event;
mod hands;
mod human;
mod outbox;
mod people;
mod renewal;
mod revocation;
mod round;
mod row;
mod settings;
mod status;
mod token;
mod turn;
mod users;

use alloc::vec::Vec;

pub use budget::{Budget, Spent};
pub use class::Class;
pub use doubt::{Doubt, DoubtCause, Validated};
pub use effect::{Absence, Answer, Effect, Effects, Line, Origin};
pub use event::{Brought, Event, Reply, RevocationAnswer};
pub use human::{Need, Push, Told, Want};
pub use outbox::{Alert, AlertId, Kind, Outbox};
pub use people::Person;
pub use renewal::{Closed, Record, Renewal};
pub use revocation::{Leftover, Outcome, Revocation, RevocationId, Revocations, Revoked, Stray};
pub use round::{Attempt, Job, Round};
pub use row::Row;
pub use settings::{PushPolicy, Settings, Way, WayKind};
pub use status::{Automatic, Status, Word};
pub use token::{Death, Fallback, Fingerprint, Hand, Handed, Source, Token, Verdict};
pub use turn::Now;
pub use users::{Purpose, User};

use crate::id::{Epoch, Generation, RequestId, Stamp};
use crate::time::{Millis, Timestamp};
use asks::Waiter;
use hands::Hander;
use people::People;
use turn::Turn;
use users::Users;

/// An attempt has this long at least to come to an end.
const ANSWER_MIN: Millis = Millis::from_secs(1);

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    settings: Settings,
    /// All that is written down, but for the users.
    row: Row,
    users: Users,
    /// From here on: in memory alone.
    people: People,
    waiters: Vec<Waiter>,
    handers: Vec<Hander>,
}

impl Monitor {
    /// A service that nobody has handed a token to.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let version = settings.version;
        Self::load(settings, Row { version, ..Row::default() })
    }

    /// A service as its row left it. What is under way may still be answered.
    #[must_use]
    pub fn load(settings: Settings, row: Row) -> Self {
        let mut row = row;
        let users = Users::load(core::mem::take(&mut row.users));
        if row.version != settings.version {
            // An operator has changed something: what waited for that is tried again.
            row.version = settings.version;
            row.closed.retain(|closed| closed.class != Class::ClientMisconfigured);
            row.renewal.restart();
            // There may be no such way any more, and at the next check there is another.
            row.next_check_at = Timestamp::default();
        }
        Self { settings, row, users, people: People::default(), waiters: Vec::new(), handers: Vec::new() }
    }

    /// A service as a copy of its row left it, of which nobody knows how old it is: what came after it is lost, tokens and their names as
    /// well. The next token is newer than any that was ever given, and the provider is asked about the one there is.
    #[must_use]
    pub fn restored(settings: Settings, row: Row, now: Timestamp) -> Self {
        let mut machine = Self::load(settings, row);
        let row = &mut machine.row;
        let epoch = row.newest.epoch.max(Epoch(now.as_millis()));
        row.newest = Stamp { epoch, generation: Generation::FIRST };
        // Nothing of it is known: what was begun may have come to an end, and what was asked for may have been answered.
        (row.attempt, row.unheard, row.push) = (None, None, None);
        if row.token.is_some_and(|token| !token.is_over()) {
            let round = Round::at(now);
            if machine.settings.validates {
                row.doubt = Some(Doubt { cause: DoubtCause::Ambiguous, round, ambiguous: 0 });
            } else {
                row.renewal = Renewal { begun: true, round, ..Renewal::default() };
            }
        }
        row.next_check_at = Timestamp::default();
        // What can be used once may have been used. All else that was handed in is tried anew.
        let (spent, kept): (Vec<Hand>, Vec<Hand>) =
            core::mem::take(&mut machine.row.hands).into_iter().partition(|hand| machine.is_spent(hand));
        machine.row.judged.extend(spent.into_iter().map(|hand| (hand.name, Verdict::Lost)));
        machine.row.hands = kept.into_iter().map(|hand| Hand { round: Round::at(now), ..hand }).collect();
        machine
    }

    /// What to write down: all of the machine but those who wait.
    #[must_use]
    pub fn row(&self) -> Row {
        Row { users: self.users.all(), ..self.row.clone() }
    }

    /// Whether anybody waits for an answer, and for how long at most.
    #[must_use]
    pub fn waited_for_until(&self) -> Option<Timestamp> {
        self.waits_until()
    }

    /// The question to a person that is open: what an approval of it names, and until when it may come. One that was open at a logout is
    /// among them, as its approval brings a token that must not live on.
    #[must_use]
    pub fn open_push(&self) -> Option<(RequestId, Option<Timestamp>)> {
        let strays = self.row.strays.iter().filter(|stray| stray.job == Job::AskPush);
        let stray = strays.map(|stray| (stray.request, Some(stray.until))).next_back();
        self.row.push.map(|push| (push.first, push.until)).or(stray)
    }

    /// The newest token there ever was, whatever became of it.
    #[must_use]
    pub const fn newest(&self) -> Stamp {
        self.row.newest
    }

    /// The token in use, also when it is over.
    #[must_use]
    pub const fn token(&self) -> Option<&Token> {
        self.row.token.as_ref()
    }

    /// The attempt that is under way.
    #[must_use]
    pub const fn attempt(&self) -> Option<&Attempt> {
        self.row.attempt.as_ref()
    }

    /// Alerts that nobody has taken yet.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        self.row.outbox.alerts()
    }

    /// The next time at which something is due with no event before it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        [self.waits_until(), self.next_alarm()].into_iter().flatten().min()
    }

    /// The part of [`Monitor::next_deadline`] that must survive a restart. Those who wait do not, so their limits are not in it: a
    /// driver keeps these with a timer that lives as long as they do.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Timestamp> {
        let row = &self.row;
        let lapses_at = row.token.filter(|token| !token.is_over()).and_then(|token| token.expires_at);
        let under_way = self.hand_under_way();
        let waiting = row.hands.iter().filter(|hand| Some(hand.name) != under_way);
        let hand_ends_at = waiting.filter_map(|hand| hand.expires_at).min();
        let next = match self.gives_up_at() {
            Some(until) => Some(until),
            None => self.next_attempt_at(),
        };
        let told_at = [row.outbox.due_at(), row.revocations.due_at()].into_iter().flatten().min();
        [Some(row.next_check_at), lapses_at, hand_ends_at, next, self.human_due_at(), told_at]
            .into_iter()
            .flatten()
            .min()
            .filter(|at| *at < Timestamp::NEVER)
    }

    /// When the attempt that is under way is given up.
    fn gives_up_at(&self) -> Option<Timestamp> {
        let attempt = self.row.attempt?;
        Some(attempt.begun_at.after(self.settings.answer_within.max(ANSWER_MIN)))
    }

    /// When the next attempt is made, with none under way.
    fn next_attempt_at(&self) -> Option<Timestamp> {
        let hands = self.row.hands.iter().filter_map(|hand| hand.round.next_at).min();
        let doubt = self.row.doubt.and_then(|doubt| doubt.round.next_at);
        let next = [hands, doubt, self.renewal_next_at(), self.push_next_at()].into_iter().flatten().min();
        next.map(|next| next.max(self.row.hold_until))
    }

    /// Takes one event and says what to do.
    ///
    /// Total: every event is accepted in every state. An answer that nobody waits for any more changes nothing, and a token that was
    /// ended is never given again.
    pub fn step(&mut self, now: Now, event: Event) -> Effects {
        let mut turn = Turn::begin(now);
        let before = self.row.clone();
        self.mend_clock(turn.now);
        self.take(&mut turn, event);
        self.settle(&mut turn);
        if self.row != before || self.users.is_worth_a_row() {
            self.users.written(turn.now);
            turn.push(Effect::Persist);
        }
        turn.end()
    }

    fn take(&mut self, turn: &mut Turn, event: Event) {
        match event {
            Event::Asked { caller, name, reads_only, purpose } => {
                self.asked(turn, caller, name, reads_only, purpose);
            }
            Event::RefreshAsked { caller, name, holds, operator } => {
                self.refresh_asked(turn, caller, name, holds, operator);
            }
            Event::PersonAsked { caller, person, reads_only, forces, doubts } => {
                self.person_asked(turn, caller, person, reads_only, forces, doubts);
            }
            Event::FellBack => self.fell_back(turn),
            Event::HandedIn { caller, handed } => self.handed_in(turn, caller, handed),
            Event::AttemptAnswered { request, reply } => self.attempt_answered(turn, request, reply),
            Event::CallAnswered { stamp, read_only, class, until } => {
                self.call_answered(turn, stamp, read_only, class, until);
            }
            // A vault that has not heard of a logout brings nothing back.
            Event::Moved(_) if self.row.token.is_some_and(|token| token.was_logged_out()) => {}
            Event::Moved(brought) => {
                let source = Source::Automatic(WayKind::Refresh);
                self.adopt(turn, source, None, Origin::Vault, brought, 0);
            }
            Event::GrantEnded => self.grant_ended(turn),
            Event::LoggedOut => self.logged_out(turn),
            Event::AlertAnswered { alert, settled, retry_after } => {
                self.row.outbox.answered(turn, alert, settled, retry_after);
            }
            Event::RevocationAnswered { revocation, answer } => {
                self.row.revocations.answered(turn, revocation, answer);
            }
            Event::DeadlineReached => {}
        }
    }

    /// Every step ends here: all that is due by now is done, so that nothing is due any more.
    fn settle(&mut self, turn: &mut Turn) {
        self.give_up_attempt(turn);
        self.lapse(turn);
        self.drop_old_hands(turn);
        self.drop_old_strays(turn.now);
        let at_check = self.row.next_check_at <= turn.now;
        if at_check {
            self.row.checked_at = turn.now;
            self.row.next_check_at = turn.now.after(self.settings.check_every());
            self.validate_routinely(turn);
        }
        self.begin_renewal(turn, at_check);
        self.look_for_human(turn);
        self.begin_attempt(turn);
        self.row.outbox.pursue(turn);
        self.row.revocations.pursue(turn);
        if at_check {
            turn.log(Line::Checked { word: self.word(turn.now), left: self.left(turn.now) });
        }
        self.tell_late(turn);
        self.answer_waiters(turn);
    }

    /// Begins what is due, if nothing else is under way: people first, who wait for it.
    fn begin_attempt(&mut self, turn: &mut Turn) {
        let now = turn.now;
        if self.row.attempt.is_some() || now < self.row.hold_until {
            return;
        }
        let Some((job, number)) = self.next_job(now) else { return };
        let request = self.row.next_request;
        self.row.next_request = request.next();
        let of = self.row.newest;
        self.row.attempt = Some(Attempt { request, job, number, of, begun_at: now });
        turn.push(Effect::Attempt { request, job });
    }

    /// What is due, and which attempt of its round that is.
    fn next_job(&mut self, now: Timestamp) -> Option<(Job, u32)> {
        let way = self.usable_way();
        let row = &mut self.row;
        if let Some(hand) = row.hands.iter_mut().find(|hand| hand.round.is_due(now)) {
            hand.round.begin();
            let job = if hand.exchange { Job::Exchange(hand.name) } else { Job::Prove(hand.name) };
            if !hand.exchange {
                // They wait for it, whatever is left of the budget.
                let _over = row.spent.admit(&self.settings.budget, now);
            }
            return Some((job, hand.round.made));
        }
        if let Some(way) = way.filter(|_| row.renewal.round.is_due(now)) {
            row.renewal.round.begin();
            return Some((Job::Renew(way.kind), row.renewal.round.made));
        }
        if let Some(push) = row.push.as_mut().filter(|push| push.round.is_due(now) && row.hands.is_empty()) {
            push.round.begin();
            return Some((Job::AskPush, push.round.made));
        }
        let (stamp, doubt) = (row.token?.stamp, row.doubt.as_mut().filter(|doubt| doubt.round.is_due(now))?);
        if let Err(wait) = row.spent.admit(&self.settings.budget, now) {
            if doubt.cause == DoubtCause::Routine {
                row.doubt = None;
            } else {
                doubt.round.next_at = Some(now.after(wait));
            }
            return None;
        }
        doubt.round.begin();
        row.asked_at = now;
        Some((Job::Validate(stamp), doubt.round.made))
    }

    fn attempt_answered(&mut self, turn: &mut Turn, request: RequestId, reply: Reply) {
        if let Some(attempt) = self.row.attempt.take_if(|attempt| attempt.request == request) {
            self.ended(turn, attempt, reply);
        } else if let Some(attempt) = self.row.unheard.filter(|attempt| attempt.request == request)
            && let Reply::Renewed(brought) = reply
        {
            // It had been sent, and was answered after all. No other token has come since.
            self.row.unheard = None;
            let from = Origin::Attempt(request);
            match attempt.job {
                Job::Exchange(name) => self.hand_late(turn, name, from, brought),
                Job::Renew(kind) => {
                    self.adopt(turn, Source::Automatic(kind), None, from, brought, attempt.number);
                }
                Job::Prove(_) | Job::Validate(_) | Job::AskPush => {}
            }
        } else {
            self.stray_answered(turn, request, reply);
        }
    }

    /// Nobody has said in time what came of the attempt that is under way: see the table above.
    fn give_up_attempt(&mut self, turn: &mut Turn) {
        if self.gives_up_at().is_some_and(|until| until <= turn.now)
            && let Some(attempt) = self.row.attempt.take()
        {
            if matches!(attempt.job, Job::Exchange(_) | Job::Renew(_)) {
                self.row.unheard = Some(attempt);
            }
            let reply = Reply::Failed { class: Class::OutcomeUnknown, until: None };
            self.ended(turn, attempt, reply);
        }
    }

    fn ended(&mut self, turn: &mut Turn, attempt: Attempt, reply: Reply) {
        let Attempt { request, job, number, of: stamp, .. } = attempt;
        let failed = match reply {
            Reply::Renewed(_) | Reply::Extended { .. } | Reply::Valid | Reply::PushSent { .. } => None,
            Reply::Foreign => Some(Class::WrongToken),
            Reply::Failed { class, .. } => Some(class),
            Reply::Unsent => Some(Class::Transient),
        };
        self.row.trouble = failed;
        let from = Origin::Attempt(request);
        match job {
            Job::Exchange(name) => {
                self.hand_answered(turn, name, true, from, reply);
                self.revoke_foreign(turn, request, reply);
            }
            Job::Prove(name) => self.hand_answered(turn, name, false, from, reply),
            Job::Validate(stamp) => self.validated(turn, stamp, reply),
            // What is said of a token that was replaced meanwhile says nothing of its successor.
            Job::Renew(_) | Job::AskPush if stamp != self.row.newest => self.outrun(turn, from, reply),
            Job::Renew(kind) => self.renewal_answered(turn, kind, from, reply),
            Job::AskPush => self.push_answered(turn, reply),
        }
        let (of, left) = (self.settings.attempts, self.left(turn.now));
        turn.log(Line::Attempted { job, number, of, failed, left });
    }

    /// Another token came while this attempt was under way. Only a vault can say that its own is newer still.
    fn outrun(&mut self, turn: &mut Turn, from: Origin, reply: Reply) {
        if let Reply::Renewed(brought @ Brought { stamp: Some(_), .. }) = reply {
            self.adopt(turn, Source::Automatic(WayKind::Refresh), None, from, brought, 1);
        }
    }

    /// What the provider said to somebody who used a token from here.
    fn call_answered(
        &mut self,
        turn: &mut Turn,
        stamp: Stamp,
        read_only: bool,
        class: Class,
        until: Option<Timestamp>,
    ) {
        let ends = matches!(class, Class::AccessExpired | Class::ReauthRequired);
        if matches!(class, Class::RateLimited) {
            self.hold_by_call(turn, until);
        } else if read_only {
            if ends {
                self.row.fallback = self.row.fallback.filter(|fallback| fallback.stamp != stamp);
            }
        } else if self.row.token.is_some_and(|token| token.stamp == stamp) {
            if ends {
                self.die(turn, Some(class));
            } else if class == Class::Ambiguous {
                self.doubt(turn, DoubtCause::Ambiguous);
            }
        }
    }

    fn grant_ended(&mut self, turn: &mut Turn) {
        let is_refresh = |kind: WayKind| kind == WayKind::Refresh;
        let known = self.row.closed.iter().any(|closed| is_refresh(closed.kind));
        if !known && self.row.token.is_some() && self.settings.ways.iter().any(|way| is_refresh(way.kind)) {
            self.close(turn, WayKind::Refresh, Class::ReauthRequired);
            self.say_failed(turn, Class::ReauthRequired);
        }
    }

    /// Nothing that is under way brings it back, and nothing renews it until a person comes. What is left of it is revoked.
    fn logged_out(&mut self, turn: &mut Turn) {
        let told = self.revoke_session(turn);
        turn.log(Line::LoggedOut { told });
        for hand in self.row.hands.clone() {
            // What may have been used is not to be used again, whoever hands it in.
            let verdict = if self.is_spent(&hand) { Verdict::Lost } else { Verdict::Late };
            self.judge(turn, hand.name, verdict);
        }
        (self.row.attempt, self.row.unheard, self.row.push, self.row.fallback) = (None, None, None, None);
        // Also one that is misconfigured: with another configuration it would be tried again.
        let close = |way: &Way| Closed { kind: way.kind, class: Class::ReauthRequired };
        self.row.closed = self.settings.ways.iter().map(close).collect();
        self.row.renewal = Renewal::default();
        if let Some(need) = &mut self.row.need {
            // Nor is anybody asked to undo it.
            need.want = Want::LoggedOut;
        }
        self.die(turn, None);
        if let Some(death) = self.row.token.as_mut().and_then(|token| token.dead.as_mut()) {
            // Also where the provider was quicker: its word would have a person asked.
            death.class = None;
        }
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        self.row.token.is_some_and(|token| token.is_valid(now))
    }

    fn is_renewing(&self) -> bool {
        self.row.attempt.is_some_and(|attempt| matches!(attempt.job, Job::Renew(_)))
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.row.token.and_then(|token| token.expires_at)
    }

    /// How long the token is planned to live, while it does.
    fn left(&self, now: Timestamp) -> Option<Millis> {
        self.row.token.filter(|token| token.is_valid(now))?.expires_at.map(|expires_at| now.until(expires_at))
    }
}
