//! Logins: by the form, once more, and silently.

use everlit_core::tab::{ReloginAnswer, Way};
use everlit_core::time::Millis;
use everlit_core::vault::Status;

use super::World;
use crate::authorization_server::Mood;
use crate::front::reply_to;
use crate::happening::{Happening, Reply, Sender};
use crate::plan::Kind;

impl World {
    pub(crate) fn log_in(&mut self) {
        let (number, grant) = self.server.log_in(self.stage.now);
        self.stage.laws.user_active(self.stage.now);
        let Self { stage, server, worker, browser, .. } = self;
        // A session that its user logs in to again is renewed; only one that is over makes way for another.
        if let Some(object) = browser.cookie
            && worker.renew(stage, server, object, number, grant.clone(), false)
        {
            return;
        }
        let (object, login) = worker.log_in(stage, server, number, grant);
        browser.cookie = Some(object);
        self.last_login = Some((object, login));
        if self.storming && self.stage.chance.permille(200) {
            let wait = self.stage.chance.between(0, 120_000);
            self.repeat_login(wait);
        }
    }

    /// The callback of the newest login is delivered once more.
    pub fn repeat_login(&mut self, wait: Millis) {
        if let Some((object, login)) = self.last_login.clone() {
            self.stage.plan(wait, Happening::LoginRepeated { object, login });
        }
    }

    pub(super) fn login_returns(&mut self, tab: usize, logged_in: bool) {
        if self.browser.clock.is_asleep() {
            self.stage.plan(Millis::from_secs(1), Happening::LoginReturns { tab, logged_in });
            return;
        }
        if logged_in && (self.plan.kind == Kind::Month || self.server.mood == Mood::Well) {
            self.count_form();
            self.log_in();
        }
        self.browser.open(&mut self.stage, tab);
    }

    /// The authorization server is asked whether it still knows the user.
    fn log_in_silently(&mut self, object: Option<usize>, way: Way) -> ReloginAnswer {
        let Self { stage, server, worker, .. } = self;
        let fails = match server.mood {
            Mood::Well | Mood::SickAfterwards | Mood::Garbled | Mood::Throttling { .. } => false,
            Mood::Sick | Mood::Estranged => true,
            Mood::Overloaded => stage.chance.permille(500),
        };
        let Some(object) = object.filter(|_| !fails) else { return ReloginAnswer::Failed };
        let waits = worker.row(object).is_some_and(|row| matches!(row.status, Status::ReauthRequired(_)));
        match server.log_in_silently(stage.now) {
            Some((number, grant)) => {
                if !worker.renew(stage, server, object, number, grant, true) {
                    return ReloginAnswer::Failed;
                }
                stage.tally.silent_relogins = stage.tally.silent_relogins.saturating_add(u64::from(waits));
                ReloginAnswer::Done
            }
            None => {
                worker.silent_refused(stage, server, object, way != Way::Frame);
                ReloginAnswer::Refused
            }
        }
    }

    /// A frame or a popup reaches the end of its way.
    pub(super) fn relogin_asked(&mut self, sender: Sender, way: Way) {
        let answer = self.log_in_silently(sender.session, way);
        reply_to(&mut self.stage, sender, Reply::Relogin(answer));
    }

    /// A page comes back that left for a silent re-login.
    pub(super) fn redirected(&mut self, tab: usize) {
        if self.browser.clock.is_asleep() {
            self.stage.plan(Millis::from_secs(60), Happening::Redirected { tab });
            return;
        }
        let answer = self.log_in_silently(self.browser.cookie, Way::Redirect);
        if let (ReloginAnswer::Failed, Some(object)) = (answer, self.browser.cookie) {
            // The page that comes back knows nothing of it, and must not leave again.
            let Self { stage, server, worker, .. } = self;
            worker.silent_refused(stage, server, object, true);
        }
        self.browser.open(&mut self.stage, tab);
    }
}
