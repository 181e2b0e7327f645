//! What a turn leaves to do, once everything is written: requests first, then answers, then what is told.

use std::future::Future;
use std::rc::Rc;

use everlit_core::id::CallerId;
use everlit_core::service::{AlertId, Effect, Event, Job, Kind, Line, RevocationId, Verdict};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::service::status;
use everlit_runtime::{background, clock, log};
use futures_channel::oneshot;
use serde_json::Value;

use super::attempt::Errand;
use super::loaded::Brings;
use super::revoking::Revoking;
use super::turn::{Said, Turns};
use crate::alerts;
use crate::backup::client::BackupClient;

/// All that is kept, sealed, by its names.
type Contents = Vec<(String, String)>;

impl Turns {
    /// Carries out what is left of a turn.
    pub(super) fn carry_out(self: &Rc<Self>, effects: Vec<Effect>) {
        let mut is_written = false;
        for effect in effects {
            match effect {
                Effect::Attempt { request, job } => self.attempt(request, job),
                Effect::Deliver { alert, kind, at } => self.deliver(alert, kind, at),
                Effect::Revoke { revocation } => self.revoke(revocation),
                Effect::Answer { caller, answer } => self.say(caller, Said::Answer(answer)),
                Effect::Tell { caller, verdict } => self.say(caller, Said::Verdict(verdict)),
                Effect::Log(line) => self.write(line),
                // Done, before anything else.
                Effect::Keep { .. }
                | Effect::SetAside { .. }
                | Effect::Adopt { .. }
                | Effect::Drop { .. }
                | Effect::Forget { .. }
                | Effect::Persist => {
                    is_written = true;
                }
            }
        }
        if is_written {
            self.copy();
        }
    }

    fn say(&self, caller: CallerId, said: Said) {
        let sender = self.memory.borrow_mut().waiting.remove(&caller);
        if let Some(sender) = sender {
            // A caller that has hung up hears nothing.
            sender.send(said).ok();
        }
    }

    fn attempt(self: &Rc<Self>, request: everlit_core::id::RequestId, job: Job) {
        let Ok(errand) = self.look(|loaded| Errand::of(loaded, job)) else { return };
        let turns = Rc::clone(self);
        self.start(async move {
            let (reply, brings) = errand.run().await;
            // What it brought may be the only one of its kind: another turn that failed meanwhile, or this one, does not lose it.
            for wait in [0, 100, 1_000, 5_000] {
                clock::pause(Millis::from_millis(wait)).await;
                let event = Event::AttemptAnswered { request, reply };
                if turns.ready(None).await.and_then(|()| turns.turn(event, &brings)).is_ok() {
                    return;
                }
            }
            log::line("service_answer_lost", []);
        });
    }

    fn deliver(self: &Rc<Self>, alert: AlertId, kind: Kind, at: Timestamp) {
        // It is on its way already, and its answer comes.
        if self.memory.borrow().telling.contains(&alert) {
            return;
        }
        let telling = self.look(|loaded| {
            let told = loaded.told().into_iter().find(|(id, _)| *id == alert.0);
            alerts::Telling::of(loaded, alert, kind, at, told.map(|(_, taken)| taken).unwrap_or_default())
        });
        let Ok(Ok(telling)) = telling else { return };
        self.memory.borrow_mut().telling.push(alert);
        let turns = Rc::clone(self);
        self.start(async move {
            let alerts::Outcome { settled, taken, retry_after } = telling.deliver().await;
            turns.memory.borrow_mut().telling.retain(|known| *known != alert);
            let taken = (!settled).then_some(taken);
            turns.look(|loaded| loaded.keep_told(alert.0, taken)).ok();
            turns.turn(Event::AlertAnswered { alert, settled, retry_after }, &Brings::Nothing).ok();
        });
    }

    fn revoke(self: &Rc<Self>, revocation: RevocationId) {
        // It is on its way already, and its answer comes.
        if self.memory.borrow().revoking.contains(&revocation) {
            return;
        }
        // What cannot be read now is tried again.
        let Ok(Ok(revoking)) = self.look(|loaded| Revoking::of(loaded, revocation)) else { return };
        self.memory.borrow_mut().revoking.push(revocation);
        let turns = Rc::clone(self);
        // No alarm stays for it: the next one is for what somebody waits for, and what is lost with the object is tried again.
        background::start(&self.state, async move {
            let answer = revoking.run().await;
            turns.memory.borrow_mut().revoking.retain(|known| *known != revocation);
            let event = Event::RevocationAnswered { revocation, answer };
            // What is not written down is tried again.
            turns.ready(None).await.and_then(|()| turns.turn(event, &Brings::Nothing)).ok();
        });
    }

    /// Copies what is kept to the other object, one copy at a time. One that fails is made with the next turn.
    fn copy(self: &Rc<Self>) {
        let mut memory = self.memory.borrow_mut();
        memory.is_ahead = true;
        if std::mem::replace(&mut memory.is_copying, true) {
            return;
        }
        drop(memory);
        let turns = Rc::clone(self);
        self.start(async move {
            while std::mem::replace(&mut turns.memory.borrow_mut().is_ahead, false) {
                let Some((service, number, kept)) = turns.snapshot() else { break };
                let Ok(newest) = BackupClient::of(&turns.env, &service).keep(number, kept).await else {
                    log::line("backup_late", [("service", service.as_ref().into())]);
                    break;
                };
                if newest > number {
                    // The clock was set back while this object was not in memory: the next one is newer than that.
                    let mut memory = turns.memory.borrow_mut();
                    (memory.copied, memory.is_ahead) = (newest, true);
                }
            }
            turns.memory.borrow_mut().is_copying = false;
        });
    }

    /// The service, the number of the copy, and what is in it.
    fn snapshot(&self) -> Option<(Rc<str>, u64, Contents)> {
        let mut memory = self.memory.borrow_mut();
        // The clock may have been set back since the last one.
        let number = clock::now().as_millis().max(memory.copied.saturating_add(1));
        memory.copied = number;
        let loaded = memory.loaded.as_ref()?;
        Some((Rc::clone(&loaded.service), number, loaded.kept.all().ok()?))
    }

    fn start(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let (done, rest) = oneshot::channel::<()>();
        if let Some(rests) = &mut self.memory.borrow_mut().rests {
            rests.push(rest);
        }
        background::start(&self.state, async move {
            work.await;
            drop(done);
        });
    }

    /// One line of the log. What was handed in is not named, not even by its digest.
    fn write(&self, line: Line) {
        let Ok(service) = self.look(|loaded| Value::from(loaded.service.as_ref())) else { return };
        let left = |left: Option<Millis>| -> Value {
            left.map_or(Value::Null, |left| (left.as_millis() / 1_000).into())
        };
        match line {
            Line::Checked { word, left: time } => log::line(
                "service_checked",
                [("service", service), ("status", word.as_str().into()), ("left_s", left(time))],
            ),
            Line::Attempted { job, number, of, failed, left: time } => log::line(
                "service_attempted",
                [
                    ("service", service),
                    ("job", status::job(job).into()),
                    ("number", number.into()),
                    ("of", of.into()),
                    ("outcome", failed.map_or("ok", |class| class.as_str()).into()),
                    ("left_s", left(time)),
                ],
            ),
            Line::Ended { class, .. } => log::line(
                "service_ended",
                [("service", service), ("by", class.map_or("plan", |class| class.as_str()).into())],
            ),
            Line::Judged { verdict, .. } => {
                let class = match verdict {
                    Verdict::Refused(class) => Value::from(class.as_str()),
                    Verdict::Accepted(_)
                    | Verdict::Over
                    | Verdict::Foreign
                    | Verdict::Lost
                    | Verdict::Unproven
                    | Verdict::Late
                    | Verdict::Busy => Value::Null,
                };
                log::line(
                    "service_judged",
                    [("service", service), ("verdict", verdict.as_str().into()), ("class", class)],
                );
            }
            Line::LoggedOut { told } => {
                log::line("service_logged_out", [("service", service), ("told", told.into())]);
            }
            Line::Revoked { outcome, .. } => {
                log::line("service_revoked", [("service", service), ("outcome", outcome.as_str().into())]);
            }
            Line::AlertGivenUp { .. } => log::line("alert_given_up", [("service", service)]),
        }
    }
}
